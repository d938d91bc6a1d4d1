from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.alert_schema import SCHEMA_FILE, assert_valid, schema
from tests.alerts import CASES

from ecrguard.domain.action import Action
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Cure, Evidence, ImageKind, Unknown, UnknownReason
from ecrguard.domain.plan import Outcome, RefusalReason, Result
from ecrguard.domain.push import Arrival
from ecrguard.domain.verdict import Failure, Judgement, Reason, Remedy, Severity, SubjectKind
from ecrguard.domain.workload import WorkloadKind
from ecrguard.rendering import document, reading
from ecrguard.rendering.identity import alert_id

if TYPE_CHECKING:
    from enum import StrEnum

DOCUMENTATION = SCHEMA_FILE.with_name("alerts.md")
MAC, NOT_TOLD, CHANGED = CASES["pushed-from-a-mac"], CASES["not-told"], CASES["changed-workload"]


@pytest.mark.parametrize(
    ("path", "enum"),
    [
        ("properties/kind", AlertKind),
        ("properties/arrival", Arrival),
        ("$defs/workload/properties/kind", WorkloadKind),
        ("$defs/image/properties/kind", ImageKind),
        ("$defs/offer/properties/evidence", Evidence),
        ("$defs/verdict/properties/judgement", Judgement),
        ("$defs/verdict/properties/reason", Reason),
        ("$defs/subject/properties/kind", SubjectKind),
        ("$defs/finding/properties/severity", Severity),
        ("$defs/finding/properties/failure", Failure),
        ("$defs/unknown/properties/reason", UnknownReason),
        ("$defs/unknown/properties/cure", Cure),
        ("$defs/done/properties/action", Action),
        ("$defs/done/properties/result", Result),
        ("$defs/refused/properties/action", Action),
        ("$defs/refused/properties/reason", RefusalReason),
    ],
)
def test_schema_lists_every_value(path: str, enum: type[StrEnum]) -> None:
    found: Any = schema()
    for step in path.split("/"):
        found = found[step]
    missing = {member.value for member in enum} ^ {value for value in found["enum"] if value is not None}
    assert not missing, "add it to docs/alert.schema.json, under the rules in docs/alerts.md"


def test_schema_lists_what_may_be_done_later() -> None:
    taking = {action.value for action in Action if action.takes_the_image}
    assert set(schema()["properties"]["actions"]["properties"]["later"]["enum"]) == {*taking, None}


@pytest.mark.parametrize("enum", [RefusalReason, AlertKind, Action])
def test_the_documentation_has_every_value(enum: type[StrEnum]) -> None:
    text = DOCUMENTATION.read_text()
    # An alert is what all of it is about.
    missing = [member.value for member in enum if member != "alert" and f"\n| `{member}` |" not in text]
    assert not missing, "add a row to docs/alerts.md"


