"""``ecrguard release`` and ``ecrguard restore``: taking back what was done, with the permissions of whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.cli.exits import FAILED, FINE, REFUSED, fail
from ecrguard.cli.stack import Stack, caller, tools_of
from ecrguard.clock import utc_now
from ecrguard.release import Answer, Came, Releaser
from ecrguard.rendering.text import clean
from ecrguard.restore import Restorer
from ecrguard.wiring import new_owner

if TYPE_CHECKING:
    from ecrguard.cli.named import Named

_MARKS = {Came.DONE: "done", Came.ALREADY_SO: "already so", Came.LEFT: "left"}


def release(named: Named, why: str, stack: str) -> int:
    """Have an image left alone from now on, and put back what was taken from it.

    Raises:
        EcrguardError: it could not be done, or not to its end; a repeated command goes on.
    """
    found = Stack.named(stack)
    found.check(named)
    tools = tools_of(found.config)
    releaser = Releaser(tools.images, tools.editor, tools.ledger, caller(), new_owner(), utc_now)
    digest = named.digest or releaser.image_of(named.repository, named.tag)
    if not digest:
        return fail(f"There is no {named}, and nothing is known of it: name the image by its digest.", FAILED)
    print(f"{named.repository}@{digest}")
    return _told(releaser.release(named.repository, digest, [named.tag] if named.tag else [], why))


def restore(named: Named, why: str, stack: str) -> int:
    """Put a tag on its last good image.

    Raises:
        EcrguardError: it could not be done, or not to its end; a repeated command goes on.
    """
    found = Stack.named(stack)
    found.check(named)
    tools = tools_of(found.config)
    restorer = Restorer(tools.images, tools.editor, tools.ledger, caller(), new_owner(), utc_now)
    return _told(restorer.restore(named.repository, named.tag, why))


def _told(answer: Answer) -> int:
    for line in answer.lines:
        print(f"{_MARKS[line.came]:<12}{clean(line.text)}")
    if answer.again:
        print("Run the same command again then: what is done already is not done twice.")
    return FINE if answer.complete else REFUSED
