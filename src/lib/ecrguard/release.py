"""Giving an image free: a person's word that it is to be left alone, and what was taken from it given back.

Everything here may be repeated: what is so already is found so. A person's word is kept before anything is changed, so
that no function takes away again what is given back; and a tag is held while it is changed, so that no function is in
the midst of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Entry, Release
from ecrguard.domain.marker import is_own_marker, marker_tag
from ecrguard.domain.plan import Outcome
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest, RemoveAnswer, StoreAnswer, TagAnswer
from ecrguard.subjects import held, tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ecrguard.domain.ledger import Due
    from ecrguard.domain.push import Push
    from ecrguard.ports import Held, ImageEditor, ImageStore, Ledger, Standing

RESTORING = "ECR takes up to 20 minutes to bring an image back from the archive"


class Came(StrEnum):
    """What came of one thing that was to be done."""

    DONE = "done"
    ALREADY_SO = "already so"
    LEFT = "left"
    """It was not done; the text says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was to be done.

    Attributes:
        came: what came of it.
        text: a sentence for people.
    """

    came: Came
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a release, or of giving a tag back.

    Attributes:
        lines: in the order in which it was done.
        again: a later run will do what this one could not.
    """

    lines: tuple[Line, ...]
    again: bool = False

    @property
    def complete(self) -> bool:
        """Nothing was left as it was."""
        return all(line.came is not Came.LEFT for line in self.lines)


def image_subject(digest: str) -> str:
    """The subject in the ledger of an image of which no tag is known."""
    return f"digest#{digest}"


def release_command(push: Push, stack: str) -> str:
    """The command that releases a pushed image, for people to put their reason into."""
    tag = f":{push.tag}" if push.tag else ""
    return f"ecrguard release {push.repository}{tag}@{push.digest} --why 'WHY' --stack {stack}"


