"""Which images are parts of others that people can pull by a tag."""

from __future__ import annotations

import pytest
from tests.content import Content, index, raw, single
from tests.fakes.images import FakeImages
from tests.situations import REPOSITORY

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.manifest import OCI_INDEX
from ecrguard.errors import UnreadableError
from ecrguard.indexes import parts_of_indexes

ARM, AMD, RISCV = single("arm64"), single("amd64"), single("riscv64")


def test_the_parts_of_tagged_indexes_are_found_through_nested_ones() -> None:
    images = FakeImages()
    nested = index(ARM)
    images.push(REPOSITORY, index(nested, AMD), "all")
    images.push(REPOSITORY, index(RISCV))

    assert parts_of_indexes(images, REPOSITORY, apart_from="") == {nested.digest, ARM.digest, AMD.digest}


def test_an_image_is_no_index_of_its_own_parts() -> None:
    images = FakeImages()
    own = images.push(REPOSITORY, index(ARM), "mine")

    assert parts_of_indexes(images, REPOSITORY, apart_from=own) == frozenset()


@pytest.mark.parametrize("reason", [UnknownReason.IMAGE_INACCESSIBLE, UnknownReason.THROTTLED])
def test_an_index_that_cannot_be_read_is_not_taken_for_one_without_parts(reason: UnknownReason) -> None:
    images = FakeImages()
    images.withhold(images.push(REPOSITORY, index(ARM), "1"), reason)

    with pytest.raises(UnreadableError):
        parts_of_indexes(images, REPOSITORY, apart_from="")


def test_an_index_that_is_gone_by_now_has_no_parts() -> None:
    images = FakeImages()
    images.withhold(images.push(REPOSITORY, index(ARM), "1"), UnknownReason.IMAGE_GONE)

    assert parts_of_indexes(images, REPOSITORY, apart_from="") == frozenset()


def test_a_nested_index_that_is_archived_needs_no_parts() -> None:
    images = FakeImages()
    archived = index(ARM)
    images.push(REPOSITORY, index(archived, AMD), "1")
    images.store(REPOSITORY, archived.digest, "ARCHIVED")

    assert parts_of_indexes(images, REPOSITORY, apart_from="") == {archived.digest, AMD.digest}


@pytest.mark.parametrize("reason", [UnknownReason.ACCESS_DENIED, UnknownReason.THROTTLED])
def test_one_that_cannot_be_read_for_another_reason_is_not_taken_for_archived(reason: UnknownReason) -> None:
    images = FakeImages()
    archived = index(ARM)
    images.push(REPOSITORY, index(archived, AMD), "1")
    images.store(REPOSITORY, archived.digest, "ARCHIVED")
    images.withhold(archived.digest, reason)

    with pytest.raises(UnreadableError):
        parts_of_indexes(images, REPOSITORY, apart_from="")


def test_one_that_goes_while_it_is_looked_for_in_the_archive_is_not_taken_for_archived() -> None:
    images = FakeImages()
    nested_one = index(ARM)
    images.push(REPOSITORY, index(nested_one, AMD), "1")
    images.withhold(nested_one.digest, UnknownReason.IMAGE_INACCESSIBLE)

    def happens(operation: str) -> None:
        if operation == "standing":
            images.delete(REPOSITORY, nested_one.digest)

    images.before = happens

    with pytest.raises(UnreadableError):
        parts_of_indexes(images, REPOSITORY, apart_from="")


def test_what_is_nested_too_deep_is_said() -> None:
    images = FakeImages()
    images.push(REPOSITORY, nested(5), "deep")

    with pytest.raises(UnreadableError) as refused:
        parts_of_indexes(images, REPOSITORY, apart_from="")

    detail = f"indexes of {REPOSITORY} are nested more than 4 deep"
    assert refused.value.unknown == Unknown(UnknownReason.UNAVAILABLE, detail, REPOSITORY)


def nested(depth: int) -> Content:
    """So many indexes within each other."""
    made = ARM
    for _ in range(depth):
        made = index(made)
    return made


def test_what_is_nested_as_deep_as_may_be_is_read() -> None:
    images = FakeImages()
    images.push(REPOSITORY, nested(4), "deep")

    assert ARM.digest in parts_of_indexes(images, REPOSITORY, apart_from="")


def test_a_nested_index_that_is_broken_is_not_taken_for_one_without_parts() -> None:
    images = FakeImages()
    images.push(REPOSITORY, index(raw(b"{", OCI_INDEX)), "1")

    with pytest.raises(UnreadableError):
        parts_of_indexes(images, REPOSITORY, apart_from="")


def test_each_index_is_read_once_and_nothing_else() -> None:
    images = FakeImages()
    shared = index(ARM)
    outer, others = index(shared, index(shared, AMD)), [index(single(f"s390x{number}")) for number in range(5)]
    for each in (outer, *others):
        images.push(REPOSITORY, each, each.digest[7:19])

    parts_of_indexes(images, REPOSITORY, apart_from="")

    asked = [what for operation, what in images.calls if operation == "manifests"]
    assert asked == [
        tuple(sorted(each.digest for each in (outer, *others))),
        tuple(sorted(each.digest for each in outer.children)),
    ]
    assert images.calls[0] == ("tagged_indexes", 1_000)
