"""The benchmark of the inventory at sizes that take a moment: what is called, never how long it takes."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from bench.__main__ import PUSHES, SIZES, settings
from bench.account import Account
from bench.measured import Measured, Target, at_size, at_worst, targets
from bench.passes import Cost, Passes, least, scan_live
from localaws.terminal import Terminal

from bench import __main__ as command
from bench import plot, report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.pushes import PushFigures


@pytest.fixture(scope="module")
def measured() -> Sequence[Measured]:
    return [at_size(size, 3, Terminal(io.StringIO())) for size in (10, 200)]


def test_a_push_makes_the_same_calls_at_every_size(measured: Sequence[Measured]) -> None:
    small, large = (each.pushes for each in measured)

    assert small.calls == large.calls
    assert small.items == large.items == [11, 10, 10]
    assert large.least["dynamodb:Query"] == 1
    assert large.most - large.least == {"dynamodb:Query": 1, "appconfigdata:GetLatestConfiguration": 1}
    assert not any(call.startswith("ecs:") for call in large.most)


def test_a_first_pass_makes_the_calls_that_it_cannot_do_without_and_no_others(measured: Sequence[Measured]) -> None:
    for each in measured:
        made = {call: number for call, number in each.passes.first.calls.items() if call.startswith("ecs:")}
        assert made == least(each.account)


def test_a_second_pass_reads_no_task_definition_and_writes_no_workload(measured: Sequence[Measured]) -> None:
    for each in measured:
        again = each.passes.second.calls
        assert again["ecs:DescribeTaskDefinition"] == again["dynamodb:TransactWriteItems"] == 0
        assert again["ecs:DescribeServices"] == each.passes.first.calls["ecs:DescribeServices"]


def test_a_pass_keeps_inside_the_throttles_and_a_live_scan_does_not(measured: Sequence[Measured]) -> None:
    first, later = scan_live(Account(1_000))

    assert measured[1].passes.first.throttled == 0
    assert first.throttled > 0
    assert first.of("ecs") == 1 + 10 + 100 + 500
    assert later.of("ecs") == 1 + 10 + 100


@pytest.mark.parametrize(
    ("account", "calls"),
    [
        (Account(1), (1, 1, 1, 1, 1, 1)),
        (Account(10), (1, 1, 1, 1, 1, 5)),
        (Account(1_001), (1, 11, 2, 101, 51, 501)),
        (Account(100_000), (1, 1_000, 100, 10_000, 5_000, 50_000)),
        (Account(101, per_cluster=1), (2, 101, 101, 101, 101, 51)),
    ],
    ids=lambda value: str(value.workloads) if isinstance(value, Account) else "",
)
def test_the_least_calls_follow_from_the_sizes(account: Account, calls: tuple[int, ...]) -> None:
    assert tuple(least(account).values()) == calls


def test_the_targets_of_calls_are_met(measured: Sequence[Measured]) -> None:
    same_calls, _, *passes = targets(measured)

    assert same_calls.met
    assert [target.met for target in passes] == [True, True]


def slower(figures: PushFigures) -> PushFigures:
    return replace(figures, milliseconds=[2 * each for each in figures.milliseconds])


def busier(figures: PushFigures) -> PushFigures:
    return replace(figures, calls=[each + each for each in figures.calls])


def longer(passes: Passes) -> Passes:
    return replace(passes, first=replace(passes.first, calls=passes.first.calls + least(Account(1))))


def missed(found: Sequence[Measured]) -> list[int]:
    return [number for number, target in enumerate(targets(found)) if not target.met]


def test_each_target_can_be_missed(measured: Sequence[Measured]) -> None:
    # Twice the same, so that no time decides.
    first, last = measured[0], replace(measured[1], pushes=measured[0].pushes)

    assert missed([first, last]) == []
    assert missed([first, replace(last, pushes=busier(last.pushes))]) == [0]
    assert missed([first, replace(last, pushes=slower(last.pushes))]) == [1]
    assert missed([first, replace(last, passes=longer(last.passes))]) == [3]


def test_a_repository_that_all_run_takes_a_query_for_each_megabyte() -> None:
    figures = at_worst(2_100, 1, Terminal(io.StringIO()))

    assert figures.items == [2_101]
    assert figures.calls[0]["dynamodb:Query"] == 2 + 1


def test_everything_is_said(measured: Sequence[Measured]) -> None:
    out = Terminal(io.StringIO())
    report.assumptions(out, measured[0])
    report.pushes(out, measured)
    report.passes(out, measured)
    report.operations(out, measured)
    report.worst(out, 200, measured[1].pushes)
    report.conclusions(out, measured, targets(measured))

    assert isinstance(out.stream, io.StringIO)
    said = out.stream.getvalue()
    assert "met: AWS calls per push are the same at every size: 12, and 14 with what is kept" in said
    assert "ecs:DescribeServiceRevisions" in said
    assert "NOT MET" not in said
    assert "134 calls of ECS; pages and distinct task definitions require 134" in said


def test_the_picture_has_a_point_for_each_size() -> None:
    picture = ET.fromstring(plot.draw([10, 1_000, 100_000], [3, 111, 61_001], [1, 1, 1]))  # noqa: S314 - of our own

    assert len(picture.findall("{*}circle")) == 6
    assert "live scan: 61,001" in [each.text for each in picture.findall("{*}text")]


@pytest.mark.parametrize("code", [0, 1])
def test_a_target_that_is_missed_is_said_and_is_the_exit_code(
    code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SIZES", "10")
    monkeypatch.setenv("PUSHES", "1")
    monkeypatch.setattr("sys.argv", ["bench", "--picture", str(tmp_path / "calls.svg")])
    monkeypatch.setattr(command, "targets", lambda _: [Target("something holds", met=code == 0)])

    assert command.main() == code

    assert f"{'NOT MET' if code else 'met'}: something holds\n" in capsys.readouterr().out
    assert ET.parse(tmp_path / "calls.svg").getroot().tag.endswith("svg")  # noqa: S314 - of our own


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (list(SIZES), PUSHES)),
        ({"SIZES": "", "PUSHES": ""}, (list(SIZES), PUSHES)),
        ({"SIZES": "200, 10", "PUSHES": "5"}, ([10, 200], 5)),
        ({"SIZES": "10 10"}, ([10], PUSHES)),
    ],
)
def test_sizes_and_pushes_come_from_the_environment(environ: dict[str, str], expected: tuple[list[int], int]) -> None:
    assert settings(environ) == expected


@pytest.mark.parametrize("environ", [{"SIZES": "many"}, {"SIZES": "0"}, {"PUSHES": "-1"}, {"PUSHES": "few"}])
def test_what_is_no_size_is_said(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        settings(environ)


def test_a_cost_is_of_its_service_alone() -> None:
    cost = Cost(least(Account(10)))
    assert (cost.of("ecs"), cost.of("ec"), cost.of("dynamodb")) == (10, 0, 0)
