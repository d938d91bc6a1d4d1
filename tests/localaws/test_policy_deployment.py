"""A policy on its way: put by the command's deployer, read by the push function's source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ecrguard.adapters.appconfig import POLL_INTERVAL, AppConfigPolicy
from ecrguard.cli.deployment import Deployer
from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def outputs(client: Callable[[str], Any], name: str) -> dict[str, str]:
    appconfig = client("appconfig")
    application = appconfig.create_application(Name=name)["Id"]
    environment = appconfig.create_environment(ApplicationId=application, Name="live")["Id"]
    profile = appconfig.create_configuration_profile(ApplicationId=application, Name="policy", LocationUri="hosted")
    strategy = appconfig.create_deployment_strategy(
        Name=name, DeploymentDurationInMinutes=0, GrowthFactor=100, FinalBakeTimeInMinutes=0, ReplicateTo="NONE"
    )
    return {
        "PolicyApplicationId": application,
        "PolicyEnvironmentId": environment,
        "PolicyProfileId": profile["Id"],
        "PolicyDeploymentStrategyId": strategy["Id"],
    }


def test_each_policy_that_is_put_is_the_one_that_is_read(client: Callable[[str], Any], outputs: dict[str, str]) -> None:
    time = [datetime(2026, 11, 20, tzinfo=UTC)]
    source = AppConfigPolicy(
        lambda: client("appconfigdata"),
        outputs["PolicyApplicationId"],
        outputs["PolicyEnvironmentId"],
        outputs["PolicyProfileId"],
        lambda: time[0],
    )
    with pytest.raises(UnreadableError) as raised:
        source.current()
    assert raised.value.unknown.reason is UnknownReason.POLICY_MISSING

    deployer = Deployer(client("appconfig"), outputs)
    for rule in ("first", "second"):
        time[0] += POLL_INTERVAL
        deployed = deployer.put(b"version: 1\nrules: [{name: %s}]\n" % rule.encode())
        assert deployed.version == deployed.number
        assert source.current().rules[0].name == rule

    time[0] += POLL_INTERVAL
    assert source.current() is source.current()
