"""From an event to a verdict and an alert, on the deployed stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localaws import images

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded

MISMATCH = "mismatch"


def test_the_parts_of_an_index_are_not_judged_alone_though_they_come_first(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    arm = images.image("linux/arm64", label=repository)
    index = images.index([arm], attestations=True)
    guarded.push(index, repository, "1")
    [verdict] = guarded.judged(repository, "1")
    assert (verdict["judgement"], verdict["platforms"]) == (MISMATCH, ["linux/arm64"])
    parts = guarded.judged(repository, "", count=2)
    assert {(part["judgement"], part["reason"]) for part in parts} == {("not_applicable", "untagged")}
    [alert] = guarded.alerts(repository)
    assert alert["image"]["digest"] == index.digest


def test_what_is_replicated_into_the_registry_is_judged(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    guarded.judged(repository, "1")
    guarded.send(json.dumps(guarded.event("replicated", repository, image.digest, "1")))
    verdicts = guarded.judged(repository, "1", count=2)
    assert [(verdict["arrival"], verdict["judgement"]) for verdict in verdicts] == [
        ("pushed", MISMATCH),
        ("replicated", MISMATCH),
    ]
    # The same image with the same tag is no news.
    assert verdicts[1]["known"]
    assert [alert["arrival"] for alert in guarded.alerts(repository)] == ["pushed"]


def test_what_comes_back_from_the_archive_is_judged_under_each_of_its_tags(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    guarded.judged(repository, "1")
    ecr, chosen = guarded.client("ecr"), {"imageDigest": image.digest}
    for storage in ("ARCHIVE", "STANDARD"):
        ecr.update_image_storage_class(repositoryName=repository, imageId=chosen, targetStorageClass=storage)
    _, restored = guarded.judged(repository, "1", count=2)
    assert (restored["arrival"], restored["judgement"]) == ("restored", MISMATCH)
    assert restored["known"]
    assert [alert["arrival"] for alert in guarded.alerts(repository)] == ["pushed"]


def test_an_event_without_a_digest_is_judged_by_what_the_tag_stands_for(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    guarded.judged(repository, "1")
    event = guarded.event("push-without-digest", repository, image.digest, "1")
    del event["detail"]["image-digest"]
    guarded.send(json.dumps(event))
    assert {verdict["digest"] for verdict in guarded.judged(repository, "1", count=2)} == {image.digest}


def test_an_image_that_is_gone_does_not_pass_and_wakes_nobody(guarded: Guarded) -> None:
    repository = guarded.repository("base/")
    guarded.send(json.dumps(guarded.event("push-single", repository, f"sha256:{'0' * 64}", "gone")))
    [verdict] = guarded.judged(repository, "gone")
    assert (verdict["judgement"], verdict["reason"], verdict["alerted"]) == ("not_applicable", "image_gone", False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (None, "malformed_event"),
        ({"account": "999999999999"}, "foreign_registry"),
        ({"detail": {"result": "SUCCESS"}}, "malformed_event"),
    ],
)
def test_what_is_no_event_of_this_registry_is_kept_with_its_cause_and_holds_up_nothing(
    guarded: Guarded, change: dict[str, Any] | None, code: str
) -> None:
    repository = guarded.repository("base/")
    event = guarded.event("push-single", repository, f"sha256:{'0' * 64}", "1")
    body = "not an event" if change is None else json.dumps(event | change)
    guarded.send(body)
    guarded.push(images.image("linux/arm64", label=repository), repository, "after")
    buried, attributes = guarded.dead_letter(body)
    assert buried == body
    assert attributes["code"] == code
    assert attributes["cause"].startswith("expected ")
    assert len(guarded.judged(repository, "after")) == len(guarded.alerts(repository)) == 1


def test_deleting_an_image_is_no_push(guarded: Guarded) -> None:
    repository = guarded.repository()
    guarded.push(images.image(label=repository), repository, "1.0-arm64")
    guarded.judged(repository, "1.0-arm64")
    guarded.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1.0-arm64"}])
    guarded.push(images.image(label=f"{repository} again"), repository, "1.1-arm64")
    guarded.judged(repository, "1.1-arm64")
    assert len(guarded.judged(repository)) == len(guarded.alerts(repository)) == 2
