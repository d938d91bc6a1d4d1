"""Reading CloudTrail's events of PutImage: who pushed which image, and what says nothing of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.invoked import EVENTS

from ecrguard.domain.reference import Registry
from ecrguard.envelope import read_envelope
from ecrguard.errors import MalformedEventError
from ecrguard.pusher_event import ImagePut, read_put

if TYPE_CHECKING:
    from collections.abc import Callable

GRAFANA = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"
SESSION = "arn:aws:sts::123456789012:assumed-role/ci/release-1742"
CI = "arn:aws:iam::123456789012:role/ci"
OWN = "arn:aws:iam::123456789012:role/ecrguard-PushRole-1ABCDEFGHIJKL"
OWN_SESSION = "arn:aws:sts::123456789012:assumed-role/ecrguard-PushRole-1ABCDEFGHIJKL/ecrguard-push"
OWN_MARKER = "ecrguard-mismatch-7f5b2640fe6f"


class Said(NamedTuple):
    """What is read of a call: the tag, and of the caller the principal, its role and its address."""

    tag: str
    principal: str
    role: str
    address: str


SAMPLES = {
    "pusher-docker": Said("latest", SESSION, CI, "ecr.amazonaws.com"),
    "pusher-user": Said("latest", "arn:aws:iam::123456789012:user/mary", "", "192.0.2.10"),
    "pusher-other-account": Said("latest", "AROA999999999EXAMPLE:build-7", "", "ecr.amazonaws.com"),
    "pusher-cut": Said("latest", SESSION, CI, "ecr.amazonaws.com"),
    "pusher-ours": Said(OWN_MARKER, OWN_SESSION, OWN, "198.51.100.7"),
}
SILENT = ["pusher-untagged", "pusher-to-another-registry"]
REFUSED = ["pusher-refused"]


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def read(event: dict[str, Any]) -> ImagePut | None:
    return read_put(read_envelope(json.dumps(event)))


def changed(change: Callable[[dict[str, Any]], object], name: str = "pusher-docker") -> dict[str, Any]:
    """A sample whose detail was changed."""
    event = sample(name)
    change(event["detail"])
    return event


def test_every_sample_is_named_here() -> None:
    assert {path.stem for path in EVENTS.glob("pusher-*.json")} == {*SAMPLES, *SILENT, *REFUSED}


@pytest.mark.parametrize(("name", "said"), SAMPLES.items(), ids=SAMPLES.keys())
def test_a_call_says_who_gave_which_tag_to_which_image(name: str, said: Said) -> None:
    put = read(sample(name))

    assert put is not None
    assert Said(put.tag, put.pusher.arn, put.role, put.pusher.address) == said
    assert (put.registry, put.repository) == (Registry("123456789012", "eu-central-1"), "team/grafana")
    assert put.digest == GRAFANA
    assert put.pusher.time == datetime(2026, 11, 23, 9, 41, 5, tzinfo=UTC)
    assert put.event_id == sample(name)["id"]


@pytest.mark.parametrize("name", SILENT)
def test_what_names_no_tag_of_this_registry_says_nothing(name: str) -> None:
    assert read(sample(name)) is None


@pytest.mark.parametrize("member", ["requestParameters", "responseElements"])
@pytest.mark.parametrize("where", ["in its place", "beside it"])
def test_a_record_that_was_cut_says_what_is_left_or_nothing(member: str, where: str) -> None:
    def cut(detail: dict[str, Any]) -> None:
        detail[member] = {"omitted": True} if where == "in its place" else None
        detail["omitted"] = True

    put = read(changed(cut))

    # The answer repeats what was asked for; without it the digest is missing, which docker does not ask with.
    assert (put is not None) == (member == "requestParameters")


def test_the_manifest_is_not_looked_at() -> None:
    def spoil(detail: dict[str, Any]) -> None:
        detail["requestParameters"]["imageManifest"] = "{" * 100_000
        detail["responseElements"]["image"]["imageManifest"] = None

    assert read(changed(spoil)) == read(sample("pusher-docker"))


def test_what_a_caller_words_is_kept_in_bounds() -> None:
    def word(detail: dict[str, Any]) -> None:
        detail["userAgent"] = "docker\n\x1b[31m" + "x" * 10_000

    put = read(changed(word))

    assert put is not None
    assert put.pusher.agent.startswith("docker\ufffd\ufffd[31mxxx")
    assert len(put.pusher.agent) == 512


@pytest.mark.parametrize(
    ("change", "time"),
    [
        ({"eventTime": "2026-11-23T09:40:59Z"}, datetime(2026, 11, 23, 9, 40, 59, tzinfo=UTC)),
        ({"eventTime": None}, datetime(2026, 11, 23, 9, 41, 5, tzinfo=UTC)),
    ],
)
def test_the_time_is_that_of_the_call(change: dict[str, Any], time: datetime) -> None:
    put = read(changed(lambda detail: detail.update(change)))

    assert put is not None
    assert put.pusher.time == time


def test_a_session_that_is_no_roles_has_no_role() -> None:
    def federate(detail: dict[str, Any]) -> None:
        detail["userIdentity"]["sessionContext"]["sessionIssuer"]["type"] = "IAMUser"

    put = read(changed(federate))

    assert put is not None
    assert put.role == ""


def without(*path: str) -> dict[str, Any]:
    def drop(detail: dict[str, Any]) -> None:
        *parents, last = path
        for parent in parents:
            detail = detail[parent]
        del detail[last]

    return changed(drop)


def test_a_service_that_pushes_is_named_by_its_principal() -> None:
    identity = {"type": "AWSService", "invokedBy": "codebuild.amazonaws.com"}
    put = read(changed(lambda detail: detail.update(userIdentity=identity)))

    assert put is not None
    assert put.pusher.arn == "codebuild.amazonaws.com"


MALFORMED = {
    "of another service": ({**sample("pusher-docker"), "source": "aws.ecs"}, "source aws.ecr, got 'aws.ecs'"),
    "of another call": (changed(lambda detail: detail.update(eventName="BatchGetImage")), "got 'BatchGetImage'"),
    "without a call": (without("eventName"), "'eventName'"),
    "of a call that was refused": (sample("pusher-refused"), "got 'ImageAlreadyExistsException'"),
    "without a caller": (without("userIdentity"), "userIdentity, got NoneType"),
    "a caller without a name": (changed(lambda detail: detail.update(userIdentity={"type": "Root"})), "got dict"),
    "without a digest": (
        without("responseElements", "image", "imageId", "imageDigest"),
        "an imageDigest in the answer",
    ),
    "without an answer": (without("responseElements"), "an imageDigest in the answer"),
    "a digest that is none": (
        changed(lambda detail: detail["responseElements"]["image"]["imageId"].update(imageDigest="latest")),
        "got 'latest'",
    ),
    "a time that is none": (changed(lambda detail: detail.update(eventTime="yesterday")), "got 'yesterday'"),
    "nothing but the call": (
        changed(lambda detail: detail.update(requestParameters=None, responseElements=None)),
        "a repositoryName",
    ),
}


@pytest.mark.parametrize(("event", "words"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_call_that_put_an_image_is_refused_with_what_was_expected(event: dict[str, Any], words: str) -> None:
    with pytest.raises(MalformedEventError) as caught:
        read(event)

    assert str(caught.value).startswith("expected ")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.data())
def test_a_record_with_any_member_put_otherwise_is_read_or_refused(data: st.DataObject) -> None:
    event = sample("pusher-docker")
    holder = event["detail"]
    while True:
        name = data.draw(st.sampled_from(sorted(holder)))
        if not isinstance(holder[name], dict) or data.draw(st.booleans()):
            break
        holder = holder[name]
    holder[name] = data.draw(values)

    try:
        put = read(event)
    except MalformedEventError:
        return
    assert put is None or all((put.repository, put.tag, put.digest, put.pusher.arn))
