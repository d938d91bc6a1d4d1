"""Which workloads run an image, or would at their next start, and may be able to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from tests.situations import DIGEST, OTHER_DIGEST, REGISTRY, UNREADABLE, ecs, index, push, single, workload

from ecrguard.domain.image import Evidence, Image, Offer
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.use import users, uses
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from ecrguard.domain.push import Push

THIRD = f"sha256:{'c' * 64}"
ELSEWHERE = Registry("210987654321", "eu-central-1")
ARM = single("linux/arm64")
BOTH = index("linux/amd64 linux/arm64")


def of_repository(repository: str) -> Workload:
    return replace(ecs(), reference=parse_reference(f"{REGISTRY.host}/{repository}:1.4"))


def pinned(reference: str, digest: str, hosts: str = "linux/amd64") -> Workload:
    return workload(WorkloadKind.ECS_SERVICE, hosts, reference, resolved=digest)


NAMED: dict[str, tuple[Workload, bool]] = {
    "the tag": (ecs(reference=":1.4"), True),
    "another tag of the image": (ecs(reference=":stable"), True),
    "a tag that it has not": (ecs(reference=":1.3"), False),
    "the digest": (ecs(reference=f"@{DIGEST}"), True),
    "the digest of a part": (ecs(reference=f"@{OTHER_DIGEST}"), True),
    "a digest that it has not": (ecs(reference=f"@{THIRD}"), False),
    "the tag beside a digest that it has not, which decides": (ecs(reference=f":1.4@{THIRD}"), False),
    "another tag beside the digest, which decides": (ecs(reference=f":1.3@{DIGEST}"), True),
    "another tag with the digest pinned": (pinned(":1.3", DIGEST), True),
    "another digest with the digest of a part pinned": (pinned(f"@{THIRD}", OTHER_DIGEST), True),
    "the tag with another digest pinned: its next start may resolve it": (pinned(":1.4", THIRD), True),
    "another tag with another digest pinned": (pinned(":1.3", THIRD), False),
    "the tag of another account's registry": (ecs(registry=ELSEWHERE), False),
    "the digest in another account's registry": (ecs(reference=f"@{DIGEST}", registry=ELSEWHERE), False),
    "the tag of another repository": (of_repository("team/other"), False),
    "the tag of another repository, whose name is longer": (of_repository("team/web-admin"), False),
    "the tag of a registry that is not ECR's": (
        replace(ecs(), reference=parse_reference("docker.io/team/web:1.4")),
        False,
    ),
    "pods that run it": (workload(WorkloadKind.EKS_CLUSTER, "", f"@{DIGEST}", basis=Basis.UNKNOWN), True),
}


@pytest.mark.parametrize(("each", "used"), NAMED.values(), ids=NAMED.keys())
def test_a_workload_uses_what_it_names_or_has_pinned(each: Workload, *, used: bool) -> None:
    tags, digests = frozenset({"1.4", "stable"}), frozenset({DIGEST, OTHER_DIGEST})

    assert uses(each, push("1.4"), digests, tags) is used
    assert users(push("1.4"), BOTH, ["1.4", "stable"], [each]) == ((each,) if used else ())


@dataclass(frozen=True)
class Case:
    """A workload that names the image, and whether it may be able to run it."""

    workload: Workload
    image: Image
    able: bool


def of_parts(**digests: str) -> Image:
    """An index, whose part for each architecture has a digest of its own."""
    offers = tuple(Offer(Platform("linux", name), Evidence.DESCRIPTOR, digest) for name, digest in digests.items())
    return replace(BOTH, offers=offers)


LAMBDA = WorkloadKind.LAMBDA_FUNCTION
ABLE = {
    "it is built for its host": Case(ecs("linux/arm64"), ARM, able=True),
    "it is not": Case(ecs("linux/amd64"), ARM, able=False),
    "for one of two hosts": Case(ecs("linux/amd64 linux/arm64"), ARM, able=False),
    "an index that has its host": Case(ecs("linux/amd64"), BOTH, able=True),
    "an index that has not": Case(ecs("windows(10.0.20348)/amd64"), BOTH, able=False),
    "an index of which a part could not be read": Case(ecs(), index("linux/arm64", UNREADABLE), able=True),
    "its platform is not known, and the image does not run on any": Case(ecs(""), ARM, able=True),
    "its platform is one that is not known here": Case(ecs("", basis=Basis.UNRECOGNISED), ARM, able=True),
    "it runs with a warning": Case(ecs("linux/amd64"), single("linux/386"), able=True),
    "pods, whose hosts are never known": Case(
        workload(WorkloadKind.EKS_CLUSTER, "", f"@{DIGEST}", basis=Basis.UNKNOWN), ARM, able=True
    ),
    "a function and an index, of which it takes none": Case(workload(LAMBDA), BOTH, able=False),
    "a function that names a part of the index": Case(
        workload(LAMBDA, "linux/amd64", f"@{OTHER_DIGEST}"), BOTH, able=True
    ),
    "a function that has a part of the index pinned": Case(
        workload(LAMBDA, "linux/amd64", ":1.4", resolved=OTHER_DIGEST), BOTH, able=True
    ),
    "a function that names a part for another host": Case(
        workload(LAMBDA, "linux/amd64", f"@{OTHER_DIGEST}"), index("linux/arm64"), able=False
    ),
    "a function that names a part of an index that could not be read as a whole": Case(
        workload(LAMBDA, "linux/arm64", f"@{OTHER_DIGEST}"), index("linux/arm64", UNREADABLE), able=True
    ),
    "a function that names a part for another host, beside what could not be read": Case(
        workload(LAMBDA, "linux/amd64", f"@{OTHER_DIGEST}"), index("linux/arm64", UNREADABLE), able=False
    ),
    "a function that names the part for another host, beside that for its own": Case(
        workload(LAMBDA, "linux/amd64", f"@{OTHER_DIGEST}"), of_parts(amd64=THIRD, arm64=OTHER_DIGEST), able=False
    ),
    "a function that names the part for its host, beside that for another": Case(
        workload(LAMBDA, "linux/amd64", f"@{THIRD}"), of_parts(arm64=OTHER_DIGEST, amd64=THIRD), able=True
    ),
    "a function that names the index": Case(workload(LAMBDA, "linux/amd64", f"@{DIGEST}"), BOTH, able=False),
    "a service that has pinned it and would not run it": Case(pinned(":1.4", DIGEST), ARM, able=False),
}


@pytest.mark.parametrize("case", ABLE.values(), ids=ABLE.keys())
def test_a_workload_uses_what_it_is_not_known_to_be_unable_to_run(case: Case) -> None:
    found = users(push("1.4"), case.image, ["1.4"], [case.workload])

    assert found == ((case.workload,) if case.able else ())


def test_the_pushed_tag_counts_whatever_tags_the_image_has_by_now() -> None:
    mine, others = ecs("linux/arm64", ":1.4"), ecs("linux/arm64", ":stable", name="prod/other")

    assert users(push("1.4"), ARM, [], [mine, others]) == (mine,)
    assert users(push("1.4"), ARM, ["stable"], [mine, others]) == (mine, others)


@pytest.mark.parametrize("tags", [[], [""]], ids=["none", "an empty one"])
def test_a_push_without_a_tag_is_used_by_digest_alone(tags: list[str]) -> None:
    untagged: Push = push("")
    by_tag, by_digest = ecs("linux/arm64", ":latest"), ecs("linux/arm64", f"@{DIGEST}")
    by_another = ecs("linux/arm64", f"@{THIRD}")
    by_nothing = replace(by_tag, reference=replace(by_tag.reference, tag=""))

    assert users(untagged, ARM, tags, [by_tag, by_digest, by_another, by_nothing]) == (by_digest,)
    assert users(push("1.4"), ARM, tags, [by_nothing]) == ()


def test_a_workload_that_starts_new_deployments_by_itself_is_judged_as_it_will_be() -> None:
    eager = replace(ecs("linux/arm64"), deploys_on_push=True)

    assert users(push("1.4"), ARM, ["1.4"], [eager]) == (eager,)
