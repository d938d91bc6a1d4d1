"""What must hold of a history once everything has been handled and nothing goes wrong any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.pool import name_of
from tests.simulation.tally import ViolationError

from ecrguard.domain.action import Action
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.marker import PREFIX
from ecrguard.domain.push import Arrival

if TYPE_CHECKING:
    from tests.simulation.history import History
    from tests.simulation.world import Tagging

    from ecrguard.domain.alert import Alert


def state(history: History) -> object:
    """All that the product may still change."""
    images = history.world.images
    return (
        [(name, history.world.tags(name), images.digests(name)) for name in history.world.repositories],
        dict(history.ledger.records),
        dict(history.ledger.owed),
        len(history.alerts.published),
        len(history.mail.dead),
    )


def check(history: History) -> None:
    """Look at what is left.

    Raises:
        ViolationError: something is lost, half done, or untold.
    """
    for key, wish in history.checks.wish.items():
        _tag(history, key, wish)
    _services(history)
    _images(history)
    _ledger(history)
    for tagging in history.world.taggings:
        if not tagging.ours and not tagging.tag.startswith(PREFIX):
            _told(history, tagging)
    _later(history)


def _tag(history: History, key: tuple[str, str], wish: Tagging | None) -> None:
    """What a tag stands for in the end: what people last gave it to, unless that was wrong."""
    repository, tag = key
    standing = history.world.tags(repository).get(tag, "")
    what = f"in the end {repository}:{tag} stands for {name_of(standing) or 'nothing'}"
    if wish is None:
        if standing and key not in history.checks.revived:
            raise ViolationError(f"{what}, though a person took it away")
        return
    gone = (repository, wish.digest) in history.people.broke
    if wish.surely_right and standing != wish.digest and not gone and key not in history.checks.confused:
        raise ViolationError(f"{what}, and not for {name_of(wish.digest)}, which was good and pushed last")
    if standing in ("", wish.digest):
        return
    earlier = [each for each in history.world.taggings if (each.repository, each.tag) == key and not each.ours]
    if not any(each.digest == standing and not history.checks.is_bad(each) for each in earlier):
        raise ViolationError(f"{what}, which was never good for it")


def _services(history: History) -> None:
    for service in history.world.services.values():
        stranded = history.world.stranded(service)
        broke = any((service.repository, each) in history.people.broke for each in (*service.needs(), service.digest))
        if stranded and not broke and service.arn not in history.checks.unseen:
            raise ViolationError(f"in the end {service.arn} cannot pull {name_of(stranded)} of {service.repository}")


def _images(history: History) -> None:
    checks, world, people = history.checks, history.world, history.people
    for (repository, digest), tags in checks.missing.items():
        if (repository, digest) not in people.broke:
            raise ViolationError(f"{name_of(digest)} of {repository}, which ECR took with its tag, is gone: {tags}")
    for (repository, tag), digest in checks.put_back.items():
        wish = checks.wish.get((repository, tag))
        # Tags of an image that is wrong under them too would go anyway; the image itself is there.
        right = wish is not None and wish.digest == digest and not wish.ever_exact
        if right and world.tags(repository).get(tag) != digest:
            raise ViolationError(f"{repository}:{tag}, which went with {name_of(digest)}, was not put back")


def _ledger(history: History) -> None:
    now = history.stage.now()
    for (repository, subject), (owner, until) in history.ledger.leases.items():
        if until > now:
            raise ViolationError(f"{subject} of {repository} is still held by {owner}")
    for (repository, subject), record in history.ledger.records.items():
        act, tag = record.act, subject.partition("#")[2]
        wish = history.checks.wish.get((repository, tag))
        if act is None or act.ended is not None or wish is None or wish.digest != act.digest:
            continue
        if history.world.tags(repository).get(tag, "") == act.digest:
            raise ViolationError(f"an act on {repository}:{tag} was begun and never done, nor given up: {act}")
    for due in history.ledger.owed.values():
        raise ViolationError(f"{due.action} of {due.push.image_name} is still due")


def _told(history: History, tagging: Tagging) -> None:
    """Every mismatch has its alert, and the planned state or a stated refusal."""
    repository, tag, digest = tagging.repository, tagging.tag, tagging.digest
    alerts = history.alerts.mismatches(repository, tag, digest)
    same = history.world.taggings_of(repository, tag, digest)
    calm = [alert for alert in alerts if history.alerts.calm(alert)]
    if len(calm) > len(same):
        raise ViolationError(f"{len(calm)} alerts for {len(same)} pushes: {tagging}")
    if not tagging.surely_wrong or tagging.deleted or (repository, digest) in history.checks.seen.released:
        return
    if not alerts:
        raise ViolationError(f"no alert ever told of {tagging}")
    # Of what is restored from the archive long after, who pushed it is not told.
    pushed = [each for each in alerts if each.push.arrival is Arrival.PUSHED]
    told = any(each.pusher is not None for each in history.alerts.about(repository, tag, digest))
    if tagging.trailed and pushed and len(same) == 1 and not told:
        raise ViolationError(f"nobody was told who pushed {tagging}")
    allowed = history.world.allowed(repository, history.level)
    if not any(_complete(alert, allowed) for alert in history.alerts.about(repository, tag, digest)):
        raise ViolationError(f"{tagging} has neither what was planned ({allowed}) nor a stated refusal")


def _complete(alert: Alert, allowed: Action) -> bool:
    done = {each.action for each in alert.outcome.done}
    at_once = min(allowed, Action.QUARANTINE, key=lambda action: action.severity)
    if alert.outcome.refusals:
        return True
    return at_once is Action.ALERT or (at_once in done and (alert.outcome.later or at_once) is allowed)


def _later(history: History) -> None:
    """What was said to follow did, or was refused."""
    for place, alert in enumerate(history.alerts.published):
        if alert.outcome.later is None or not history.alerts.calm(alert):
            continue
        push = alert.push
        followed = any(
            (each.kind is AlertKind.ACTION or each.outcome.refusals)
            and (each.push.repository, each.push.digest) == (push.repository, push.digest)
            for each in history.alerts.published[place + 1 :]
        )
        excused = {*history.people.broke, *history.checks.seen.released}
        if not followed and (push.repository, push.digest) not in excused:
            raise ViolationError(f"{alert.outcome.later} of {push.image_name} was to follow, and nothing was said")
