"""The sources of ECS workloads: how task definitions are kept, and what there is without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ecs_reading import AMD64, APP, DENIED, THROTTLED, only, services, whole
from tests.fakes.revisions import FakeRevisions

from ecrguard.adapters.sources.ecs_definitions import decode, encode
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs


@pytest.fixture
def revisions() -> FakeRevisions:
    return FakeRevisions()


def test_a_definition_is_kept_with_all_that_it_states(ecs: FakeEcs, revisions: FakeRevisions) -> None:
    arn = ecs.definition({"app": APP, "logs": "fluent-bit"}, cpu="ARM64", os="LINUX", constraint="attribute:a == b")
    ecs.service("web", arn)

    whole(services(ecs, revisions))
    kept = decode(revisions.texts[arn])

    assert kept is not None
    assert (kept.name, kept.cpu_architecture, kept.operating_system_family) == ("web:1", "ARM64", "LINUX")
    assert kept.images == (("app", APP), ("logs", "fluent-bit"))
    assert kept.constraints == ("attribute:a == b",)
    assert decode(encode(kept)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        "{}",
        '{"format":1}',
        '{"format":1,"name":"web:1","cpu":"","os":"","images":[3],"constraints":[]}',
        '{"format":2,"name":"web:1","cpu":"","os":"","images":[],"constraints":[]}',
    ],
)
def test_a_text_that_this_version_did_not_write_is_read_anew(ecs: FakeEcs, revisions: FakeRevisions, text: str) -> None:
    arn = ecs.definition(APP)
    ecs.service("web", arn)
    revisions.texts[arn] = text

    told = whole(services(ecs, revisions))

    assert told.names == ["prod/web"]
    assert decode(revisions.texts[arn]) is not None


def test_a_kept_definition_is_used_even_where_ecs_has_it_no_more(ecs: FakeEcs, revisions: FakeRevisions) -> None:
    arn = ecs.definition(APP)
    ecs.service("web", arn)
    first = whole(services(ecs, revisions))
    del ecs.definitions[arn]

    assert whole(services(ecs, revisions)) == first


def test_a_definition_that_is_gone_is_unknown_and_names_each_service_that_uses_it(ecs: FakeEcs) -> None:
    gone = ecs.definition(APP, family="gone")
    for name, definition in (("a", gone), ("b", ecs.definition(APP)), ("c", gone)):
        ecs.service(name, definition)
    del ecs.definitions[gone]

    told = whole(services(ecs))

    assert told.names == ["prod/b"]
    assert told.reasons == [
        (UnknownReason.UNAVAILABLE, "ECS service prod/a"),
        (UnknownReason.UNAVAILABLE, "ECS service prod/c"),
    ]
    assert all("gone:1" in each.detail for each in told.unknowns)
    assert ecs.count("DescribeTaskDefinition") == 2


def test_one_definition_that_is_gone_leaves_its_whole_service_unknown(ecs: FakeEcs) -> None:
    gone = ecs.definition(APP)
    arn = ecs.service("web", gone)
    ecs.redeploy(arn, ecs.definition(APP))
    del ecs.definitions[gone]

    assert isinstance(services(ecs).read([arn])[arn], Unknown)


def test_a_definition_that_may_not_be_read_leaves_one_service_unknown(ecs: FakeEcs) -> None:
    closed, opened = ecs.definition(APP, family="closed"), ecs.definition(APP, family="open")
    arns = [ecs.service("closed", closed), ecs.service("open", opened)]

    def deny(asked: dict[str, Any]) -> None:
        if asked["taskDefinition"] == closed:
            raise DENIED

    ecs.failing["DescribeTaskDefinition"] = deny

    answers = services(ecs).read(arns)

    refused = answers[arns[0]]
    assert isinstance(refused, Unknown)
    assert (refused.reason, refused.subject) == (UnknownReason.ACCESS_DENIED, "ECS service prod/closed")
    assert "ecs:DescribeTaskDefinition was denied" in refused.detail
    assert only(answers[arns[1]]).hosts == (AMD64,)


def test_what_was_read_before_the_throttle_stays_kept(ecs: FakeEcs, revisions: FakeRevisions) -> None:
    arns = [ecs.service(f"s{number}", ecs.definition(APP, family=f"f{number}")) for number in range(5)]

    def throttle(asked: dict[str, Any]) -> None:
        if asked["taskDefinition"].endswith("/f3:1"):
            raise THROTTLED

    ecs.failing["DescribeTaskDefinition"] = throttle
    with pytest.raises(UnreadableError):
        services(ecs, revisions).read(arns)

    assert [arn.rpartition("/")[2] for arn in revisions.texts] == ["f0:1", "f1:1", "f2:1"]
