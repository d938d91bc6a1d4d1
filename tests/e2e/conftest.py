from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from localaws.demo_services import POLICY, create_services
from localaws.deployment import Deployment, client, deploy, serving
from localaws.subscriber import AlertQueue
from localaws.terminal import Terminal
from tests.e2e.guarded import Guarded
from tests.fakes.slack import FakeSlack

from localaws import policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.process import LocalAws

# The stack under test judges everything but what another stack guards.
EXEMPTIONS = """\
exemptions:
  - repositories: [audited/*]
    reason: another stack guards them
    until: 2999-12-31
"""


@pytest.fixture(scope="session")
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with serving(Terminal.of(sys.stderr)) as server:
        yield server


@pytest.fixture(scope="session")
def guarded(aws: LocalAws, slack: FakeSlack, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """The stack with Slack and Enforcement=tag, the services and the policy of the demo."""
    secret = client("secretsmanager", aws.endpoint).create_secret(Name="webhook", SecretString=slack.webhook())["ARN"]
    parameters = {"Enforcement": "tag", "SlackWebhookSecretArn": secret, "MaximumConcurrency": "2"}
    made = _guarded(deploy(aws, parameters), tmp_path_factory)
    create_services(made.deployment)
    policy.put(made.deployment, POLICY + EXEMPTIONS)
    return made


@pytest.fixture(scope="session")
def audited(guarded: Guarded, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """A second stack beside the first, with the default Enforcement, over repositories of its own."""
    deployment = deploy(
        guarded.deployment.aws, {"RepositoryPattern": "audited/*", "MaximumConcurrency": "2"}, stack="ecrguard-audit"
    )
    made = _guarded(deployment, tmp_path_factory)
    policy.put(deployment, "version: 1\nrules:\n  - {name: amd64, platforms: [linux/amd64], on_mismatch: tag}\n")
    return made


def _guarded(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    topic = deployment.outputs["AlertsTopicArn"]
    queue = AlertQueue.subscribe(deployment.client, topic, f"{deployment.stack}-alerts")
    return Guarded(deployment, queue, tmp_path_factory.mktemp("layouts"))
