"""Each reason to leave an image as it is, provoked: what stands in the way of deleting it, and what is done instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from localaws import images
from localaws.demo_cases import AMD64, ARM64
from localaws.demo_levels import TAG, marker
from localaws.demo_services import ARM64_PLATFORM

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.demo_services import Account
    from localaws.images import Node

EMPTY: Final = "empty"
"""A cluster without instances: what its services run on is not known."""
_MARKED: Final = ("tag", "quarantine")


@dataclass(frozen=True)
class Refusal:
    """An image that the policy asks to delete and that is not deleted.

    Attributes:
        reason: stable code.
        story: what stands in the way.
        repository: that it is pushed to, under the tag 1.
        bad: the image.
        done: the actions that the alert tells of.
        before: makes ready what stands in the way.
        after: changes something once the tag was taken, before the image would be deleted.
        unheard: the event of the push comes late, when ``after`` has been.
        used: ``before`` makes a service that the stack must come to know.
        arrival: the sample of ``events/`` that the late event is like.
    """

    reason: str
    story: str
    repository: str
    bad: Node
    done: tuple[str, ...] = ()
    before: Callable[[Account, Refusal], object] | None = None
    after: Callable[[Account, Refusal], object] | None = None
    unheard: bool = False
    used: bool = False
    arrival: str = "push-single"

    @property
    def name(self) -> str:
        """``repository:tag``."""
        return f"{self.repository}:{TAG}"

    @property
    def later(self) -> bool:
        """It is refused only when the image itself would go."""
        return self.after is not None and not self.unheard


def _bad(label: str) -> Node:
    return images.image(ARM64, label=f"refused {label}")


def _good(label: str) -> Node:
    return images.image(AMD64, label=f"refused {label}")


def _used_by_tag(account: Account, case: Refusal) -> None:
    account.service("prod", "on-graviton", case.name, runtimePlatform=ARM64_PLATFORM)


def _used_by_digest(account: Account, case: Refusal) -> None:
    account.push(case.bad, f"{case.repository}:wip-1")
    account.service("prod", "by-digest", f"{case.repository}@{case.bad.digest}", runtimePlatform=ARM64_PLATFORM)


def _runs_another_tag(account: Account, case: Refusal) -> None:
    account.service("prod", "other-tag", f"{case.repository}:0")


def _runs_on_nothing_known(account: Account, case: Refusal) -> None:
    account.cluster(EMPTY)
    account.service(EMPTY, "unplaced", f"{case.repository}:0", "EC2")


def _mild(account: Account, case: Refusal) -> None:
    ecr = account.client("ecr")
    [found] = ecr.describe_repositories(repositoryNames=[case.repository])["repositories"]
    ecr.tag_resource(resourceArn=found["repositoryArn"], tags=[{"Key": "ecrguard:mode", "Value": "alert"}])


def _marker_taken(account: Account, case: Refusal) -> None:
    ecr = account.client("ecr")
    ecr.put_image_tag_mutability(repositoryName=case.repository, imageTagMutability="IMMUTABLE")
    account.push(_good(case.repository), f"{case.repository}:{marker(case.bad)}")


def _restored(account: Account, case: Refusal) -> None:
    ecr = account.client("ecr")
    for target in ("ARCHIVE", "STANDARD"):
        ecr.update_image_storage_class(
            repositoryName=case.repository, imageId={"imageDigest": case.bad.digest}, targetStorageClass=target
        )


def _in_an_index(account: Account, case: Refusal) -> None:
    account.push(images.index([_good(case.repository), case.bad]), f"{case.repository}:both")


def _turned(account: Account, case: Refusal) -> None:
    account.update_service("prod", "turned", case.name, runtimePlatform=ARM64_PLATFORM)


def _deleted(account: Account, case: Refusal) -> None:
    ids = [{"imageDigest": case.bad.digest}]
    account.client("ecr").batch_delete_image(repositoryName=case.repository, imageIds=ids)


LOWERED: Final = "live/lowered"
"""The repository of which the policy comes to ask for less."""

REFUSALS: Final = (
    Refusal(
        "in_use",
        "a service that can run it names its tag",
        "live/by-tag",
        _bad("by tag"),
        before=_used_by_tag,
        used=True,
    ),
    Refusal(
        "in_use",
        "a service that can run it names its digest",
        "live/by-digest",
        _bad("by digest"),
        before=_used_by_digest,
        used=True,
    ),
    Refusal(
        "verdict_unknown",
        "its config names no architecture",
        "live/blank",
        images.image("linux/", binary="arm64", label="blank"),
    ),
    Refusal(
        "verdict_incomplete",
        "what a service beside it runs on is not known",
        "live/beside",
        images.image("linux/s390x", label="beside"),
        ("tag",),
        before=_runs_on_nothing_known,
        used=True,
    ),
    Refusal(
        "weak_evidence",
        "only a service on another tag speaks against it",
        "live/jobs/other",
        _bad("weak"),
        ("tag",),
        before=_runs_another_tag,
        used=True,
    ),
    Refusal("repository_mode", "the repository has ecrguard:mode=alert", "live/mild", _bad("mild"), before=_mild),
    Refusal(
        "not_pushed",
        "somebody has brought it back from the archive",
        "live/back",
        _bad("back"),
        after=_restored,
        unheard=True,
        arrival="restored-untagged",
    ),
    Refusal(
        "tag_moved",
        "its event comes when the tag has moved on",
        "live/late",
        _bad("late"),
        ("tag",),
        after=lambda account, case: account.push(_good("late"), case.name),
        unheard=True,
    ),
    Refusal(
        "tag_immutable",
        "another image has its marker, for good",
        "live/fixed",
        _bad("fixed"),
        before=_marker_taken,
    ),
    Refusal(
        "other_tags",
        "it has another tag, which is exempt",
        "live/two-tags",
        _bad("two tags"),
        ("quarantine",),
        before=lambda account, case: account.push(case.bad, f"{case.repository}:wip-1"),
    ),
    Refusal(
        "needed_by_index",
        "an index with another tag contains it",
        "live/part",
        _bad("part"),
        ("tag",),
        before=_in_an_index,
    ),
    Refusal(
        "no_mismatch",
        "meanwhile its service goes to Graviton",
        "live/jobs/turned",
        _bad("turned"),
        _MARKED,
        before=lambda account, case: account.service("prod", "turned", case.name),
        used=True,
        after=_turned,
    ),
    Refusal(
        "policy",
        "meanwhile the policy asks for a marker alone",
        LOWERED,
        _bad("lowered"),
        _MARKED,
        after=lambda _, __: None,
    ),
    Refusal(
        "marker_removed",
        "meanwhile somebody takes the marker off",
        "live/unmarked",
        _bad("unmarked"),
        _MARKED,
        after=lambda account, case: account.push(_good("unmarked"), f"{case.repository}:{marker(case.bad)}"),
    ),
    Refusal(
        "image_gone",
        "meanwhile somebody deletes it",
        "live/gone",
        _bad("gone"),
        _MARKED,
        after=_deleted,
    ),
)
"""Those that need nothing but what is in the account; each in a repository of its own."""

CAPPED: Final = Refusal("hourly_cap", "20 were taken away this hour", "live/capped", _bad("capped"))
UNREADABLE: Final = Refusal(
    "use_not_told",
    "the service that names it cannot be read",
    "live/jobs/hidden",
    _bad("hidden"),
    (),
    before=lambda account, case: account.service("prod", "hidden", case.name),
    used=True,
)
DENIED: Final = Refusal("access_denied", "the role may not put images", "live/denied", _bad("denied"))
STALE: Final = Refusal(
    "inventory_stale",
    "the workloads were not read for a day",
    "live/stale",
    _bad("stale"),
    (),
)

ALL_REFUSALS: Final = (*REFUSALS, CAPPED, UNREADABLE, DENIED, STALE)

ELSEWHERE: Final = {
    "no_workloads_read": "LinkedWorkloads=none is another stack",
    "not_supported": "the local ECR archives every image",
    "foreign_registry": "the stack hears of its own registry alone",
    "manifest_too_large": "an index of some thousand entries",
    "unavailable": "the local ECR answers",
}
"""What is not provoked in the demo, and why not; ``tests/unit`` and ``tests/e2e`` hold it."""