@dataclass(frozen=True, slots=True)
class Releaser:
    """Gives images free and tags back, for one person.

    Attributes:
        images: of the registry.
        editor: changes them, with the person's own permissions.
        ledger: what was done.
        who: the person's IAM principal.
        owner: a name that no other run has; it holds the tags.
        now: the time, UTC.
    """

    images: ImageStore
    editor: ImageEditor
    ledger: Ledger
    who: str
    owner: str
    now: Callable[[], datetime]

    def image_of(self, repository: str, tag: str) -> str:
        """The digest of the image that a tag is wrong for; where it is not, of the one it stands for, or empty."""
        record = self.ledger.look(repository, tag_subject(tag))
        if record.open and record.latest is not None:
            return record.latest.digest
        standing = self.images.standing(repository, tag=tag)
        return standing.digest if standing else ""

    def release(self, repository: str, digest: str, tags: Iterable[str], why: str) -> Answer:
        """Leave an image alone from now on, and give back what was taken from it.

        Args:
            repository: of the image.
            digest: of the image.
            tags: to put on it again; where none is named, those that are known to have been taken off it.
            why: for people.

        Raises:
            UnreadableError: something could not be read or changed; a later run goes on.
        """
        lines = [self._keep_word(repository, digest, why)]
        dues = [each for each in self.ledger.dues() if _is_of(each, repository, digest)]
        for due in dues:
            # Whoever is in the midst of archiving or deleting it has not seen the word: they come to their end first.
            with held(self.ledger, repository, tag_subject(due.push.tag), self.owner, self.now):
                pass
        image = self.images.standing(repository, digest=digest)
        names = tuple(dict.fromkeys(tags)) or _known_tags(image, dues)
        again = False
        if image is None:
            lines += self._bring_back(repository, digest, names)
        else:
            if image.archived:
                lines.append(self._unarchive(repository, digest))
            given, again = self._tags(repository, image, names)
            lines += given
            lines += self._unmark(repository, digest)
        for due in dues:
            self.ledger.paid(due)
        self._note(repository, digest, names)
        return Answer(tuple(lines), again)

    def _keep_word(self, repository: str, digest: str, why: str) -> Line:
        word = self.ledger.released(repository, digest)
        if word is not None:
            when = f"{word.time:%Y-%m-%d %H:%M} UTC"
            return Line(Came.ALREADY_SO, f"{digest} was released by {word.who} on {when}: {word.why}")
        self.ledger.release(repository, digest, Release(self.who, why, self.now()))
        return Line(Came.DONE, f"{digest} is left alone from now on, whatever it is built for.")

    def _unarchive(self, repository: str, digest: str) -> Line:
        answer = self.editor.restore(repository, digest)
        if answer is StoreAnswer.NOT_SUPPORTED:
            return Line(Came.LEFT, f"ECR does not bring {digest} back from the archive: push the image again.")
        came = Came.DONE if answer is StoreAnswer.CHANGED else Came.ALREADY_SO
        return Line(came, f"The image is on its way back from the archive; {RESTORING}.")

    def _tags(self, repository: str, image: Standing, names: tuple[str, ...]) -> tuple[list[Line], bool]:
        if not names:
            text = f"Which tag it had is not known from its digest alone: name it, {repository}:TAG@{image.digest}."
            return [Line(Came.LEFT, text)], False
        manifest = self.images.manifests(repository, [image.digest])[image.digest]
        if isinstance(manifest, Unknown):
            if not image.archived:
                raise UnreadableError(manifest)
            text = f"The tag {', '.join(names)} can be put on the image once it is back; {RESTORING}."
            return [Line(Came.LEFT, text)], True
        return [self._give_back(repository, name, manifest) for name in names], False

    def _give_back(self, repository: str, tag: str, manifest: RawManifest) -> Line:
        with held(self.ledger, repository, tag_subject(tag), self.owner, self.now) as hold:
            standing = self.images.standing(repository, tag=tag)
            at = standing.digest if standing else ""
            if at != manifest.digest:
                kept = self._why_not(hold, tag, at, manifest.digest)
                if kept:
                    return Line(Came.LEFT, kept)
                if self.editor.put_tag(repository, manifest, tag) is TagAnswer.IMMUTABLE:
                    return Line(Came.LEFT, immutable(tag, at))
            self._settle(hold, manifest.digest)
        if at == manifest.digest:
            return Line(Came.ALREADY_SO, f"The tag {tag} stands for it.")
        return Line(Came.DONE, f"The tag {tag} stands for it again" + (f", no longer for {at}." if at else "."))

    def _why_not(self, hold: Held, tag: str, at: str, digest: str) -> str:
        """Why a tag is not put on an image; empty where it was taken off it and nobody has pushed it since."""
        act = hold.record.act
        if act is not None and act.digest == digest and at in ("", act.to):
            return ""
        if at:
            return (
                f"The tag {tag} stands for {at}: somebody has pushed it since, and it stays so. "
                f"Push the image under it again if it is to have it."
            )
        # What was done to a tag is forgotten once somebody pushes it, and that image may be gone again by now.
        if any(entry.digest == digest for entry in self.ledger.history(hold.repository, hold.subject)):
            return ""
        return (
            f"The tag {tag} is not there, and nothing tells that it was taken off this image; see whether it is right."
        )

    def _bring_back(self, repository: str, digest: str, names: tuple[str, ...]) -> list[Line]:
        """An image that is gone comes back where ECR took it away together with its tag, and its layers are there."""
        for name in names:
            with held(self.ledger, repository, tag_subject(name), self.owner, self.now) as hold:
                if self._put_again(hold, name, digest):
                    return [Line(Came.DONE, f"The image was gone, and is back under its tag {name}.")]
        text = f"{digest} is not in {repository} any more: push it again, it will be left alone."
        return [Line(Came.LEFT, text)]

    def _put_again(self, hold: Held, tag: str, digest: str) -> bool:
        act = hold.record.act
        if act is None or act.digest != digest or not act.manifest:
            return False
        standing = self.images.standing(hold.repository, tag=tag)
        if standing is not None and standing.digest != act.to:
            return False
        manifest = RawManifest(digest, act.media_type, act.manifest.encode())
        try:
            answer = self.editor.put_tag(hold.repository, manifest, tag)
        except UnreadableError as error:
            if error.unknown.reason is UnknownReason.IMAGE_GONE:
                return False
            raise
        if answer is TagAnswer.IMMUTABLE:
            return False
        for other in act.tags:
            if self.images.standing(hold.repository, tag=other) is None and not is_own_marker(other, digest):
                self.editor.put_tag(hold.repository, manifest, other)
        self._settle(hold, digest)
        return True

    def _unmark(self, repository: str, digest: str) -> list[Line]:
        marker = marker_tag(digest)
        image = self.images.standing(repository, digest=digest)
        if image is None or marker not in image.tags:
            return []
        if image.tags == (marker,):
            text = f"The marker {marker} stays: it is the image's only tag, and ECR deletes an image with its last tag."
            return [Line(Came.LEFT, text)]
        # By the tag alone: whether ECR takes the whole image where tag and digest are given is not certain.
        answer = self.editor.remove_last_tag(repository, marker)
        came = Came.DONE if answer is RemoveAnswer.REMOVED else Came.ALREADY_SO
        return [Line(came, f"The marker {marker} is off the image.")]

    def _note(self, repository: str, digest: str, names: tuple[str, ...]) -> None:
        word = self.ledger.released(repository, digest)
        if word is None:
            return
        # The first word's time and text, so that a run that is repeated adds no line.
        entry = Entry(word.time, "released", digest, "", "", word.why, Outcome(), word.who)
        for subject in [tag_subject(name) for name in names] or [image_subject(digest)]:
            self.ledger.note(repository, subject, entry)

    def _settle(self, hold: Held, digest: str) -> None:
        """What was done to the tag because of this image is undone, and it is not wrong any more if it was for it."""
        record = hold.record
        act = None if record.act is not None and record.act.digest == digest else record.act
        wrong = record.open and not (record.latest is not None and record.latest.digest == digest)
        if (act, wrong) != (record.act, record.open):
            self.ledger.settle(hold, told=record.told, open_=wrong, act=act)


def _known_tags(image: Standing | None, dues: Iterable[Due]) -> tuple[str, ...]:
    """The tags that an image is known to have or to have lost, but for its marker."""
    names = [*(image.tags if image else ()), *(due.push.tag for due in dues if due.push.tag)]
    return tuple(name for name in dict.fromkeys(names) if image is None or not is_own_marker(name, image.digest))


def _is_of(due: Due, repository: str, digest: str) -> bool:
    return due.push.repository == repository and due.push.digest == digest


def immutable(tag: str, at: str) -> str:
    """Why a tag cannot be put on an image."""
    return f"The tag {tag} stands for {at}, and the repository's tags cannot be moved; delete that tag first."
