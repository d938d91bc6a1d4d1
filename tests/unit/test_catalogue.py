"""The parts that keep the inventory, put together: sources by name, and no client before it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from tests.fakes.revisions import FakeRevisions

from ecrguard.adapters.sources.catalogue import ACTIONS, Catalogue, is_listed
from ecrguard.config import SOURCES, ChangesConfig, GuardConfig
from ecrguard.domain.reference import Registry
from ecrguard.wiring_inventory import build_changes, build_reconciler

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTRY = Registry("123456789012", "eu-west-1")
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "ecrguard",
    "ALERTS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alerts",
    "REPOSITORY_PATTERN": "*",
    "INVENTORY_TABLE": "inventory",
    "LINKED_WORKLOADS": ",".join(SOURCES),
    "RECONCILE_MINUTES": "60",
    "ENFORCEMENT": "delete",
    "ENFORCEMENT_PATTERN": "*",
    "DESTRUCTIVE_ACTS_PER_HOUR": "20",
    "HISTORY_DAYS": "90",
    "POLICY_APPLICATION_ID": "a",
    "POLICY_ENVIRONMENT_ID": "e",
    "POLICY_PROFILE_ID": "p",
    "CHANGES_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/changes",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead",
    "MAX_RECEIVES": "5",
}


class NoClients:
    """A session that makes none."""

    def client(self, service: str, **_: object) -> Any:
        raise AssertionError(f"a client of {service} was made")

    def get_available_regions(self, service: str, partition: str = "aws") -> list[str]:
        found: list[str] = boto3.Session().get_available_regions(service, partition)
        return found


def catalogue(session: Any) -> Catalogue:
    return Catalogue(session, Config(), REGISTRY, FakeRevisions(), lambda _: None)


def test_every_source_that_there_is_can_be_made_and_says_what_it_may_call() -> None:
    assert tuple(ACTIONS) == SOURCES
    makers = catalogue(NoClients()).makers(SOURCES)
    assert tuple(makers) == SOURCES
    for name, make in makers.items():
        source: Any = make()
        assert make() is not source
        assert type(source).__module__ == f"ecrguard.adapters.sources.{'lambda_' if name == 'lambda' else name}"
        assert source.registry == REGISTRY


def test_only_those_that_are_named_are_made() -> None:
    assert tuple(catalogue(NoClients()).makers(("apprunner",))) == ("apprunner",)
    assert catalogue(NoClients()).makers(()) == {}


def test_a_client_is_made_once_for_all_sources_of_a_service() -> None:
    made: list[str] = []

    class Counting(NoClients):
        def client(self, service: str, **_: object) -> Any:
            made.append(service)
            return object()

    makers = catalogue(Counting()).makers(("ecs", "tasks"))
    sources: list[Any] = [makers["ecs"](), makers["tasks"](), makers["ecs"]()]
    assert len({id(source.client()) for source in sources}) == 1
    assert made == ["ecs"]


@pytest.mark.parametrize(
    ("service", "region", "listed"),
    [
        ("ecs", "eu-west-1", True),
        ("ecs", "cn-north-1", True),
        ("apprunner", "eu-west-1", True),
        ("apprunner", "eu-north-1", False),
        ("apprunner", "cn-north-1", False),
        ("bedrock-agentcore-control", "eu-north-1", True),
        ("bedrock-agentcore-control", "af-south-1", False),
        ("a-service-of-tomorrow", "eu-west-1", True),
    ],
)
def test_a_service_may_be_absent_only_where_it_is_not_listed(service: str, region: str, *, listed: bool) -> None:
    session: Any = NoClients()
    assert is_listed(session, service, region) is listed


BUILDERS: dict[str, Callable[[], Any]] = {
    "passes": lambda: build_reconciler(GuardConfig.from_env(ENVIRONMENT), lambda _: None),
    "changes": lambda: build_changes(ChangesConfig.from_env(ENVIRONMENT), lambda _: None),
}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())
def test_putting_the_parts_together_makes_no_client(build: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "client", NoClients.client)

    parts = build()

    assert tuple(parts.sources) == SOURCES
