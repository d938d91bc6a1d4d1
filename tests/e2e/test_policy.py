"""The policy of the deployed stack, through AppConfig and its validator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from localaws.demo_account import MISTAKEN_POLICY

from localaws import images, policy

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded


def test_a_policy_with_mistakes_is_refused_with_all_of_them_and_the_one_in_force_stays(guarded: Guarded) -> None:
    before = _deployments(guarded)
    with pytest.raises(policy.RefusedError) as refused:
        policy.put(guarded.deployment, MISTAKEN_POLICY)
    assert "rules[0].platforms[0] (line 4): 'linux/amd46' names an unknown architecture" in str(refused.value)
    assert "rules[0].mach (line 5): unknown key; did you mean match?" in str(refused.value)
    assert _deployments(guarded) == before


def test_the_repositorys_own_tags_count_without_a_policy_rule(guarded: Guarded) -> None:
    tags = [{"Key": "ecrguard:platforms", "Value": "linux/amd64 linux/arm64"}]
    repository = guarded.repository(tags=tags)
    guarded.push(images.image("linux/arm64", label=repository), repository, "1")
    [alert] = guarded.alerts(repository)
    assert alert["findings"][0]["subject"]["kind"] == "resource-tag"
    assert alert["verdict"]["needs"] == ["linux/amd64", "linux/arm64"]


def test_a_repository_may_ask_for_less_than_the_policy(guarded: Guarded) -> None:
    repository = guarded.repository("base/", tags=[{"Key": "ecrguard:mode", "Value": "alert"}])
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    assert [refused["reason"] for refused in alert["actions"]["refused"]] == ["repository_mode"]
    assert guarded.tags(repository, image.digest) == {"1"}


def _deployments(guarded: Guarded) -> list[int]:
    found = guarded.client("appconfig").list_deployments(
        ApplicationId=guarded.url("PolicyApplicationId"), EnvironmentId=guarded.url("PolicyEnvironmentId")
    )["Items"]
    return [item["DeploymentNumber"] for item in found]
