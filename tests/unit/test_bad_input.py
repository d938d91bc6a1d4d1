"""Bad input, from the message to whoever hears of it: never a pass, never a lost event.

Each row is a push that something is wrong with, as the push function meets it: on the first try, and on the last that
the queue gives. *Retried* leaves the message on the queue. *Dead-lettered* keeps it, with a code and a cause, to be
sent again once the cause is mended. *Told* is the alert that the developer gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.content import (
    Content,
    bare,
    config,
    index,
    layer,
    manifest,
    raw,
    sha256,
    single,
)
from tests.guarded import MAX_RECEIVES, Guarded
from tests.invoked import Invoked, event, installed
from tests.situations import REPOSITORY, ecs

from ecrguard.domain import manifest as manifest_module
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.manifest import MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, OCI_INDEX, OCI_MANIFEST
from ecrguard.domain.policy_document import PolicyError
from ecrguard.domain.verdict import Judgement
from ecrguard.policy_yaml import load_policy
from ecrguard.ports import RawManifest

if TYPE_CHECKING:
    from collections.abc import Callable

R = UnknownReason


class Row(NamedTuple):
    """One kind of bad input."""

    arrange: Callable[[Guarded], str]
    """Sets it up and gives the message."""
    code: str
    """In the log, the alert and the dead letter."""
    words: str
    """In the cause: what was expected, what came, what to do."""
    retried: bool = False
    """The first try leaves it on the queue."""
    dead_lettered: bool = False
    told: bool = True
    gone: bool = False
    """Nothing is left that could run: logged and counted, and nobody is woken."""


def message(content: Content) -> Callable[[Guarded], str]:
    """A push of this content, whole."""

    def arrange(guarded: Guarded) -> str:
        return event(image_digest=guarded.holds(content, "1.4.2"))

    return arrange


def failing(operation: str, reason: UnknownReason, content: Content | None = None) -> Callable[[Guarded], str]:
    """A push of a good image, while a call fails."""

    def arrange(guarded: Guarded) -> str:
        digest = guarded.holds(content or single(), "1.4.2")
        guarded.images.fail(operation, reason)
        return event(image_digest=digest if operation != "digest_of" else None)

    return arrange


def without_policy(reason: UnknownReason, detail: str) -> Callable[[Guarded], str]:
    def arrange(guarded: Guarded) -> str:
        guarded.policies.failing = Unknown(reason, detail)
        return message(single())(guarded)

    return arrange


def image_gone(guarded: Guarded) -> str:
    digest = guarded.holds(single(), "1.4.2")
    guarded.images.delete(REPOSITORY, digest)
    return event(image_digest=digest)


def tag_gone(guarded: Guarded) -> str:
    guarded.holds(single(), "another")
    return event("push-without-digest")


def entry_gone(guarded: Guarded) -> str:
    child = bare(single())
    digest = guarded.holds(index(child), "1.4.2")
    guarded.images.delete(REPOSITORY, child.digest)
    return event(image_digest=digest)


def wrong_digest(guarded: Guarded) -> str:
    digest = single("arm64").digest
    guarded.images.hold(REPOSITORY, RawManifest(digest, OCI_MANIFEST, single().body))
    return event(image_digest=digest)


def config_of_another_digest(guarded: Guarded) -> str:
    digest = guarded.holds(single("arm64"), "1.4.2")
    guarded.images.hold_blob(REPOSITORY, sha256(config("linux", "arm64")), config())
    return event(image_digest=digest)


def config_gone(guarded: Guarded) -> str:
    digest = guarded.holds(single(), "1.4.2")
    guarded.images.delete_blobs(REPOSITORY)
    return event(image_digest=digest)


def refers_to_itself(guarded: Guarded) -> str:
    digest = sha256(b"any")
    body = index(Content(b"", OCI_INDEX)).body.replace(sha256(b"").encode(), digest.encode())
    guarded.images.hold(REPOSITORY, RawManifest(digest, OCI_INDEX, body))
    return event(image_digest=digest)


def bad_resource_tag(guarded: Guarded) -> str:
    guarded.images.create(REPOSITORY, tags={"ecrguard:platforms": "linux/amd46"})
    return message(single())(guarded)


def unread_workloads(reason: UnknownReason) -> Callable[[Guarded], str]:
    def arrange(guarded: Guarded) -> str:
        guarded.workloads.unknowns = [Unknown(reason, "ecs:ListServices failed for cluster prod", "prod")]
        return message(single())(guarded)

    return arrange


def service_of_unknown_platform(guarded: Guarded) -> str:
    guarded.workloads.workloads = [ecs("", ":1.4.2")]
    return message(single())(guarded)


def of_an_unknown_platform(guarded: Guarded) -> str:
    with pytest.raises(PolicyError) as caught:
        load_policy(b"version: 1\nrules:\n  - name: web\n    platforms: [linux/amd46]\n")
    return without_policy(R.POLICY_INVALID, str(caught.value))(guarded)


EVENTS = {
    "no JSON": Row(lambda _: "<html>", "malformed_event", "as JSON", dead_lettered=True, told=False),
    "a delete": Row(
        lambda _: event("not-handled-delete"), "malformed_event", "'DELETE'", dead_lettered=True, told=False
    ),
    "a push that failed": Row(
        lambda _: event("not-handled-failed-push"), "malformed_event", "nothing has", dead_lettered=True, told=False
    ),
    "neither digest nor tag": Row(
        lambda _: event(image_digest=None, image_tag=""),
        "malformed_event",
        "got neither",
        dead_lettered=True,
        told=False,
    ),
    "of another Region": Row(
        lambda _: event().replace("eu-central-1", "eu-west-3"),
        "foreign_registry",
        "expected an event of the registry 123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        dead_lettered=True,
        told=False,
    ),
    "of another account": Row(
        lambda _: event().replace("123456789012", "999999999999"),
        "foreign_registry",
        "got one of 999999999999.dkr.ecr.eu-central-1.amazonaws.com",
        dead_lettered=True,
        told=False,
    ),
}

IMAGES = {
    "the image is gone": Row(image_gone, R.IMAGE_GONE, "arranged", told=False, gone=True),
    "the digest is missing, and the tag is gone": Row(tag_gone, R.IMAGE_GONE, "arranged", told=False, gone=True),
    "a manifest over the cap": Row(
        message(raw(b" " * (MAX_MANIFEST_BYTES + 1))), R.MANIFEST_TOO_LARGE, "at most 4194304 bytes, got 4194305"
    ),
    "a manifest that is no JSON": Row(message(raw(b"<html>")), R.MANIFEST_MALFORMED, "expected a JSON object"),
    "a manifest of another digest": Row(wrong_digest, R.MANIFEST_DIGEST_MISMATCH, "content with the digest sha256:"),
    "a manifest that is two things": Row(
        message(index(single(), config=layer())), R.MANIFEST_MALFORMED, "CVE-2021-41190"
    ),
    "schema 1": Row(
        message(raw({"schemaVersion": 1}, "application/vnd.docker.distribution.manifest.v1+json")),
        R.MEDIA_TYPE_UNSUPPORTED,
        "got application/vnd.docker.distribution.manifest.v1+json",
    ),
    "an index that refers to itself": Row(refers_to_itself, R.INDEX_CYCLE, "got an index within itself"),
    "an index entry that is gone": Row(entry_gone, R.IMAGE_GONE, "arranged"),
    "a config that is no image config": Row(
        message(manifest(b"\x1f\x8b\x08 a tar file")), R.CONFIG_MALFORMED, "expected an image config"
    ),
    "a config without an architecture": Row(
        message(manifest(b'{"os": "linux"}')), R.PLATFORM_MISSING, "expected 'os' and 'architecture'"
    ),
    "a config of another digest": Row(config_of_another_digest, R.CONFIG_DIGEST_MISMATCH, "with the digest sha256:"),
    "a config over the cap": Row(
        message(manifest(b" " * (MAX_CONFIG_BYTES + 1))), R.CONFIG_TOO_LARGE, "expected a config of at most 8388608"
    ),
    "a config that is gone": Row(config_gone, R.CONFIG_MISSING, "arranged"),
}

DENIED = {
    f"denied: {operation}": Row(failing(operation, R.ACCESS_DENIED), R.ACCESS_DENIED, "arranged", dead_lettered=True)
    for operation in ("resource_tags", "manifests", "config", "digest_of")
} | {
    "an image that ECR cannot decrypt": Row(
        failing("manifests", R.IMAGE_INACCESSIBLE), R.IMAGE_INACCESSIBLE, "arranged", dead_lettered=True
    ),
    "denied: the workloads": Row(
        unread_workloads(R.ACCESS_DENIED), R.ACCESS_DENIED, "ecs:ListServices", dead_lettered=True
    ),
    "denied: the policy": Row(
        without_policy(R.ACCESS_DENIED, "appconfigdata:GetLatestConfiguration was denied"),
        R.ACCESS_DENIED,
        "appconfigdata",
        dead_lettered=True,
    ),
}

WAITING = {
    f"{reason}: {operation}": Row(failing(operation, reason), reason, "arranged", retried=True, dead_lettered=True)
    for operation in ("resource_tags", "manifests", "config", "digest_of")
    for reason in (R.THROTTLED, R.UNAVAILABLE)
} | {
    "throttled: the workloads": Row(
        unread_workloads(R.THROTTLED), R.THROTTLED, "ecs:ListServices", retried=True, dead_lettered=True
    ),
    "unavailable: the policy": Row(
        without_policy(R.UNAVAILABLE, "AppConfig is away"), R.UNAVAILABLE, "away", retried=True, dead_lettered=True
    ),
}

OPERATORS = {
    "no policy": Row(
        without_policy(R.POLICY_MISSING, "no policy is deployed"), R.POLICY_MISSING, "no policy", dead_lettered=True
    ),
    "an invalid policy": Row(
        without_policy(R.POLICY_INVALID, "rules[0]: expected a name"), R.POLICY_INVALID, "rules[0]", dead_lettered=True
    ),
    "a policy that names an unknown platform": Row(
        of_an_unknown_platform, R.POLICY_INVALID, "did you mean amd64?", dead_lettered=True
    ),
    "a resource tag that names an unknown platform": Row(
        bad_resource_tag, R.RESOURCE_TAGS_INVALID, "did you mean amd64?", dead_lettered=True
    ),
    "a service whose platform nobody knows": Row(
        service_of_unknown_platform, R.WORKLOAD_PLATFORM_UNKNOWN, "does not name a platform", dead_lettered=True
    ),
}

TABLE = EVENTS | IMAGES | DENIED | WAITING | OPERATORS


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoked:
    made = installed(monkeypatch, capsys)
    made.guarded.workloads.workloads = [ecs("linux/amd64", ":1.4.2")]
    return made


@pytest.fixture(autouse=True)
def _no_cycles_by_digest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # No real digest can name itself; a registry whose digests are not checked can.
    if "itself" in request.node.name:
        monkeypatch.setattr(manifest_module, "digest_matches", lambda *_: True)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_on_the_first_try_it_is_retried_or_settled(invoked: Invoked, row: Row) -> None:
    body = row.arrange(invoked.guarded)

    again = invoked.invoke(body, receives=1)

    if row.retried:
        assert again == ["m1"]
        (line,) = invoked.logged
        assert (line["level"], line["message"], line["code"]) == ("WARNING", "to be tried again", row.code)
        assert row.words in line["cause"]
        assert not invoked.guarded.alerts.published
        assert not invoked.guarded.dead_letters.kept
        assert invoked.metrics() == {"Retried": 1}
    else:
        assert again == []
        _settled(invoked, row, body)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_on_the_last_try_it_is_settled_told_and_kept(invoked: Invoked, row: Row) -> None:
    body = row.arrange(invoked.guarded)

    assert invoked.invoke(body, receives=MAX_RECEIVES) == []
    _settled(invoked, row, body)


def _settled(invoked: Invoked, row: Row, body: str) -> None:
    kept, published = invoked.guarded.dead_letters.kept, invoked.guarded.alerts.published
    if row.dead_lettered:
        ((letter, code, cause),) = kept
        assert (letter, code) == (body, row.code)
        assert row.words in cause
        line = invoked.logged[-1]
        assert (line["level"], line["message"], line["code"]) == ("ERROR", "dead-lettered", row.code)
    assert len(kept) == row.dead_lettered
    if row.told:
        (alert,) = published
        assert alert.verdict.judgement is Judgement.UNKNOWN
        assert row.words in alert.verdict.explanation
        assert row.code in {alert.verdict.reason, *(unknown.reason for unknown in alert.verdict.unknowns)}
        assert not alert.outcome.done
        line = invoked.logged[0]
        assert (line["level"], line["message"], line["judgement"]) == ("WARNING", "judged", "unknown")
        assert line["correlation_id"] == alert.push.event_id
    if row.gone:
        (line,) = invoked.logged
        assert (line["message"], line["judgement"], line["reason"]) == ("judged", "not_applicable", row.code)
        assert row.words in line["explanation"]
    assert len(published) == row.told
    told = {"VerdictUnknown": 1, "AlertPublished": 1} if row.told else {}
    told |= {"VerdictNotApplicable": 1} if row.gone else {}
    assert invoked.metrics() == told | ({"DeadLettered": 1} if row.dead_lettered else {})
    assert "put_tag" not in invoked.guarded.images.operations()
