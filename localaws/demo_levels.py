"""What the demo has done at each level of ``Enforcement``, and how each of it is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from localaws import images
from localaws.demo_cases import AMD64, ARM64

if TYPE_CHECKING:
    from localaws.images import Node

LEVELS: Final = ("tag", "quarantine", "archive", "delete")
TAG: Final = "1"


@dataclass(frozen=True)
class Scene:
    """One image that is pushed at a level, what is done about it, and how that is taken back.

    What a repository holds is said as `localaws.shelf` says it; ``{marker}`` stands for the image's marker tag.

    Attributes:
        level: of the stack.
        story: who pushes what, in a few words.
        repository: to push to, under the tag 1.
        bad: the image.
        good: pushed under the tag before it; None where the tag is new.
        done: the actions that the alert tells of.
        after: what the repository holds then.
        swept: and after the next full reading of what runs images; empty where nothing is to follow.
        released: and after the command that the alert names.
        code: exit code of that command.
        again: and once the image is pushed again; empty where it need not be.
        restored: and after `ecrguard restore`; empty where that is not shown.
        preview: what `ecrguard plan` says of it one level below, where ``{bad}`` and ``{good}`` are digests.
    """

    level: str
    story: str
    repository: str
    bad: Node
    done: tuple[str, ...]
    after: str
    released: str
    good: Node | None = None
    swept: str = ""
    code: int = 0
    again: str = ""
    restored: str = ""
    preview: tuple[str, ...] = ()

    @property
    def marker(self) -> str:
        """The image's marker tag."""
        return marker(self.bad)

    @property
    def names(self) -> dict[str, str]:
        """The names of the images, by digest."""
        return {self.bad.digest: "bad"} | ({self.good.digest: "good"} if self.good else {})

    def filled(self, text: str) -> str:
        """A text with the marker and the digests in it."""
        return text.format(marker=self.marker, bad=self.bad.digest, good=self.good.digest if self.good else "")


def marker(image: Node) -> str:
    """The marker tag of an image."""
    return f"ecrguard-mismatch-{image.digest.partition(':')[2][:12]}"


SCENES: Final = (
    Scene(
        "tag",
        "from a Mac, under a new tag",
        "live/api",
        images.image(ARM64, label="live api"),
        done=("tag",),
        after="1 → bad, {marker} → bad",
        released="1 → bad",
    ),
    Scene(
        "quarantine",
        "from a Mac, over a good image",
        "live/web",
        images.image(ARM64, label="live web"),
        good=images.image(AMD64, label="live web"),
        preview=(
            "would do    put the tag {marker} on {bad}",
            "            move the tag 1 from {bad} to its last good image, {good}",
            "            alert",
        ),
        done=("tag", "quarantine"),
        after="1 → good, {marker} → bad",
        released="1 → bad, good without a tag",
        restored="1 → good, bad without a tag",
    ),
    Scene(
        "quarantine",
        "from a Mac, under a new tag",
        "live/job",
        images.image(ARM64, label="live job"),
        done=("tag", "quarantine"),
        after="{marker} → bad",
        released="1 → bad",
    ),
    Scene(
        "archive",
        "from a Mac, over a good image",
        "live/site",
        images.image(ARM64, label="live site"),
        good=images.image(AMD64, label="live site"),
        done=("tag", "quarantine"),
        after="1 → good, {marker} → bad",
        swept="1 → good, {marker} → bad (archived)",
        released="1 → bad, good without a tag",
    ),
    Scene(
        "delete",
        "for two platforms, the needed one not among them",
        "live/app",
        images.index([images.image(ARM64, label="live app"), images.image("linux/arm/v7", label="live app")]),
        done=("tag", "quarantine"),
        after="{marker} → bad, 2 parts",
        swept="nothing",
        released="nothing",
        code=1,
        again="1 → bad, 2 parts",
    ),
)