def test_schema_lets_nothing_else_through() -> None:
    objects = [schema(), *(each for each in schema()["$defs"].values() if each.get("type") == "object")]
    for each in objects:
        assert each["additionalProperties"] is False
        assert set(each["required"]) == set(each["properties"])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "no-uuid"},
        {"judgedAt": "2026-13-40T02:00:00.000Z"},
        {"schemaVersion": "2.0"},
        {"surprise": 1},
        {"arrival": "teleported"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_validation_notices(change: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        assert_valid({**document.render(MAC), **change})


def test_absent_is_null_never_left_out() -> None:
    untagged = replace(MAC, push=replace(MAC.push, tag="", digest=""), image=None)
    rendered = document.render(untagged)
    assert_valid(rendered)
    image = rendered["image"]
    assert (image["tag"], image["digest"], image["kind"], image["mediaType"]) == (None, None, None, None)
    assert image["uri"] == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web"
    assert rendered["policyRule"] is None


def test_id_is_that_of_the_event_and_its_judgement() -> None:
    later = replace(MAC, time=MAC.time.replace(hour=3))
    assert alert_id(later) == alert_id(MAC)
    other_tag = replace(MAC, push=replace(MAC.push, tag="latest"))
    unknown = replace(MAC, verdict=replace(MAC.verdict, judgement=Judgement.UNKNOWN))
    other_event = replace(MAC, push=replace(MAC.push, event_id="another"))
    ids = {alert_id(alert) for alert in (MAC, other_tag, unknown, other_event)}
    assert len(ids) == 4


def test_id_is_another_where_something_else_could_not_be_told() -> None:
    def told(*reasons: UnknownReason) -> str:
        unknowns = tuple(Unknown(reason, "why") for reason in reasons)
        return alert_id(replace(NOT_TOLD, verdict=replace(NOT_TOLD.verdict, unknowns=unknowns)))

    denied, throttled = UnknownReason.ACCESS_DENIED, UnknownReason.THROTTLED
    assert len({told(), told(denied), told(throttled), told(denied, throttled)}) == 4
    assert told(denied, throttled) == told(throttled, denied, denied), "in whichever order they were found"


def test_id_is_another_for_each_container_that_changed() -> None:
    assert CHANGED.workload
    other = replace(CHANGED, workload=replace(CHANGED.workload, container="proxy"))
    pushed = replace(CHANGED, workload=None)
    assert len({alert_id(alert) for alert in (CHANGED, other, pushed)}) == 3


FOLLOWS = [case for case, alert in CASES.items() if alert.kind is not AlertKind.ALERT]


@pytest.mark.parametrize("case", FOLLOWS)
def test_what_follows_has_an_id_of_its_own_whenever_it_is_said(case: str) -> None:
    follows = CASES[case]
    again = replace(follows, time=follows.time.replace(hour=23), push=replace(follows.push, event_id="another"))
    assert alert_id(follows) == alert_id(again) != follows.thread
    kinds = {alert_id(replace(follows, kind=kind)) for kind in AlertKind}
    elsewhere = replace(follows, thread=str(uuid.UUID(int=7)))
    assert len({*kinds, alert_id(elsewhere)}) == len(AlertKind) + 1


def test_id_of_what_follows_is_that_of_what_it_says() -> None:
    kept, pusher, resolved = CASES["kept"], CASES["pusher"], CASES["resolved"]
    assert pusher.pusher
    (refusal,) = kept.outcome.refusals
    used = replace(refusal, reason=RefusalReason.IN_USE)
    reworded = replace(kept, outcome=Outcome((), (replace(refusal, detail="In other words."),)))
    assert alert_id(reworded) == alert_id(kept)
    ids = [
        alert_id(each)
        for each in (
            kept,
            replace(kept, outcome=Outcome((), (used,))),
            replace(kept, outcome=Outcome((), (refusal,), Action.ARCHIVE)),
            replace(kept, outcome=CASES["archived"].outcome),
            pusher,
            replace(pusher, pusher=replace(pusher.pusher, arn="arn:aws:iam::111122223333:user/ann")),
            resolved,
            replace(resolved, push=replace(resolved.push, digest=f"sha256:{'e' * 64}")),
        )
    ]
    assert len(set(ids)) == len(ids)


def test_who_pushed_and_what_comes_later_do_not_change_the_id_of_an_alert() -> None:
    alert = CASES["quarantined-moved-back"]
    plain = replace(alert, pusher=None, outcome=Outcome())
    assert alert_id(plain) == alert_id(alert)


def test_pusher_is_told_with_null_for_what_is_not_known() -> None:
    alert = CASES["quarantined-moved-back"]
    assert alert.pusher
    assert document.render(alert)["pusher"] == {
        "arn": "arn:aws:sts::111122223333:assumed-role/release-pipeline/build-4711",
        "address": "203.0.113.7",
        "agent": "containerd/2.1.4",
        "time": "2026-11-25T02:00:01.000Z",
    }
    bare = document.render(replace(alert, pusher=replace(alert.pusher, address="", agent="\x00")))
    assert_valid(bare)
    assert bare["pusher"]
    assert (bare["pusher"]["address"], bare["pusher"]["agent"]) == (None, None)


def test_the_workload_that_was_changed_is_named_and_null_where_an_image_arrived() -> None:
    assert document.render(MAC)["workload"] is None
    rendered = document.render(CHANGED)
    assert rendered["arrival"] == "deployed"
    assert rendered["workload"] == {
        "kind": "ecs-service",
        "name": "prod/api",
        "arn": "arn:aws:ecs:eu-west-1:111122223333:service/prod/api",
        "container": "app",
    }


def test_remedies_are_text_and_command() -> None:
    remedy = (Remedy("Ask for it."), Remedy("Run:", "docker push x"), Remedy("\n", "\x00"))
    finding = replace(MAC.verdict.findings[0], remedy=remedy)
    rendered = document.render(replace(MAC, verdict=replace(MAC.verdict, findings=(finding,))))
    assert_valid(rendered)
    assert rendered["findings"][0]["remedy"] == [
        {"text": "Ask for it.", "command": None},
        {"text": "Run:", "command": "docker push x"},
    ]


def test_many_findings_keep_the_first_and_count_the_rest() -> None:
    findings = tuple(
        replace(MAC.verdict.findings[0], requirement=f"requirement {number}", prediction="x" * 1500)
        for number in range(1000)
    )
    rendered = document.render(replace(MAC, verdict=replace(MAC.verdict, findings=findings)))
    assert_valid(rendered)
    kept = len(rendered["findings"])
    assert 10 < kept <= document.MAX_FINDINGS
    assert rendered["findingsOmitted"] == 1000 - kept
    assert [finding["requirement"] for finding in rendered["findings"]] == [f"requirement {n}" for n in range(kept)]


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east-1", "https://us-east-1.console.aws.amazon.com/ecr/"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/ecr/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/ecr/"),
        ("eusc-de-east-1", "https://eusc-de-east-1.console.amazonaws-eusc.eu/ecr/"),
        ("us-iso-east-1", None),
    ],
)
def test_console_of_each_partition(region: str, url: str | None) -> None:
    moved = replace(MAC, push=replace(MAC.push, registry=replace(MAC.push.registry, region=region)))
    found = document.render(moved)["image"]["consoleUrl"]
    assert found is None if url is None else found is not None and found.startswith(url)


