"""Which images are parts of others that people can pull by a tag."""

from __future__ import annotations

import pytest
from tests.content import index, single
from tests.fakes.images import FakeImages
from tests.situations import REPOSITORY

from ecrguard.domain.image import UnknownReason
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


def test_what_is_nested_too_deep_is_said() -> None:
    images = FakeImages()
    deep = ARM
    for _ in range(7):
        deep = index(deep)
    images.push(REPOSITORY, deep, "deep")

    with pytest.raises(UnreadableError, match="nested more than"):
        parts_of_indexes(images, REPOSITORY, apart_from="")
