"""Reading ECR's events: which arrivals they announce, and that nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.domain.marker import is_own_marker
from ecrguard.domain.push import Arrival
from ecrguard.domain.reference import Registry
from ecrguard.errors import MalformedEventError
from ecrguard.event import read_push

EVENTS = Path(__file__).parents[2] / "events"
WEB = "sha256:1b2c2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"
CHILD = "sha256:2c3d2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"
OTHER_CHILD = "sha256:3d4e2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"
CHART = "sha256:4e5f2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"
GRAFANA = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"


class Said(NamedTuple):
    arrival: Arrival
    repository: str
    digest: str
    tag: str


SAMPLES = {
    "push-single": Said(Arrival.PUSHED, "team/grafana", GRAFANA, "latest"),
    "push-index": Said(Arrival.PUSHED, "team/web", WEB, "1.4.2"),
    "push-untagged": Said(Arrival.PUSHED, "team/web", CHILD, ""),
    "push-untagged-no-tag-field": Said(Arrival.PUSHED, "team/web", OTHER_CHILD, ""),
    "push-without-digest": Said(Arrival.PUSHED, "team/web", "", "1.4.2"),
    "push-artifact": Said(Arrival.PUSHED, "charts/web", CHART, "0.3.0"),
    "push-own-marker": Said(Arrival.PUSHED, "team/grafana", GRAFANA, "ecrguard-mismatch-7f5b2640fe6f"),
    "replicated": Said(Arrival.REPLICATED, "team/web", WEB, "1.4.2"),
    "restored": Said(Arrival.RESTORED, "team/web", WEB, "1.4.2"),
    "restored-untagged": Said(Arrival.RESTORED, "team/web", WEB, ""),
}
NOT_HANDLED = ["not-handled-delete", "not-handled-archived", "not-handled-failed-push"]


def sample(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text()


def changed(**members: Any) -> str:
    """The sample of a push with members put otherwise or, by ``...``, left out; ``detail__x`` is one of its detail."""
    event = json.loads(sample("push-single"))
    for name, value in members.items():
        *path, last = name.replace("_", "-").split("--")
        holder = event[path[0]] if path else event
        holder.pop(last, None)
        if value is not ...:
            holder[last] = value
    return json.dumps(event)


@pytest.mark.parametrize(
    ("media_type", "artifact"),
    [
        ("", False),
        (None, False),
        ("application/vnd.docker.container.image.v1+json", False),
        ("application/vnd.oci.image.config.v1+json", False),
        ("application/vnd.cncf.helm.config.v1+json", True),
        ("application/vnd.wasm.config.v0+json", True),
    ],
)
def test_the_event_of_an_artifact_says_that_it_is_one(media_type: str | None, *, artifact: bool) -> None:
    event = json.loads((EVENTS / "push-single.json").read_text())
    event["detail"]["artifact-media-type"] = media_type

    assert read_push(json.dumps(event)).artifact is artifact


def test_every_sample_is_named_here() -> None:
    names = {path.stem for path in EVENTS.glob("*.json") if not path.stem.startswith(("change-", "pusher-"))}
    assert names == {*SAMPLES, *NOT_HANDLED}


@pytest.mark.parametrize(("name", "said"), SAMPLES.items(), ids=SAMPLES.keys())
def test_each_arrival_is_read_as_what_it_is(name: str, said: Said) -> None:
    push = read_push(sample(name))

    assert Said(push.arrival, push.repository, push.digest, push.tag) == said
    assert push.registry == Registry("123456789012", "eu-central-1")
    assert push.time == datetime(2026, 11, 23, 9, 41, 5, tzinfo=UTC)
    assert push.event_id == json.loads(sample(name))["id"]


def test_the_sample_of_our_own_marker_is_one() -> None:
    push = read_push(sample("push-own-marker"))

    assert is_own_marker(push.tag, push.digest)


@pytest.mark.parametrize("name", NOT_HANDLED)
def test_an_event_of_nothing_that_arrived_is_refused(name: str) -> None:
    with pytest.raises(MalformedEventError, match=r"^expected "):
        read_push(sample(name))


MALFORMED = {
    "nothing": ("", "as JSON"),
    "no JSON": ("<html>", "as JSON"),
    "null": ("null", "got NoneType"),
    "a list": ("[]", "got list"),
    "nested too deeply": ("[" * 200_000, "nested too deeply"),
    "a number of very many digits": ("9" * 5000, "as JSON"),
    "an SNS notification": (json.dumps({"Type": "Notification", "Message": "x"}), "'source'"),
    "an S3 test event": (json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), "'source'"),
    "of another service": (changed(source="aws.s3"), "got 'aws.s3'"),
    "of a source that is an object": (changed(source={}), "got dict"),
    "without a detail": (changed(detail=...), "detail"),
    "a detail that is a text": (changed(detail="x"), "detail"),
    "without a repository": (changed(detail__repository_name=...), "'repository-name'"),
    "an empty repository": (changed(detail__repository_name=""), "'repository-name'"),
    "neither digest nor tag": (changed(detail__image_digest=..., detail__image_tag=""), "got neither"),
    "a digest that is none": (changed(detail__image_digest="latest"), "got 'latest'"),
    "a digest in upper case": (changed(detail__image_digest=WEB.upper()), "as image-digest"),
    "a tag that is a number": (changed(detail__image_tag=14), "'image-tag'"),
    "a tag of half a character": (changed(detail__image_tag="\ud800"), "'image-tag'"),
    "a tag of a megabyte": (changed(detail__image_tag="a" * 1_000_000), "'image-tag'"),
    "a line break in the repository": (changed(detail__repository_name="team/web\nx"), "'repository-name'"),
    "without an account": (changed(account=...), "'account'"),
    "without a region": (changed(region=...), "'region'"),
    "without an id": (changed(id=...), "'id'"),
    "without a time": (changed(time=...), "'time'"),
    "a time that is none": (changed(time="yesterday"), "got 'yesterday'"),
    "a time before time": (changed(time="0001-01-01T00:00:00+14:00"), "got '0001-01-01T00:00:00+14:00'"),
    "a time after time": (changed(time="9999-12-31T23:59:59-14:00"), "got '9999-12-31T23:59:59-14:00'"),
    "a push that failed": (changed(detail__result="FAILURE"), "nothing has arrived"),
    "a scan": (changed(**{"detail-type": "ECR Image Scan", "detail__action_type": "SCAN"}), "got 'ECR Image Scan'"),
    "a replication that says PUSH": (changed(**{"detail-type": "ECR Replication Action"}), "got 'ECR Replication"),
    "a value as deep as JSON may be": (
        changed(source=0).replace('"source": 0', '"source": ' + "[" * 900 + "]" * 900),
        "got list",
    ),
}


@pytest.mark.parametrize(("body", "words"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_event_of_an_arrival_is_refused_with_what_was_expected(body: str, words: str) -> None:
    with pytest.raises(MalformedEventError) as caught:
        read_push(body)

    text = str(caught.value)
    assert text.startswith("expected ")
    assert words in text
    assert len(text) < 400
    text.encode()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T09:41:05Z", datetime(2026, 11, 23, 9, 41, 5, tzinfo=UTC)),
        ("2026-11-23T10:41:05+01:00", datetime(2026, 11, 23, 9, 41, 5, tzinfo=UTC)),
        ("2026-11-23T09:41:05", datetime(2026, 11, 23, 9, 41, 5, tzinfo=UTC)),
    ],
)
def test_times_are_utc(text: str, time: datetime) -> None:
    assert read_push(changed(time=text)).time == time


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.text() | values.map(json.dumps))
def test_any_text_is_refused_as_malformed_and_with_no_other_error(body: str) -> None:
    with pytest.raises(MalformedEventError):
        read_push(body)


@given(st.sampled_from(["", "detail__"]), st.data())
def test_an_event_with_any_member_put_otherwise_is_read_or_refused(where: str, data: st.DataObject) -> None:
    event = json.loads(sample("push-single"))
    names = sorted(event["detail"] if where else event)
    body = changed(**{f"{where}{data.draw(st.sampled_from(names))}": data.draw(values | st.datetimes().map(str))})

    try:
        push = read_push(body)
    except MalformedEventError:
        return
    assert push.digest or push.tag
    push.uri.encode()