@pytest.mark.parametrize("case", CASES)
def test_newer_minor_version_is_read(case: str) -> None:
    rendered: dict[str, Any] = {**document.render(CASES[case]), "schemaVersion": "1.7", "new": {"property": 1}}
    rendered["verdict"] = {**rendered["verdict"], "reason": "a_new_reason"}
    assert reading.parse(json.dumps(rendered))["verdict"]["reason"] == "a_new_reason"


OLDER = [case for case, alert in CASES.items() if alert.kind is AlertKind.ALERT and alert.workload is None]


@pytest.mark.parametrize("case", OLDER)
@pytest.mark.parametrize(
    ("version", "lacking"), [("1.0", ["workload", "kind", "thread", "pusher"]), ("1.1", ["kind", "thread", "pusher"])]
)
def test_older_minor_version_is_read(case: str, version: str, lacking: list[str]) -> None:
    """As it may have waited on the queue while the stack was updated."""
    alert = replace(CASES[case], pusher=None, outcome=replace(CASES[case].outcome, later=None))
    rendered: dict[str, Any] = {**document.render(alert), "schemaVersion": version}
    expected = json.loads(json.dumps(rendered))
    for name in lacking:
        del rendered[name]
    del rendered["actions"]["later"]
    assert reading.parse(json.dumps(rendered)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "in JSON"),
        ("{", "in JSON"),
        ("[" * 100_000, "in JSON"),
        ("[]", "a JSON object"),
        ("{}", "schemaVersion 1.x, got None"),
        ('{"schemaVersion": "2.0"}', "schemaVersion 1.x, got '2.0'"),
        ('{"schemaVersion": 1}', "schemaVersion 1.x, got 1"),
        ('{"schemaVersion": "1.0"}', "expected 'id' in the document"),
        ('{"Type": "Notification", "Message": "hello"}', "in JSON"),
        ('{"Type": "Notification", "Message": 7}', "schemaVersion"),
    ],
)
def test_foreign_message_is_named(text: str, expected: str) -> None:
    with pytest.raises(reading.MalformedDocumentError, match=expected):
        reading.parse(text)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("image",), [], "an object at the document.image"),
        (("image", "repository"), None, "a text at the document.image.repository"),
        (("image", "tag"), 7, "a text or null at the document.image.tag"),
        (("thread",), None, "a text at the document.thread"),
        (("pusher",), "x", "an object at the document.pusher"),
        (("actions", "later"), 7, "a text or null at the document.actions.later"),
        (("actions",), [], "an object at the document.actions"),
        (("workload",), "x", "an object at the document.workload"),
        (("workload",), {"kind": "ecs-service"}, "expected 'name' in the document.workload"),
        (("findings",), {}, "a list at the document.findings"),
        (("findingsOmitted",), True, "a whole number at the document.findingsOmitted"),
        (("findings", 0, "remedy", 0), "x", r"an object at the document.findings\[0\].remedy\[0\]"),
        (("findings", 0, "remedy", 0), {}, r"expected 'text' in the document.findings\[0\].remedy\[0\]"),
        (("findings", 0, "remedy", 0, "command"), 7, r"a text or null at the document.findings\[0\].remedy\[0\]"),
    ],
)
def test_wrong_type_is_named_with_its_place(path: tuple[str | int, ...], value: object, expected: str) -> None:
    rendered = json.loads(document.encode(document.render(MAC)))
    place = rendered
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(reading.MalformedDocumentError, match=expected):
        reading.parse(json.dumps(rendered))
