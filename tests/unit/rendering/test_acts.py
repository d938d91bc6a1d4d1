"""What is said of what was done, refused and put off, and of what follows an alert, in every rendering."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.alerts import CASES

from ecrguard.domain.action import Action
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.rendering import acts, chat, document, email, slack, wording

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "ecrguard-mismatch-0ce1418a8ba7"
DIGEST = CASES["archived"].push.digest
RELEASE = f"ecrguard release shop/web:latest@{DIGEST} --why 'WHY' --stack ecrguard"
ACTED = [case for case, alert in CASES.items() if alert.outcome != Outcome()]
FOLLOWS = {case: alert for case, alert in CASES.items() if alert.kind is not AlertKind.ALERT}


def shown(rendered: document.AlertDocument) -> dict[str, str]:
    """Everything that each reader is shown, on one line, with the markup that stands around names taken off."""
    notification = chat.render(rendered)["content"]
    return {
        "e-mail": " ".join(email.body(rendered).split()),
        "chat": " ".join([notification["title"], notification["description"], *notification["nextSteps"]]),
        "slack": " ".join(_texts(slack.render(rendered)["blocks"])),
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def done(*all_done: Done, case: str = "tagged-by-policy") -> document.AlertDocument:
    return document.render(replace(CASES[case], outcome=Outcome(all_done)))


@pytest.mark.parametrize("case", ACTED)
def test_every_reader_is_told_what_was_done_refused_and_put_off_and_how_to_undo_it(case: str) -> None:
    rendered = document.render(CASES[case])
    actions = rendered["actions"]
    said = [acts.done(rendered, entry) for entry in actions["done"]]
    said += [acts.refused(entry) for entry in actions["refused"]]
    said += [acts.later(rendered)] if actions["later"] else []
    said += [entry["undo"] for entry in actions["done"] if entry["undo"]]
    for reader, text in shown(rendered).items():
        for each in said:
            assert each in text, reader


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (Done(Action.TAG, Result.DONE, MARKER), f"put the tag {MARKER} beside 3.13-slim"),
        (Done(Action.TAG, Result.ALREADY_DONE, MARKER), f"put the tag {MARKER} beside 3.13-slim (found so already)"),
        (Done(Action.QUARANTINE, Result.DONE, "latest is taken off x"), "latest is taken off x"),
        (Done(Action.QUARANTINE, Result.DONE, ""), "quarantined"),
        (Done(Action.ARCHIVE, Result.DONE, DIGEST), f"archived {DIGEST}"),
        (Done(Action.DELETE, Result.ALREADY_DONE, DIGEST), f"deleted {DIGEST} (found so already)"),
    ],
)
def test_what_was_done_in_words(one: Done, sentence: str) -> None:
    rendered = done(one)
    assert acts.done(rendered, rendered["actions"]["done"][0]) == sentence


def test_the_marker_is_not_beside_a_tag_that_the_image_has_no_more() -> None:
    for text in shown(document.render(CASES["quarantined-moved-back"])).values():
        assert f"put the tag {MARKER} on the image" in text
        assert "beside" not in text


def test_one_command_undoes_all_of_it_and_is_shown_once() -> None:
    rendered = document.render(CASES["quarantined-moved-back"])
    assert [entry["undo"] for entry in rendered["actions"]["done"]] == [RELEASE, RELEASE]
    for text in shown(rendered).values():
        assert text.count(RELEASE) == 1
    # Never wrapped: it is copied as it stands.
    assert f"\n      {RELEASE}\n" in email.body(rendered)


def test_an_undo_that_chat_would_change_is_left_out_and_others_are_not_crowded_out() -> None:
    rendered = document.render(CASES["quarantined-moved-back"])
    remedy = rendered["findings"][0]["remedy"][0]
    rendered["findings"][0]["remedy"] = [{**remedy, "command": f"docker push {number}"} for number in range(9)]
    steps = chat.render(rendered)["content"]["nextSteps"]
    assert len(steps) == chat.MAX_STEPS
    assert RELEASE in steps[-1]
    for entry in rendered["actions"]["done"]:
        entry["undo"] = "ecrguard release `id`"
    assert not any("ecrguard release" in step for step in chat.render(rendered)["content"]["nextSteps"])


def test_what_was_done_is_shown_however_long_the_rest_is() -> None:
    alert = CASES["to-be-deleted"]
    finding = replace(alert.verdict.findings[0], requirement="linux/amd64 " * 90, prediction="It stops. " * 140)
    verdict = replace(alert.verdict, explanation="long " * 199, findings=(finding,) * 60)
    for reader, text in shown(document.render(replace(alert, verdict=verdict))).items():
        assert f"latest stands for {alert.outcome.done[1].detail.split()[3]} again" in text, reader
        assert "The image will be deleted after the next full reading of the workloads" in text, reader
        assert RELEASE in text, reader


def test_what_is_put_off_is_said_as_it_is() -> None:
    alert = CASES["to-be-deleted"]
    planned = "The image will be deleted after the next full reading of the workloads, unless something is found to "
    assert acts.later(document.render(alert)) == f"{planned}use it by then."
    refusal = Refusal(Action.DELETE, RefusalReason.INVENTORY_STALE, "Not read.")
    waits = replace(alert, kind=AlertKind.ACTION, outcome=Outcome((), (refusal,), Action.DELETE))
    said = "Whether it can be deleted is looked at again after the next full reading of the workloads."
    assert acts.later(document.render(waits)) == said
    assert acts.later(document.render(CASES["kept"])) == ""


@pytest.mark.parametrize(
    ("case", "tail"),
    [
        ("pushed-from-a-mac", "needs linux/amd64"),
        ("tagged-by-policy", "; marked"),
        ("quarantined-tag-removed", "; quarantined"),
        ("refused-in-use", "; not quarantined (in_use)"),
        ("to-be-deleted", "; quarantined, to be deleted"),
        ("kept", "was not archived (other_tags)"),
    ],
)
def test_a_text_message_ends_with_what_was_done(case: str, tail: str) -> None:
    rendered = document.render(CASES[case])
    assert email.short(rendered).endswith(tail)
    rendered["image"]["repository"] = "a-long-name/" * 20
    assert len(email.short(rendered)) <= 140
    assert email.short(rendered).endswith(tail) or rendered["kind"] != "alert" or not tail.startswith(";")


SHORT = f"shop/web@{DIGEST[:19]}"
BUILT = "The image is built for linux/amd64 and linux/arm64, and that meets all that is required of it"
CHANGED = "ECS service prod/api, container app, was changed and names shop/api:3.1, which is built for linux/amd64"
JOB = "arn:aws:sts::111122223333:assumed-role/release-pipeline/build-4711"
PUSHED = f"{JOB} pushed shop/web:latest at 2026-11-25 02:00:01 UTC, by way of ecr.amazonaws.com"
WRONG_WEB = (
    "It was alerted at 2026-11-25 02:00 UTC: The image is built for linux/arm64; ECS service prod/web, container app "
    "needs linux/amd64"
)
WRONG_API = (
    "It was alerted at 2026-11-24 02:00 UTC: ECS service prod/api, container app, was changed and names shop/api:3.0, "
    "which is built for linux/arm64; it needs linux/amd64"
)
NEWS = {
    "resolved": ("✅ Right again: shop/web:latest", f"shop/web:latest is right again. {BUILT}. {WRONG_WEB}"),
    "resolved-workload": (
        "✅ Right again: ECS service prod/api, container app",
        f"Right again: {CHANGED}, and it runs that. {WRONG_API}",
    ),
    "pusher": ("👤 Who pushed it: shop/web:latest", PUSHED),
    "archived": (f"📦 Archived: {SHORT}", f"{SHORT}, pushed as latest, was archived"),
    "deleted": (f"🗑 Deleted: {SHORT}", f"{SHORT}, pushed as latest, was deleted"),
    "kept": (f"✋ Kept: {SHORT}", f"{SHORT}, pushed as latest, was not archived (other_tags)"),
}


@pytest.mark.parametrize("case", FOLLOWS)
def test_what_follows_says_what_is_new(case: str) -> None:
    heading, headline = NEWS[case]
    rendered = document.render(CASES[case])
    assert wording.heading(rendered) == heading
    assert wording.headline(rendered) == headline
    assert chat.render(rendered)["content"]["title"] == heading
    assert slack.render(rendered)["blocks"][0]["text"]["text"] == heading
    assert slack.render(rendered)["text"] == f"{heading[0]} {headline}"
    for text in shown(rendered).values():
        assert f"{headline}." in text


def test_what_could_be_done_only_in_a_later_try_follows_too() -> None:
    quarantined = replace(CASES["quarantined-moved-back"], kind=AlertKind.ACTION, thread="1" * 36)
    rendered = document.render(quarantined)
    assert wording.heading(rendered) == f"🔒 Quarantined: shop/web@{DIGEST[:19]}"
    assert wording.headline(rendered) == f"shop/web@{DIGEST[:19]}, pushed as latest, was marked and quarantined"


@pytest.mark.parametrize("case", FOLLOWS)
def test_what_follows_leaves_findings_and_steps_to_its_alert(case: str) -> None:
    alert = CASES["pushed-from-a-mac"]
    rendered = document.render(replace(FOLLOWS[case], verdict=alert.verdict))
    step = wording.steps(document.render(alert))[0]["command"]
    assert step
    for text in shown(rendered).values():
        assert step not in text
        assert alert.verdict.findings[0].prediction not in text


@pytest.mark.parametrize("case", FOLLOWS)
def test_what_follows_names_its_alert(case: str) -> None:
    rendered = document.render(FOLLOWS[case])
    assert rendered["thread"] == FOLLOWS[case].thread != rendered["id"]
    assert email.body(rendered).endswith(f"Alert:       {rendered['thread']}\n")
    assert f"alert {rendered['thread']}" in shown(rendered)["slack"]
    notification = chat.render(rendered)
    assert notification["id"] == rendered["id"]
    assert notification["metadata"]["threadId"] == rendered["thread"]
    assert notification["metadata"]["eventType"] == f"ecrguard-{rendered['kind']}"


def test_who_pushed_is_in_the_alert_where_that_is_known_by_then() -> None:
    for text in shown(document.render(CASES["quarantined-moved-back"])).values():
        assert JOB in text
        assert "2026-11-25 02:00:01 UTC, from 203.0.113.7, with containerd/2.1.4" in text


def test_an_image_that_is_gone_is_not_linked() -> None:
    for text in shown(document.render(CASES["deleted"])).values():
        assert "console.aws" not in text
    for text in shown(document.render(CASES["archived"])).values():
        assert "console.aws" in text


def test_a_kind_that_is_newer_than_the_reader_is_shown_all_the_same() -> None:
    rendered = document.render(CASES["resolved"])
    rendered["kind"] = "escalated"
    assert wording.heading(rendered) == "🔔 More on an alert: shop/web:latest"
    assert wording.headline(rendered).startswith("shop/web:latest: The image is built for")
    assert email.subject(rendered) == "Re: Platform mismatch: shop/web:latest"
