"""What every source of workloads does, on its own service's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.contract.source_world import REGISTRY, SourceWorld
from tests.contract.worlds import WORLDS
from tests.fakes.wire import Refusal
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError

from ecrguard.adapters.calls import Calls
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Page, Sighting
from ecrguard.domain.reference import parse_reference
from ecrguard.errors import AbsentError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecrguard.ports import WorkloadSource

HOST = REGISTRY.host
DIGEST = "sha256:" + "a" * 64
IMAGE = f"{HOST}/team/app:1.4"
MOST_PAGES = 1000
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")
BROKEN = Refusal("InternalServerError", "oops", 500)
UNRESOLVED = EndpointConnectionError(
    endpoint_url="https://nowhere.example",
    error=NameResolutionError("nowhere.example", HTTPSConnection("nowhere.example"), OSError()),  # type: ignore[arg-type]  # what urllib3 raises has socket.gaierror there, an OSError
)

TEXTUAL = [world for world in WORLDS if world.textual]
ACTIONS = [(world, action) for world in WORLDS for action in world.actions]


def _name(of: object) -> str | None:
    name = getattr(of, "name", None)
    return name if isinstance(name, str) else None


every_world = pytest.mark.parametrize("kind", WORLDS, ids=_name)
every_textual_world = pytest.mark.parametrize("kind", TEXTUAL, ids=_name)
every_action = pytest.mark.parametrize(("kind", "action"), ACTIONS, ids=_name)


def pages(source: WorkloadSource, cursor: str = "") -> Iterator[Page]:
    for _ in range(MOST_PAGES):
        page = source.page(cursor)
        yield page
        cursor = page.cursor
        if not cursor:
            return
    raise AssertionError("the listing does not end")


def listed(source: WorkloadSource, cursor: str = "") -> list[str]:
    return sorted(arn for page in pages(source, cursor) for arn in page.arns)


def told(source: WorkloadSource) -> dict[str, Sighting | Unknown]:
    """What a pass learns of each workload."""
    answers: dict[str, Sighting | Unknown] = {}
    for page in pages(source):
        answers |= _told(source, page)
    return answers


def _told(source: WorkloadSource, page: Page) -> dict[str, Sighting | Unknown]:
    return {**page.sightings, **source.read([arn for arn in page.arns if arn not in page.sightings])}


def unknowns(source: WorkloadSource) -> list[Unknown]:
    """What a pass does not learn."""
    found: list[Unknown] = []
    try:
        for page in pages(source):
            found += page.unknowns
            found += [answer for answer in _told(source, page).values() if isinstance(answer, Unknown)]
    except UnreadableError as error:
        found.append(error.unknown)
    return found


def repositories(answer: Sighting | Unknown) -> list[str]:
    assert isinstance(answer, Sighting), answer
    return [workload.reference.repository for workload in answer.workloads]


@every_world
@pytest.mark.parametrize("number", [0, 1, 3, 120])
def test_everything_is_listed_once(kind: type[SourceWorld], number: int) -> None:
    world = kind()
    added = [world.add(f"work-{each:03}", IMAGE) for each in range(number)]

    assert listed(world.source()) == sorted(added)


@every_world
def test_a_pass_tells_of_each_workload_what_it_runs(kind: type[SourceWorld]) -> None:
    world = kind()
    added = {world.add(f"work-{each}", f"{HOST}/team/app-{each}:1"): f"team/app-{each}" for each in range(5)}

    answers = told(world.source())

    assert {arn: repositories(answer) for arn, answer in answers.items()} == {
        arn: [repository] for arn, repository in added.items()
    }


@every_world
def test_a_workload_is_of_the_account_and_region(kind: type[SourceWorld]) -> None:
    world = kind()
    arn = world.add("work-1", IMAGE)

    answer = world.source().read([arn])[arn]

    assert isinstance(answer, Sighting)
    assert answer.arn == arn
    assert {(each.account, each.region) for each in answer.workloads} == {(REGISTRY.account, REGISTRY.region)}


@every_textual_world
def test_a_workload_has_the_arn_that_it_is_listed_by(kind: type[SourceWorld]) -> None:
    world = kind()
    arn = world.add("work-1", IMAGE)

    answer = world.source().read([arn])[arn]

    assert isinstance(answer, Sighting)
    assert {each.arn for each in answer.workloads} == {arn}


@every_world
def test_reading_tells_the_same_as_the_listing(kind: type[SourceWorld]) -> None:
    world = kind()
    arns = [world.add(f"work-{each}", IMAGE) for each in range(3)]

    assert world.source().read(arns) == told(world.source())


@every_world
def test_any_number_of_workloads_is_read_at_once(kind: type[SourceWorld]) -> None:
    world = kind()
    arns = [world.add(f"work-{each:03}", IMAGE) for each in range(120)]

    answers = world.source().read([*arns, *arns[:7]])

    assert sorted(answers) == sorted(arns)
    assert {tuple(repositories(answer)) for answer in answers.values()} == {("team/app",)}


@every_world
def test_reading_nothing_asks_nothing(kind: type[SourceWorld]) -> None:
    world = kind()
    world.add("work-1", IMAGE)

    assert world.source().read([]) == {}
    assert world.called == []


@every_world
def test_what_went_between_listing_and_reading_is_gone_and_the_others_are_read(kind: type[SourceWorld]) -> None:
    world = kind()
    goes, stays = world.add("goes", IMAGE), world.add("stays", IMAGE)
    source = world.source()
    arns = listed(source)
    world.remove(goes)

    answers = source.read(arns)

    assert answers[goes] == Sighting(goes)
    assert repositories(answers[stays]) == ["team/app"]


@every_world
def test_what_is_gone_is_not_listed(kind: type[SourceWorld]) -> None:
    world = kind()
    goes, stays = world.add("goes", IMAGE), world.add("stays", IMAGE)
    world.remove(goes)

    assert listed(world.source()) == [stays]


@every_textual_world
@pytest.mark.parametrize(
    "image",
    [
        f"{HOST}/team/app",
        f"{HOST}/team/app:1.4",
        f"{HOST}/team/app@{DIGEST}",
        f"{HOST}/team/app:1.4@{DIGEST}",
        "123456789012.dkr-ecr.eu-west-1.on.aws/team/app:1.4",
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com/team/app:1.4",
        "123456789012.dkr-ecr-fips.eu-west-1.on.aws/team/app:1.4",
    ],
)
def test_a_reference_of_any_form_is_a_workload(kind: type[SourceWorld], image: str) -> None:
    world = kind()
    arn = world.add("work-1", image)

    for answer in (told(world.source())[arn], world.source().read([arn])[arn]):
        assert isinstance(answer, Sighting)
        assert [workload.reference for workload in answer.workloads] == [parse_reference(image)]
        assert answer.bad_images == ()


@every_textual_world
@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "team/app:1.4",
        "docker.io/team/app:1.4",
        "public.ecr.aws/team/app:1.4",
        "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.4",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.4",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app:1.4",
        f"{HOST}.example.com/team/app:1.4",
    ],
)
def test_an_image_of_another_registry_is_no_workload(kind: type[SourceWorld], image: str) -> None:
    world = kind()
    arn = world.add("work-1", image)

    assert told(world.source()).get(arn, Sighting(arn)) == Sighting(arn)
    assert world.source().read([arn]) == {arn: Sighting(arn)}


@every_textual_world
@pytest.mark.parametrize(
    "image",
    [f"{HOST}/team/app:1=4", f"{HOST}/Team/app:1.4", f"{HOST}/team/app@sha256:beef", f"{HOST}/team/app:${{TAG}}"],
)
def test_a_malformed_image_is_told_as_it_is_written(kind: type[SourceWorld], image: str) -> None:
    world = kind()
    arn = world.add("work-1", image)

    for answer in (told(world.source())[arn], world.source().read([arn])[arn]):
        assert isinstance(answer, Sighting)
        assert answer.workloads == ()
        assert [bad.text for bad in answer.bad_images] == [image]
        assert "work-1" in answer.bad_images[0].subject


@every_world
def test_a_source_that_is_denied_is_never_an_empty_one(kind: type[SourceWorld]) -> None:
    world = kind()
    world.add("work-1", IMAGE)
    for action in world.actions:
        world.deny(action)

    with pytest.raises(UnreadableError) as caught:
        world.source().page("")

    assert caught.value.unknown.reason is UnknownReason.ACCESS_DENIED
    assert any(action in caught.value.unknown.detail for action in world.actions)


@every_world
def test_a_workload_that_may_not_be_read_is_unknown_and_not_gone(kind: type[SourceWorld]) -> None:
    world = kind()
    arn = world.add("work-1", IMAGE)
    for action in world.actions:
        world.deny(action)

    answer = world.source().read([arn])[arn]

    assert isinstance(answer, Unknown)
    assert answer.reason is UnknownReason.ACCESS_DENIED
    assert any(action in answer.detail for action in world.actions)


@every_action
def test_each_action_that_is_denied_is_named(kind: type[SourceWorld], action: str) -> None:
    world = kind()
    world.fill()
    world.deny(action)

    found = unknowns(world.source())

    assert any(each.reason is UnknownReason.ACCESS_DENIED and action in each.detail for each in found), found


@every_action
@pytest.mark.parametrize(
    ("error", "reason"),
    [(THROTTLED, UnknownReason.THROTTLED), (BROKEN, UnknownReason.UNAVAILABLE)],
    ids=["throttled", "broken"],
)
def test_a_call_that_may_work_later_ends_the_reading(
    kind: type[SourceWorld], action: str, error: Exception, reason: UnknownReason
) -> None:
    world = kind()
    world.fill()
    world.fail(action, error)

    with pytest.raises(UnreadableError) as caught:
        told(world.source())

    assert caught.value.unknown.reason is reason
    assert action in caught.value.unknown.detail
    assert world.called.count(action) == 1


@every_world
def test_a_throttled_reading_is_an_error_and_no_answer(kind: type[SourceWorld]) -> None:
    world = kind()
    arn = world.add("work-1", IMAGE)
    for action in world.actions:
        world.fail(action, THROTTLED)

    with pytest.raises(UnreadableError) as caught:
        world.source().read([arn])

    assert caught.value.unknown.reason is UnknownReason.THROTTLED


@every_world
def test_a_fresh_source_goes_on_where_another_was_cut(kind: type[SourceWorld]) -> None:
    world = kind()
    added = [world.add(f"work-{each:03}", IMAGE) for each in range(120)]
    first = world.source().page("")
    assert first.cursor
    for action in world.actions:
        world.fail(action, THROTTLED)
    with pytest.raises(UnreadableError) as caught:
        world.source().page(first.cursor)
    world.mend()

    rest = listed(world.source(), first.cursor)

    assert caught.value.unknown.reason is UnknownReason.THROTTLED
    assert sorted([*first.arns, *rest]) == sorted(added)


@every_world
def test_a_source_calls_the_actions_that_it_declares_and_no_others(kind: type[SourceWorld]) -> None:
    world = kind()
    world.fill()

    told(world.source())

    assert set(world.called) == set(world.actions)


@every_world
def test_each_call_waits_for_its_turn(kind: type[SourceWorld]) -> None:
    world = kind()
    world.fill()
    turns: list[str] = []

    told(world.source(Calls(pace=turns.append)))

    assert turns == world.called


@every_world
def test_a_page_that_repeats_is_unknown_and_not_endless(kind: type[SourceWorld]) -> None:
    world = kind()
    world.add("work-1", IMAGE)
    world.stick()

    with pytest.raises(UnreadableError, match="gave the same page twice") as caught:
        listed(world.source())

    assert caught.value.unknown.reason is UnknownReason.UNAVAILABLE


@every_world
def test_a_service_that_its_region_does_not_have_is_absent(kind: type[SourceWorld]) -> None:
    world = kind()
    for action in world.actions:
        world.fail(action, UNRESOLVED)

    with pytest.raises(AbsentError):
        world.source(Calls(absent=True)).page("")
    with pytest.raises(UnreadableError) as caught:
        world.source().page("")

    assert caught.value.unknown.reason is UnknownReason.UNAVAILABLE
