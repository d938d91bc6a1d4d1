"""The source of ECS services and daemons: how clusters are listed, whatever becomes of them meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ecs_reading import APP, DENIED, THROTTLED, only, services, whole
from tests.fakes.revisions import FakeRevisions
from tests.fakes.wire import Refusal

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.ecs import FakeEcs


def fill(ecs: FakeEcs, *clusters: str, number: int = 1) -> None:
    for cluster in clusters:
        for each in range(number):
            ecs.service(f"web-{each:03}", ecs.definition(APP, family=f"{cluster}-{each}"), cluster=cluster)


def on(cluster: str, do: Callable[[], object]) -> Callable[[dict[str, Any]], None]:
    """Do something when a call is for a cluster."""

    def when(asked: dict[str, Any]) -> None:
        if (asked.get("cluster") or asked["clusterArn"]).endswith(f"/{cluster}"):
            do()

    return when


def refuse() -> None:
    raise DENIED


def test_clusters_are_listed_in_the_order_of_their_arns_and_resumed_at_the_page_that_is_next(ecs: FakeEcs) -> None:
    fill(ecs, "c", "a", "b", number=2)

    first = services(ecs).page("")
    second = services(ecs).page(first.cursor)

    assert [arn.split("/")[1] for arn in (*first.arns, *second.arns)] == ["a", "a", "b", "b"]
    assert json.loads(second.cursor) == {"cluster": ecs.cluster("c")}


def test_a_large_cluster_is_resumed_at_the_token_of_its_page(ecs: FakeEcs) -> None:
    fill(ecs, "a", number=250)

    first = services(ecs).page("")
    rest = whole(services(ecs), first.cursor)

    assert json.loads(first.cursor) == {"cluster": ecs.cluster("a"), "token": "100"}
    assert len(first.arns) == 100
    assert rest.pages == 2
    assert len({*first.arns, *rest.answers}) == 250


def test_more_daemons_than_a_page_has_are_resumed_at_theirs(ecs: FakeEcs) -> None:
    fill(ecs, "a")
    ecs.cluster("b")
    for number in range(120):
        ecs.daemon(f"agent-{number:03}", APP, cluster="a")

    first = services(ecs).page("")
    rest = whole(services(ecs), first.cursor)

    assert json.loads(first.cursor) == {"cluster": ecs.cluster("a"), "part": "daemons", "token": "100"}
    assert len(first.arns) == 101
    assert len(rest.answers) == 20
    assert ecs.count("ListServices") == 2


def test_every_cluster_is_read_however_many_there_are(ecs: FakeEcs) -> None:
    fill(ecs, *(f"c{number:03}" for number in range(120)))

    told = whole(services(ecs))

    assert told.names == [f"c{number:03}/web-000" for number in range(120)]
    assert ecs.count("ListClusters") == 2


@pytest.mark.parametrize("operation", ["ListServices", "ListDaemons", "DescribeServices"])
def test_a_cluster_deleted_in_the_middle_of_the_pass_is_passed_over(ecs: FakeEcs, operation: str) -> None:
    fill(ecs, "a", "b", "c")
    ecs.failing = {operation: on("b", lambda: ecs.delete_cluster("b"))}

    told = whole(services(ecs))

    assert [name for name in told.names if name != "b/web-000"] == ["a/web-000", "c/web-000"]
    assert told.unknowns == []


def test_a_listing_whose_cluster_is_gone_goes_on_with_the_next_one(ecs: FakeEcs) -> None:
    fill(ecs, "a", "b", "c", number=120)
    first = services(ecs).page("")
    in_b = json.dumps({"cluster": ecs.cluster("b"), "token": "100"})
    second = services(ecs).page(in_b)
    ecs.delete_cluster("b")

    told = whole(services(ecs), in_b)

    assert len(first.arns) == 100
    assert len(second.arns) == 20
    assert {name.partition("/")[0] for name in told.names} == {"c"}
    assert len(told.names) == 120


def test_a_listing_whose_last_cluster_is_gone_is_at_its_end(ecs: FakeEcs) -> None:
    fill(ecs, "a")

    page = services(ecs).page(json.dumps({"cluster": f"{ecs.cluster('a')}-and-more", "token": "100"}))

    assert (page.arns, page.cursor) == ((), "")


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("ListServices", "the services of the ECS cluster closed"),
        ("ListDaemons", "the daemons of the ECS cluster closed"),
        ("DescribeServices", "the services of the ECS cluster closed"),
    ],
)
def test_one_cluster_that_may_not_be_read_silences_no_other(ecs: FakeEcs, operation: str, subject: str) -> None:
    fill(ecs, "closed", "open")
    ecs.failing[operation] = on("closed", refuse)

    told = whole(services(ecs))

    assert "open/web-000" in told.names
    assert told.reasons == [(UnknownReason.ACCESS_DENIED, subject)]
    assert f"ecs:{operation} was denied" in told.unknowns[0].detail


def test_services_are_read_where_daemons_may_not_be_listed(ecs: FakeEcs) -> None:
    fill(ecs, "a")
    ecs.failing["ListDaemons"] = DENIED

    assert whole(services(ecs)).names == ["a/web-000"]


@pytest.mark.parametrize("code", ["UnsupportedFeatureException", "UnknownOperationException", "InvalidAction"])
def test_a_region_without_daemons_has_none(ecs: FakeEcs, code: str) -> None:
    fill(ecs, "a")
    ecs.failing["ListDaemons"] = Refusal(code, "Not supported in this Region.")

    told = whole(services(ecs))

    assert (told.names, told.unknowns) == (["a/web-000"], [])


def test_empty_clusters_and_empty_pages_are_nothing_to_report(ecs: FakeEcs) -> None:
    ecs.cluster("empty")

    told = whole(services(ecs))

    assert (told.answers, told.unknowns) == ({}, [])
    assert ecs.count("DescribeServices") == 0


@pytest.mark.parametrize("operation", ["ListClusters", "ListServices", "ListDaemons"])
def test_each_listing_that_repeats_a_page_is_named(ecs: FakeEcs, operation: str) -> None:
    fill(ecs, "a")

    def stick(_: dict[str, Any]) -> None:
        ecs.stuck = True

    ecs.failing[operation] = stick

    with pytest.raises(UnreadableError, match=f"ecs:{operation} gave the same page twice") as caught:
        whole(services(ecs))

    assert caught.value.unknown.reason is UnknownReason.UNAVAILABLE


def test_after_a_storm_of_throttling_a_fresh_source_sees_everything(ecs: FakeEcs) -> None:
    fill(ecs, "a", "b", number=230)
    expected = whole(services(ecs))
    calls, revisions, seen, cursor, storms = 0, FakeRevisions(), dict[str, object](), "", list[UnknownReason]()

    def storm(_: dict[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls % 75 == 0:
            raise THROTTLED

    for operation in ("ListServices", "DescribeServices", "DescribeServiceRevisions", "DescribeTaskDefinition"):
        ecs.failing[operation] = storm
    while not seen or cursor:
        source = services(ecs, revisions)
        try:
            page = source.page(cursor)
            seen |= source.read(page.arns)
        except UnreadableError as error:
            storms.append(error.unknown.reason)
            continue
        cursor = page.cursor

    assert len(storms) > 5
    assert set(storms) == {UnknownReason.THROTTLED}
    assert seen == expected.answers


def test_a_service_of_the_old_format_is_found_where_it_was_listed(ecs: FakeEcs) -> None:
    ecs.cluster("a")
    arn = ecs.service("web", ecs.definition(APP), cluster="b", old=True)

    told = whole(services(ecs))

    assert arn.endswith(":service/web")
    assert only(told.answers[arn]).name == "b/web"
    assert ecs.count("DescribeServices") == 1


def test_a_service_of_the_old_format_is_looked_for_in_every_cluster_before_it_is_gone(ecs: FakeEcs) -> None:
    for cluster in ("a", "b", "c"):
        ecs.cluster(cluster)
    arn = ecs.service("web", ecs.definition(APP), cluster="b", old=True)
    nowhere = arn.replace("web", "elsewhere")

    answers = services(ecs).read([arn, nowhere])

    assert only(answers[arn]).name == "b/web"
    assert answers[nowhere] == Sighting(nowhere)


def test_a_service_of_the_old_format_is_not_gone_while_a_cluster_is_closed(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition(APP), cluster="b", old=True)
    for cluster in ("a", "c"):
        ecs.cluster(cluster)
    ecs.failing["DescribeServices"] = on("b", refuse)

    answer = services(ecs).read([arn])[arn]

    assert isinstance(answer, Unknown)
    assert answer.reason is UnknownReason.ACCESS_DENIED
