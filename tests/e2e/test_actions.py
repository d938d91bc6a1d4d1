"""What the deployed stack does to an image, and what it cannot do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws import images

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded

# Service Authorization Reference, "Actions defined by Amazon ECR": every access level but Read and List.
WRITES = (
    "Put",
    "Batch",
    "Create",
    "Delete",
    "Complete",
    "Initiate",
    "Set",
    "Start",
    "Tag",
    "Untag",
    "Update",
    "Upload",
)
READS = {"ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetRepositoryScanningConfiguration"}


def marker(image: images.Node) -> str:
    return f"ecrguard-mismatch-{image.digest.partition(':')[2][:12]}"


def test_a_marker_tag_is_put_once_and_does_not_set_off_the_guard_again(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [own] = guarded.judged(repository, marker(image))
    assert (own["judgement"], own["reason"], own["alerted"]) == ("not_applicable", "own_marker", False)
    assert guarded.tags(repository, image.digest) == {"1", marker(image)}

    event = guarded.event("push-single", repository, image.digest, "1")
    for _ in range(2):
        guarded.send(json.dumps(event))
    guarded.judged(repository, "1", count=3)
    first, *repeated = guarded.alerts(repository, count=3)
    assert [done["result"] for done in first["actions"]["done"]] == ["done"]
    assert [[done["result"] for done in alert["actions"]["done"]] for alert in repeated] == [["already_done"]] * 2
    assert guarded.tags(repository, image.digest) == {"1", marker(image)}
    assert len(guarded.judged(repository, marker(image))) == 1


def test_a_delivery_that_is_repeated_can_be_told_by_the_id_of_its_alert(guarded: Guarded) -> None:
    repository = guarded.repository()
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1.0-amd64")
    guarded.judged(repository)
    event = guarded.event("push-single", repository, image.digest, "1.0-amd64")
    for _ in range(2):
        guarded.send(json.dumps(event))
    pushed, *repeated = guarded.alerts(repository, count=3)
    assert len({alert["id"] for alert in repeated}) == 1
    assert pushed["id"] not in {alert["id"] for alert in repeated}


def test_where_tags_cannot_be_moved_a_marker_can_still_be_added(guarded: Guarded) -> None:
    repository = guarded.repository("base/", imageTagMutability="IMMUTABLE")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    assert [done["action"] for done in alert["actions"]["done"]] == ["tag"]
    assert guarded.tags(repository, image.digest) == {"1", marker(image)}


def test_a_marker_name_that_another_image_has_for_good_is_left_to_it(guarded: Guarded) -> None:
    repository = guarded.repository("base/", imageTagMutability="IMMUTABLE")
    image = images.image("linux/arm64", label=repository)
    other = images.index([images.image("linux/amd64", label=repository), images.image("linux/arm64/v8")])
    guarded.push(other, repository, marker(image))
    [verdict] = guarded.judged(repository, marker(image))
    assert verdict["judgement"] == "ok"
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    assert alert["actions"]["done"] == []
    assert [refused["reason"] for refused in alert["actions"]["refused"]] == ["tag_immutable"]
    assert guarded.tags(repository, other.digest) == {marker(image)}


def test_in_audit_nothing_may_be_written_to_ecr_and_nothing_is(audited: Guarded) -> None:
    assert not _ecr_writes(audited)
    repository = audited.repository("audited/")
    image = images.image("linux/arm64", label=repository)
    audited.push(image, repository, "1")
    [alert] = audited.alerts(repository)
    assert alert["actions"]["done"] == []
    assert [refused["reason"] for refused in alert["actions"]["refused"]] == ["enforcement"]
    assert audited.tags(repository, image.digest) == {"1"}


def test_with_enforcement_tag_the_one_permission_to_write_is_to_put_an_image(guarded: Guarded) -> None:
    assert _ecr_writes(guarded) == {"ecr:PutImage"}


def test_two_stacks_share_an_account_and_each_sees_to_its_own(guarded: Guarded, audited: Guarded) -> None:
    theirs, ours = audited.repository("audited/"), guarded.repository("base/")
    for repository in (theirs, ours):
        guarded.push(images.image("linux/arm64", label=repository), repository, "1")
    assert len(audited.alerts(theirs)) == len(guarded.alerts(ours)) == 1
    [exempt] = guarded.judged(theirs, "1")
    assert exempt["reason"] == "exempt"
    assert not guarded.alerts(theirs, count=0)
    assert not audited.alerts(ours, count=0)


def _ecr_writes(stack: Guarded) -> set[str]:
    """What the push function's role lets it change in ECR, as IAM has it."""
    iam, role = stack.client("iam"), stack.resource("PushRole")
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    actions: set[str] = set()
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in document["Statement"]:
            listed = statement["Action"]
            actions |= {listed} if isinstance(listed, str) else set(listed)
    assert "ecr:BatchGetImage" in actions
    assert not [action for action in actions if "*" in action]
    ecr = {action for action in actions if action.startswith("ecr")}
    return {action for action in ecr - READS if action.partition(":")[2].startswith(WRITES)}
