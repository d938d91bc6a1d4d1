"""What the deployed stack does to an image, and what it cannot do."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from localaws.process import ACCOUNT, REGION

from localaws import images

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded

READS = {"BatchGetImage", "GetDownloadUrlForLayer", "DescribeImages", "ListTagsForResource"}
ROLES = PUSH, RECONCILE, CHANGES = ("PushRole", "ReconcileRole", "ChangesRole")


def marker(image: images.Node) -> str:
    return f"ecrguard-mismatch-{image.digest.partition(':')[2][:12]}"


def test_a_marker_tag_is_put_once_and_does_not_set_off_the_guard_again(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [own] = guarded.judged(repository, marker(image))
    assert (own["judgement"], own["reason"], own["alerted"]) == ("not_applicable", "own_marker", False)
    assert guarded.tags(repository, image.digest) == {"1", marker(image)}

    [alert] = guarded.alerts(repository)
    assert [done["result"] for done in alert["actions"]["done"]] == ["done"]
    assert len(guarded.judged(repository, marker(image))) == 1


def test_the_same_event_again_is_known_and_a_later_one_of_the_same_image_is_no_news(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [first] = guarded.judged(repository, "1")
    event = guarded.event("push-single", repository, image.digest, "1")
    for identity in (first["correlation_id"], event["id"], event["id"]):
        guarded.send(json.dumps(event | {"id": identity, "time": now()}))
    lines = guarded.judged(repository, "1", count=4)
    assert [(line["alerted"], line["known"]) for line in lines] == [(True, False), *[(False, True)] * 3]
    assert len(guarded.alerts(repository)) == 1
    assert guarded.tags(repository, image.digest) == {"1", marker(image)}


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
    repository = audited.repository("audited/")
    for role in ROLES:
        assert allowed(audited, repository, role) == READS
    image = images.image("linux/arm64", label=repository)
    audited.push(image, repository, "1")
    [alert] = audited.alerts(repository)
    assert alert["actions"]["done"] == []
    assert [refused["reason"] for refused in alert["actions"]["refused"]] == ["enforcement"]
    assert audited.tags(repository, image.digest) == {"1"}


def test_with_enforcement_tag_it_may_put_an_image_besides(guarded: Guarded) -> None:
    repository = guarded.repository()
    assert allowed(guarded, repository, PUSH) == READS | {"PutImage"}
    assert allowed(guarded, repository, RECONCILE) == allowed(guarded, repository, CHANGES) == READS


def test_a_stack_has_no_permission_on_repositories_that_are_not_its_own(audited: Guarded) -> None:
    for role in ROLES:
        assert not allowed(audited, "base/python", role)


def test_without_a_permission_a_push_does_not_pass_and_is_judged_when_it_is_sent_again(audited: Guarded) -> None:
    iam, role = audited.client("iam"), audited.resource("PushRole")
    policy = iam.get_role_policy(RoleName=role, PolicyName="push")["PolicyDocument"]
    kept = [statement for statement in policy["Statement"] if statement["Sid"] != "ReadTheInventory"]
    repository = audited.repository("audited/")
    iam.put_role_policy(RoleName=role, PolicyName="push", PolicyDocument=json.dumps({**policy, "Statement": kept}))
    try:
        audited.push(images.image("linux/amd64", label=repository), repository, "1")
        [verdict] = audited.judged(repository, "1")
        [alert] = audited.alerts(repository)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="push", PolicyDocument=json.dumps(policy))
    assert verdict["judgement"] == "unknown"
    assert alert["unknowns"][0]["reason"] == "access_denied"
    assert "dynamodb:Query was denied" in alert["verdict"]["explanation"]

    body, attributes = audited.dead_letter(repository)
    assert attributes["code"] == "access_denied"
    audited.send(body)
    _, again = audited.judged(repository, "1", count=2)
    assert (again["judgement"], again["alerted"]) == ("ok", False)


def test_two_stacks_share_an_account_and_each_sees_to_its_own(guarded: Guarded, audited: Guarded) -> None:
    theirs, ours = audited.repository("audited/"), guarded.repository("base/")
    for repository in (theirs, ours):
        guarded.push(images.image("linux/arm64", label=repository), repository, "1")
    assert len(audited.alerts(theirs)) == len(guarded.alerts(ours)) == 1
    [exempt] = guarded.judged(theirs, "1")
    assert exempt["reason"] == "exempt"
    assert not guarded.alerts(theirs, count=0)
    assert not audited.alerts(ours, count=0)


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def allowed(stack: Guarded, repository: str, role: str) -> set[str]:
    """Of all that can be asked of ECR, what IAM allows a role of the stack on a repository."""
    operations: list[str] = stack.client("ecr").meta.service_model.operation_names
    answer = stack.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{stack.resource(role)}",
        ActionNames=[f"ecr:{operation}" for operation in operations],
        ResourceArns=[f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"],
    )
    results: list[dict[str, str]] = answer["EvaluationResults"]
    assert len(results) == len(operations)
    return {result["EvalActionName"].removeprefix("ecr:") for result in results if result["EvalDecision"] == "allowed"}
