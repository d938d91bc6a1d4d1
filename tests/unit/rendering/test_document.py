from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.alert_schema import assert_valid, schema
from tests.alerts import CASES

from ecrguard.domain.action import Action
from ecrguard.domain.image import Cure, Evidence, ImageKind, Unknown, UnknownReason
from ecrguard.domain.plan import RefusalReason, Result
from ecrguard.domain.push import Arrival
from ecrguard.domain.verdict import Failure, Judgement, Reason, Remedy, Severity, SubjectKind
from ecrguard.domain.workload import WorkloadKind
from ecrguard.rendering import document, reading

if TYPE_CHECKING:
    from enum import StrEnum

MAC, NOT_TOLD, CHANGED = CASES["pushed-from-a-mac"], CASES["not-told"], CASES["changed-workload"]


@pytest.mark.parametrize(
    ("path", "enum"),
    [
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
    assert document.alert_id(later) == document.alert_id(MAC)
    other_tag = replace(MAC, push=replace(MAC.push, tag="latest"))
    unknown = replace(MAC, verdict=replace(MAC.verdict, judgement=Judgement.UNKNOWN))
    other_event = replace(MAC, push=replace(MAC.push, event_id="another"))
    ids = {document.alert_id(alert) for alert in (MAC, other_tag, unknown, other_event)}
    assert len(ids) == 4


def test_id_is_another_where_something_else_could_not_be_told() -> None:
    def told(*reasons: UnknownReason) -> str:
        unknowns = tuple(Unknown(reason, "why") for reason in reasons)
        return document.alert_id(replace(NOT_TOLD, verdict=replace(NOT_TOLD.verdict, unknowns=unknowns)))

    denied, throttled = UnknownReason.ACCESS_DENIED, UnknownReason.THROTTLED
    assert len({told(), told(denied), told(throttled), told(denied, throttled)}) == 4
    assert told(denied, throttled) == told(throttled, denied, denied), "in whichever order they were found"


def test_id_is_another_for_each_container_that_changed() -> None:
    assert CHANGED.workload
    other = replace(CHANGED, workload=replace(CHANGED.workload, container="proxy"))
    pushed = replace(CHANGED, workload=None)
    assert len({document.alert_id(alert) for alert in (CHANGED, other, pushed)}) == 3


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


@pytest.mark.parametrize("case", set(CASES) - {"changed-workload"})
def test_older_minor_version_is_read(case: str) -> None:
    """As it may have waited on the queue while the stack was updated."""
    rendered: dict[str, Any] = {**document.render(CASES[case]), "schemaVersion": "1.0"}
    del rendered["workload"]
    assert reading.parse(json.dumps(rendered)) == {**document.render(CASES[case]), "schemaVersion": "1.0"}


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
