"""The items of the inventory's table, and the values that they stand for; those of the ledger are in ``ledger_items``.

One table, keys ``pk`` and ``sk``:

| pk | sk | what |
|---|---|---|
| ``repository#<name>`` | ``<source>#<ARN>`` | what a workload runs of a repository: what a push asks for |
| ``source#<source>`` | ARN | what is known of a workload, to replace it as a whole |
| ``inventory`` | ``source#<source>`` | how far a source has been read |
| ``inventory`` | ``bad#<source>#<ARN>`` | a workload's images that are no references |
| ``pass#<source>`` | start and page | the workloads on a page of a pass; expires |
| ``revision#<ARN>`` | ``revision`` | a task definition, which never changes |
| ``lease`` | ``reconcile`` | who makes passes now |
| ``ledger#<repository>`` | ``tag#<tag>``, ``workload#<ARN>#<container>`` | what was told and done of it, who holds it |
| ``ledger#<repository>`` | ``release#<digest>`` | somebody's word that an image is to be left alone |
| ``history#<repository>#<tag#… or workload#…>`` | time and hash | a line of its history; expires |
| ``due`` | ``<repository>@<digest>`` | an image that is to be archived or deleted |
| ``cap`` | hour | how many destructive acts it had; expires |
| ``pace`` | ``putimage#<second since 1970>`` | how many calls of PutImage it had; expires |
| ``pusher#<repository>`` | ``<tag>@<digest>`` | who pushed it; expires |
| ``thread#<alert>`` | ``slack`` | what Slack knows the alert's message by; expires |
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Known, Pass, SourceState, fingerprint
from ecrguard.domain.platform import parse
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecrguard.adapters.dynamodb import Item
    from ecrguard.domain.inventory import Sighting
    from ecrguard.ports import Replacement

INVENTORY = "inventory"
"""Partition of what is known of the sources as a whole."""
KEPT = timedelta(days=2)
"""How long the pages of a pass stay, and a workload that is gone: longer than anything that still may write it."""


def repository_pk(repository: str) -> str:
    """Partition of the workloads that run a repository's images."""
    return f"repository#{repository}"


def workload_sk(source: str, arn: str) -> str:
    """Sort key of a workload in the partition of a repository; two sources may know it."""
    return f"{source}#{arn}"


def source_pk(source: str) -> str:
    """Partition of the workloads of a source."""
    return f"source#{source}"


def text_of(time: datetime) -> str:
    """A time as text whose order is that of the times."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def repository_items(source: str, sighting: Sighting, observed: datetime) -> list[Item]:
    """An item for each repository whose images the workload runs."""
    by_repository: dict[str, list[Workload]] = {}
    for workload in sighting.workloads:
        by_repository.setdefault(workload.reference.repository, []).append(workload)
    return [
        {
            "pk": repository_pk(repository),
            "sk": workload_sk(source, sighting.arn),
            "source": source,
            "seen": text_of(observed),
            # One text: DynamoDB's form of lists and maps takes many times as long to read.
            "workloads": json.dumps([_workload_item(workload) for workload in workloads]),
        }
        for repository, workloads in by_repository.items()
    ]


def _workload_item(workload: Workload) -> Item:
    return {
        "kind": workload.kind.value,
        "arn": workload.arn,
        "account": workload.account,
        "region": workload.region,
        "name": workload.name,
        "container": workload.container,
        "image": str(workload.reference),
        "resolved": workload.resolved,
        "hosts": [str(host) for host in workload.hosts],
        "basis": workload.basis.value,
        "definition": workload.definition,
        "deploys_on_push": workload.deploys_on_push,
    }


def workloads_of(item: Item) -> list[Workload]:
    """The workloads of an item of a repository.

    Raises:
        ValueError: it has something that this version does not know.
        KeyError: it lacks something.
    """
    return [
        Workload(
            kind=WorkloadKind(each["kind"]),
            arn=each["arn"],
            name=each["name"],
            container=each["container"],
            reference=parse_reference(each["image"]),
            hosts=tuple(parse(host) for host in each["hosts"]),
            basis=Basis(each["basis"]),
            definition=each["definition"],
            deploys_on_push=each["deploys_on_push"],
            resolved=each["resolved"],
        )
        for each in json.loads(item["workloads"])
    ]


def bad_item(source: str, sighting: Sighting) -> Item:
    """The item of a workload's images that are no references."""
    images = [{"subject": each.subject, "text": each.text, "problem": each.problem} for each in sighting.bad_images]
    return {"pk": INVENTORY, "sk": bad_sk(source, sighting.arn), "source": source, "images": images}


def bad_sk(source: str, arn: str) -> str:
    """Sort key of a workload's images that are no references."""
    return f"bad#{source}#{arn}"


def bad_images_of(item: Item) -> list[BadImage]:
    """The images of an item of :func:`bad_item`."""
    return [BadImage(each["subject"], each["text"], each["problem"]) for each in item["images"]]


def known_item(source: str, replacement: Replacement, version: str) -> Item:
    """The item that says what is known of a workload."""
    sighting = replacement.sighting
    item = {
        "pk": source_pk(source),
        "sk": sighting.arn,
        "observed": text_of(replacement.observed),
        "version": version,
        "repositories": sorted({workload.reference.repository for workload in sighting.workloads}),
        "bad": bool(sighting.bad_images),
        "fingerprint": fingerprint(sighting),
        "runs": sorted(replacement.judged),
        "definitions": sorted({workload.definition for workload in sighting.workloads if workload.definition}),
    }
    if not sighting.workloads and not sighting.bad_images:
        # It stays for a while, so that an observation from before its end, still on its way, does not revive it.
        item["expires"] = int((replacement.observed + KEPT).timestamp())
    return item


def known_of(item: Item) -> Known:
    """What is known of a workload."""
    return Known(
        arn=item["sk"],
        observed=datetime.fromisoformat(item["observed"]),
        version=item["version"],
        repositories=tuple(item["repositories"]),
        bad=item["bad"],
        fingerprint=item["fingerprint"],
        runs=frozenset(item["runs"]),
        definitions=tuple(item["definitions"]),
    )


def state_of(item: Item) -> SourceState:
    """What is known of a source as a whole."""
    source = item["sk"].removeprefix("source#")
    running = None
    if "running" in item:
        running = Pass(
            source=source,
            started=datetime.fromisoformat(item["running"]),
            pages=int(item["pages"]),
            cursor=item["next_page"],
            stalls=int(item["stalls"]),
            unknowns=_unknowns_of(item["running_unknowns"]),
        )
    return SourceState(
        source=source,
        complete=_time_of(item, "complete"),
        ended=_time_of(item, "ended"),
        unknowns=_unknowns_of(item.get("unknowns", [])),
        absent=item.get("absent", ""),
        tried=_time_of(item, "tried"),
        running=running,
    )


def unknown_items(unknowns: Iterable[Unknown]) -> list[Item]:
    """Unknowns, as they stand in the item of a source."""
    return [{"reason": each.reason.value, "detail": each.detail, "subject": each.subject} for each in unknowns]


def _unknowns_of(items: list[Item]) -> tuple[Unknown, ...]:
    # A reason that another version of the product wrote is none that this one knows; the sentence still says it.
    known = set(UnknownReason)
    return tuple(
        Unknown(
            UnknownReason(each["reason"]) if each["reason"] in known else UnknownReason.UNAVAILABLE,
            each["detail"],
            each["subject"],
        )
        for each in items
    )


def _time_of(item: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]) if name in item else None
