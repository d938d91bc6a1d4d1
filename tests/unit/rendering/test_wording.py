"""The sentences that e-mail, chat and Slack share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.alerts import CASES

from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.verdict import Judgement
from ecrguard.rendering import chat, document, email, slack, wording

DENIED, INVALID = UnknownReason.ACCESS_DENIED, UnknownReason.POLICY_INVALID
THROTTLED, MALFORMED = UnknownReason.THROTTLED, UnknownReason.MANIFEST_MALFORMED
MEND = "Mend the cause, then send the push again from the dead-letter queue (docs/deploy.md)."
WAIT = "It is kept in the dead-letter queue: send it again when the cause is over (docs/deploy.md)."
PUSH = "Push the image again: asking ECR again gives the same answer."


def untold(*reasons: UnknownReason, case: str = "not-told") -> document.AlertDocument:
    """The document of an alert with these unknowns; each has its reason for a detail."""
    alert = CASES[case]
    unknowns = tuple(Unknown(reason, reason.value) for reason in reasons)
    return document.render(replace(alert, verdict=replace(alert.verdict, unknowns=unknowns)))


@pytest.mark.parametrize(
    ("reasons", "steps"),
    [
        ((), []),
        ((DENIED,), [MEND]),
        ((THROTTLED,), [WAIT]),
        ((MALFORMED,), [PUSH]),
        ((DENIED, INVALID), [MEND]),
        ((THROTTLED, DENIED), [MEND]),
        ((DENIED, MALFORMED), [PUSH, MEND]),
        ((THROTTLED, MALFORMED), [PUSH, WAIT]),
    ],
)
def test_what_to_do_about_an_unknown(reasons: tuple[UnknownReason, ...], steps: list[str]) -> None:
    rendered = untold(*reasons)
    assert [step["text"] for step in wording.steps(rendered)] == steps
    assert chat.render(rendered)["content"]["nextSteps"] == steps
    text = " ".join(email.body(rendered).split())
    assert ("What to do" in text) is bool(steps)
    assert all(f"- {step}" in text for step in steps)
    assert all(f"• {step}" in str(slack.render(rendered)) for step in steps)


def test_a_mismatch_is_mended_whatever_else_could_not_be_told() -> None:
    steps = wording.steps(untold(DENIED, THROTTLED, MALFORMED, case="pushed-from-a-mac"))
    assert steps
    assert all(step["command"] for step in steps)


def test_a_remedy_of_several_findings_is_told_once() -> None:
    rendered = document.render(CASES["index-without-a-platform"])
    first, second = (finding["remedy"] for finding in rendered["findings"][:2])
    assert first == second == wording.steps(rendered)


def test_what_the_explanation_says_is_not_said_again() -> None:
    denied = document.render(CASES["not-told"])
    assert len(denied["unknowns"]) == 1
    assert wording.unknowns(denied) == []
    assert email.body(denied).count("ecr:BatchGetImage was denied") == 1
    assert "What could not be told" not in email.body(denied)
    assert str(slack.render(denied)["blocks"]).count("ecr:BatchGetImage was denied") == 1


def test_what_a_finding_says_is_not_said_again() -> None:
    hostless = document.render(CASES["hostless-service"])
    assert len(hostless["unknowns"]) == 1
    assert wording.unknowns(hostless) == []


def test_more_than_the_explanation_says_is_said() -> None:
    assert [unknown["reason"] for unknown in wording.unknowns(untold(DENIED, THROTTLED))] == [DENIED, THROTTLED]
    elsewhere = untold(DENIED, case="hostless-service")
    assert [unknown["reason"] for unknown in wording.unknowns(elsewhere)] == [DENIED]


def test_severities_can_be_told_apart() -> None:
    warned = document.render(CASES["with-a-warning"])
    unknown = document.render(CASES["hostless-service"])
    assert "`ECS service lab/search, container app` (warning) needs" in chat.render(warned)["content"]["description"]
    assert "`ECS service prod/search, container app` needs" in chat.render(warned)["content"]["description"]
    assert "`ECS service prod/web, container app` (unknown) needs" in chat.render(unknown)["content"]["description"]
    signs = [
        [block["text"]["text"].split()[0] for block in slack.render(each)["blocks"] if " needs `" in str(block)]
        for each in (warned, unknown)
    ]
    assert signs == [[":x:", ":warning:"], [":grey_question:"]]


def test_command_that_chat_would_change_is_left_out() -> None:
    rendered = document.render(CASES["pushed-from-a-mac"])
    whole = chat.render(rendered)["content"]["nextSteps"]
    for odd in ("`id`", "<!channel>", "@here", "x" * 1000):
        rendered["findings"][0]["remedy"][0]["command"] = f"docker push {odd}"
        assert chat.render(rendered)["content"]["nextSteps"] == whole[1:]


def test_what_a_stale_inventory_may_have_missed_is_said_by_each() -> None:
    stale = document.render(CASES["stale-inventory"])
    said = "the inventory of lambda was last read completely at 2026-11-23 19:00 UTC"
    shown = (
        email.body(stale),
        chat.render(stale)["content"]["description"],
        str(slack.render(stale)["blocks"]),
    )
    for text in shown:
        assert said in " ".join(text.split())
        assert "inventory_stale" in text


def test_a_changed_workload_is_what_the_alert_is_about_and_nothing_is_said_to_be_pushed() -> None:
    changed = document.render(CASES["changed-workload"])
    named = "Platform mismatch: ECS service prod/api, container app"
    assert wording.heading(changed) == f"🚨 {named}"
    assert email.subject(changed) == named
    assert chat.render(changed)["content"]["title"] == f"🚨 {named}"
    assert slack.render(changed)["blocks"][0]["text"]["text"] == f"🚨 {named}"
    explanation = (
        "ECS service prod/api, container app, was changed and names shop/api:3.0, which is built for linux/arm64; it "
        "needs linux/amd64"
    )
    assert wording.headline(changed) == explanation
    assert email.short(changed).startswith("ecrguard: ECS service prod/api, container app, was changed and names")
    for text in (email.body(changed), str(chat.render(changed)), str(slack.render(changed))):
        assert f"{explanation}." in " ".join(text.split())
        assert "Pushed" not in text


def test_a_changed_workload_that_cannot_be_judged_is_in_no_dead_letter_queue() -> None:
    changed = CASES["changed-workload"]
    verdict = replace(changed.verdict, judgement=Judgement.UNKNOWN, findings=(), unknowns=(Unknown(DENIED, "why"),))
    assert wording.steps(document.render(replace(changed, verdict=verdict))) == []


def test_a_workload_of_a_kind_that_is_newer_than_the_reader_is_named_all_the_same() -> None:
    changed = document.render(CASES["changed-workload"])
    assert changed["workload"]
    changed["workload"]["kind"] = "new-thing"
    assert wording.about(changed) == "new-thing prod/api"


def test_an_index_that_is_not_taken_is_called_that_and_no_platform_mismatch() -> None:
    rejected = document.render(CASES["index-for-a-function"])
    said = "shop/thumbnails:5 is an index for linux/amd64 and linux/arm64"
    assert email.subject(rejected) == "Image format mismatch: shop/thumbnails:5"
    assert wording.headline(rejected) == f"{said}; Lambda function thumbnails needs a single image for linux/amd64"


@pytest.mark.parametrize("case", [case for case, alert in CASES.items() if alert.kind is AlertKind.ALERT])
def test_only_a_mismatch_or_an_unknown_is_alerted(case: str) -> None:
    assert CASES[case].verdict.judgement in (Judgement.MISMATCH, Judgement.UNKNOWN)
