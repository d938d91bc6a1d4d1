from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from localaws.demo_account import POLICY, STANDING, create_workloads
from localaws.demo_services import Account
from localaws.deployment import Deployment, client, deploy, serving
from localaws.letterbox import Letterbox
from localaws.subscriber import AlertQueue
from localaws.terminal import Terminal
from tests.e2e.guarded import Guarded, push
from tests.fakes.slack import FakeSlack

from localaws import inventory, policy, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localaws.process import LocalAws

# The stack under test judges everything but what another stack guards; the demo's policy ends with its exemptions.
EXEMPTIONS = """\
  - repositories: [audited/*, live/*]
    reason: other stacks guard them
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
def account(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The account of the demo, with all that runs images there before any stack."""
    layouts = tmp_path_factory.mktemp("layouts")
    made = Account(aws, lambda node, name: push(aws, layouts, node, name))
    create_workloads(made)
    return made


@pytest.fixture(scope="session")
def guarded(account: Account, slack: FakeSlack) -> Iterator[Guarded]:
    """The stack with every source, Slack and Enforcement=tag, and the policy of the demo.

    Its functions have the permissions of their roles alone: nothing of what the tests did may have been denied them.
    """
    secrets = client("secretsmanager", account.aws.endpoint)
    secret = secrets.create_secret(Name="webhook", SecretString=slack.webhook())["ARN"]
    parameters = {
        "Enforcement": "tag",
        "LinkedWorkloads": ",".join(inventory.SOURCES),
        "SlackWebhookSecretArn": secret,
        "MaximumConcurrency": "2",
    }
    made = _guarded(deploy(account.aws, parameters), account)
    policy.put(made.deployment, POLICY + EXEMPTIONS)
    inventory.wait_until_complete(made.deployment)
    yield made
    assert verdicts.troubles(made.deployment) == []


@pytest.fixture(scope="session")
def known_at_first(guarded: Guarded) -> dict[str, list[inventory.Entry]]:
    """What the first reading has found of each repository of the demo's workloads, before anything changed."""
    return {each.repository: inventory.entries(guarded.deployment, each.repository) for each in STANDING}


@pytest.fixture(scope="session")
def audited(guarded: Guarded) -> Guarded:
    """A second stack beside the first, with the default Enforcement, over repositories of its own."""
    parameters = {"RepositoryPattern": "audited/*", "MaximumConcurrency": "2"}
    made = _guarded(deploy(guarded.account.aws, parameters, stack="ecrguard-audit"), guarded.account)
    policy.put(made.deployment, "version: 1\nrules:\n  - {name: amd64, platforms: [linux/amd64], on_mismatch: tag}\n")
    inventory.wait_until_complete(made.deployment)
    return made


type Subscribe = Callable[[Deployment, Account], Guarded]


@pytest.fixture(scope="session")
def subscribe() -> Subscribe:
    """What makes of a deployed stack one that tests hold."""
    return _guarded


def _guarded(deployment: Deployment, account: Account) -> Guarded:
    topic = deployment.outputs["AlertsTopicArn"]
    queue = AlertQueue.subscribe(deployment.client, topic, f"{deployment.stack}-alerts")
    return Guarded(deployment, account, Letterbox(queue))
