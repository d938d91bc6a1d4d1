"""What a stack that may do everything does to images, and takes back, on the permissions that it asks for alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from localaws.command import ecrguard
from localaws.demo_account import POLICY
from localaws.demo_enforcement import Enforcement, event, read_all
from localaws.demo_levels import LEVELS, SCENES, TAG, Scene, marker
from localaws.demo_refusals import DENIED, UNREADABLE
from localaws.demo_refusing import Refusing
from localaws.demo_stage import Stage
from localaws.deployment import deploy
from localaws.shelf import shelf

from localaws import images, inventory, policy, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.demo_services import Account
    from tests.e2e.conftest import Subscribe
    from tests.e2e.guarded import Guarded

STACK = "ecrguard-enforcement"
# The stack may delete; in these repositories the policy asks for less.
RULES = "".join(
    f"  - {{name: {level}, repositories: [live/at-{level}/*], platforms: [linux/amd64], on_mismatch: {level}}}\n"
    for level in LEVELS
)
ENFORCED_POLICY = POLICY.replace("rules:\n", f"rules:\n{RULES}", 1)
HERE = tuple(
    replace(scene, repository=scene.repository.replace("live/", f"live/at-{scene.level}/"), preview=())
    for scene in SCENES
)


@pytest.fixture(scope="module")
def enforced(account: Account, guarded: Guarded, subscribe: Subscribe) -> Iterator[Guarded]:
    """A stack beside the first, over repositories of its own."""
    del guarded  # It is deployed first: its tests count what they see of the account.
    parameters = {
        "Enforcement": "delete",
        "RepositoryPattern": "live/*",
        "LinkedWorkloads": "ecs",
        "MaximumConcurrency": "2",
    }
    made = subscribe(deploy(account.aws, parameters, stack=STACK), account)
    policy.put(made.deployment, ENFORCED_POLICY)
    inventory.wait_until_complete(made.deployment)
    account.repositories([scene.repository for scene in HERE])
    yield made
    meant = (UNREADABLE.repository, DENIED.repository)
    assert verdicts.troubles(made.deployment, meant=meant) == []
    made.client("cloudformation").delete_stack(StackName=STACK)


@pytest.fixture(scope="module")
def stage(enforced: Guarded) -> Stage:
    return Stage(enforced.deployment, enforced.account, enforced.mail)


@pytest.mark.parametrize("scene", HERE, ids=[f"{scene.level}-{scene.repository[5:]}" for scene in HERE])
def test_an_action_does_what_it_says_and_the_command_of_the_alert_takes_it_back(stage: Stage, scene: Scene) -> None:
    enforcement = Enforcement(stage)
    played = enforcement.play(scene)
    if scene.swept:
        read_all(stage)
        enforcement.sweep(scene)
    enforcement.undo(scene)
    assert played.problems == []


DRY_RUNS = {
    "over a good image": ("live/dry/over", images.image("linux/amd64", label="dry"), images.image("linux/arm64")),
    "under a new tag": (
        "live/dry/new",
        None,
        images.index([images.image("linux/arm64", label="dry"), images.image("linux/arm/v7", label="dry")]),
    ),
}


@pytest.mark.parametrize(("repository", "good", "bad"), DRY_RUNS.values(), ids=DRY_RUNS.keys())
def test_a_dry_run_says_what_is_done_then(
    stage: Stage, repository: str, good: images.Node | None, bad: images.Node
) -> None:
    deployment, name = stage.deployment, f"{repository}:{TAG}"
    stage.account.repositories([repository])
    if good is not None:
        Enforcement(stage).push(good, repository, TAG)
    events, rule = deployment.client("events"), deployment.resource("PushRule")
    # The stack hears of the push only when it has been asked what it would do.
    events.disable_rule(Name=rule)
    stage.account.push(bad, name)
    events.enable_rule(Name=rule)
    before = shelf(deployment, repository, {})

    ran = ecrguard(stage.account.aws, "plan", name, "--stack", STACK)

    assert ran.code == 1
    assert shelf(deployment, repository, {}) == before
    would = [
        f"put the tag {marker(bad)} on {bad.digest}",
        f"move the tag 1 from {bad.digest} to its last good image, {good.digest}"
        if good
        else f"take the tag 1 off {bad.digest}",
        "alert",
    ]
    assert [line[12:] for line in ran.lines if line.startswith(("would do", " " * 12))] == would
    assert "later       delete, once all workloads have been read after that" in ran.lines
    assert not [line for line in ran.lines if line.startswith("refused")]

    event(stage, name, bad)
    _, [alert], _ = stage.handled(repository, TAG, bad)
    actions = alert["actions"]
    done = [done["detail"] for done in actions["done"]]
    assert done == [
        marker(bad),
        f"1 stands for {good.digest} again" if good else f"1 is taken off {bad.digest}",
    ]
    assert (actions["refused"], actions["later"]) == ([], "delete")


def test_each_reason_to_leave_an_image_as_it_is_holds_and_is_said(stage: Stage) -> None:
    refusing = Refusing(stage, ENFORCED_POLICY)
    refusing.prepare()
    refusing.push()
    refusing.change()
    read_all(stage)
    refusing.swept()
    refusing.denied()
    assert [problem for each in refusing.refused for problem in each.problems] == []


def test_when_the_hour_has_had_its_acts_images_are_alerted_and_left_as_they_are(
    enforced: Guarded, stage: Stage
) -> None:
    repository = "live/capped"
    stage.account.repositories([repository])
    for number in range(50):
        image = images.image("linux/arm64", label=f"capped {number}")
        _, [alert], _ = Enforcement(stage).push(image, repository, f"1.{number}")
        if not alert["actions"]["done"]:
            break
    assert [refused["reason"] for refused in alert["actions"]["refused"]] == ["hourly_cap"]
    assert enforced.tags(repository, image.digest) == {f"1.{number}"}
    counted = [
        line
        for line in verdicts.lines(enforced.deployment, "PushLogGroupName")
        if "HourlyCapReached" in line and line["service"] == STACK
    ]
    assert [line["HourlyCapReached"] for line in counted] == [[1.0]]
    # What the alarm watches.
    [alarm] = enforced.client("cloudwatch").describe_alarms(AlarmNames=[enforced.resource("HourlyCapReachedAlarm")])[
        "MetricAlarms"
    ]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("ecrguard", "HourlyCapReached")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": STACK}]
