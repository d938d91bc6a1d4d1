"""What holds of every verdict, whatever the image and whatever is required of it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.situations import DIGEST, OTHER_DIGEST, REGISTRY, UNTOLD, ecs, push, workload

from ecrguard.domain.image import Evidence, Image, ImageKind, Offer, Unknown, UnknownReason
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.platform import Platform, satisfies
from ecrguard.domain.policy import Demand, LinkedMode, Match
from ecrguard.domain.verdict import Judgement, Reason, Severity, Subject, SubjectKind
from ecrguard.domain.workload import Basis, Link, Workload, WorkloadKind, link

KNOWN = [
    Platform("linux", "amd64"),
    Platform("linux", "arm64"),
    Platform("linux", "386"),
    Platform("linux", "arm", "v7"),
    Platform("linux", "amd64", "v3"),
    Platform("windows", "amd64", "", "10.0.20348"),
    Platform("windows", "amd64", "", "10.0.17763.1"),
]
HOSTS = ["linux/amd64", "linux/arm64", "windows(10.0.20348)/amd64", "linux/amd64 linux/arm64", ""]
REFERENCES = [":1.4", ":prod", f"@{DIGEST}", f":1.4@{OTHER_DIGEST}"]

known = st.sampled_from(KNOWN)
partial = st.sampled_from([Platform("", "arm64"), Platform("linux", "")])
offers = st.builds(Offer, known, st.sampled_from(Evidence), st.just(OTHER_DIGEST))
unknowns = st.lists(st.just(UNTOLD), max_size=1).map(tuple)
# As observing gives them: a single image offers one platform or is unknown, an index any number, the rest none.
images = st.one_of(
    offers.map(lambda offer: Image(DIGEST, "", ImageKind.SINGLE, (offer,))),
    st.just(Image(DIGEST, "", ImageKind.SINGLE, (), (UNTOLD,))),
    st.builds(
        lambda some, gaps: Image(DIGEST, "", ImageKind.INDEX, tuple(some), gaps), st.lists(offers, max_size=4), unknowns
    ),
    st.just(Image(DIGEST, "", ImageKind.UNSUPPORTED, (), (UNTOLD,))),
    st.just(Image(DIGEST, "", ImageKind.ARTIFACT)),
)
services = st.builds(ecs, st.sampled_from(HOSTS), st.sampled_from(REFERENCES), name=st.sampled_from(["a", "b", "c"]))
others = st.builds(
    lambda kind, texts, reference, resolved: workload(
        kind, texts, reference, basis=Basis.EXPLICIT if texts else Basis.UNKNOWN, resolved=resolved
    ),
    st.sampled_from(WorkloadKind),
    st.sampled_from(HOSTS),
    st.sampled_from(REFERENCES),
    st.sampled_from(["", DIGEST, OTHER_DIGEST]),
)
workloads = services | others
demands = st.none() | st.builds(
    Demand,
    st.lists(known | st.sampled_from([Platform("", "arm64"), Platform("linux", "")]), min_size=1, max_size=3).map(
        tuple
    ),
    st.sampled_from(Match),
    st.booleans(),
)
gaps = st.lists(st.just(Unknown(UnknownReason.ACCESS_DENIED, "denied", "apprunner")), max_size=1).map(tuple)
requirements = st.builds(
    lambda demand, linked, some, unread: Requirements(
        demand, Subject(SubjectKind.POLICY_RULE, "policy rule web") if demand else None, linked, tuple(some), unread
    ),
    demands,
    st.sampled_from(LinkedMode),
    st.lists(workloads, max_size=4),
    gaps,
)
tags = st.sampled_from(["1.4", "1.4-arm64", "1.4-amd64", "prod", "latest"])


def met(demand: Demand, image: Image) -> bool:
    held = [any(satisfies(offer, one) for offer in image.platforms) for one in demand.platforms]
    surplus = [offer for offer in image.platforms if not any(satisfies(offer, one) for one in demand.platforms)]
    enough = all(held) if demand.match is Match.ALL else any(held)
    return enough and (demand.extra or not surplus)


def exactly(needs: Requirements, tag: str) -> list[Workload]:
    if needs.linked is LinkedMode.OFF:
        return []
    return [each for each in needs.workloads if link(each, REGISTRY, "team/web", tag, DIGEST) is Link.EXACT]


@given(images, requirements, tags)
def test_every_image_gets_a_verdict_with_a_reason(image: Image, needs: Requirements, tag: str) -> None:
    verdict = judge(push(tag), image, needs)

    reasons = {
        Judgement.OK: {Reason.PLATFORMS_MATCH},
        Judgement.MISMATCH: {Reason.PLATFORMS_MISMATCH},
        Judgement.UNKNOWN: {Reason.NOT_TOLD},
        Judgement.NOT_APPLICABLE: {Reason.ARTIFACT, Reason.NO_REQUIREMENT},
    }
    assert verdict.reason in reasons[verdict.judgement]
    assert verdict.explanation


@given(images, requirements, tags)
def test_a_mismatch_has_a_finding_with_a_remedy_and_nothing_else_has_one(
    image: Image, needs: Requirements, tag: str
) -> None:
    verdict = judge(push(tag), image, needs)
    mismatches = [finding for finding in verdict.findings if finding.severity is Severity.MISMATCH]

    assert bool(mismatches) == (verdict.judgement is Judgement.MISMATCH)
    assert all(finding.remedy and finding.prediction and finding.failure for finding in mismatches)


@given(images, requirements, tags)
def test_what_passes_offers_something_and_meets_what_is_required(image: Image, needs: Requirements, tag: str) -> None:
    verdict = judge(push(tag), image, needs)

    if verdict.judgement is Judgement.OK:
        assert image.offers
        assert not needs.unknowns
        assert needs.demand is None or met(needs.demand, image)


@given(images, requirements, tags)
def test_an_image_that_offers_nothing_told_never_passes(image: Image, needs: Requirements, tag: str) -> None:
    blind = replace(image, kind=ImageKind.INDEX, offers=(), unknowns=(UNTOLD,))

    verdict = judge(push(tag), blind, needs)

    asked = needs.demand is not None or verdict.needs or needs.unknowns or exactly(needs, tag)
    assert verdict.judgement is Judgement.UNKNOWN or (verdict.reason is Reason.NO_REQUIREMENT and not asked)


@given(images, requirements, tags, known)
def test_another_platform_never_spoils_what_the_services_take(
    image: Image, needs: Requirements, tag: str, more: Platform
) -> None:
    """Only a policy that allows nothing else may mind it."""
    needs = replace(needs, demand=None, demanded_by=None)
    if image.kind is not ImageKind.INDEX or not exactly(needs, tag):
        return
    wider = replace(image, offers=(*image.offers, Offer(more, Evidence.DESCRIPTOR, OTHER_DIGEST)))

    if judge(push(tag), image, needs).judgement is Judgement.OK:
        assert judge(push(tag), wider, needs).judgement is Judgement.OK


@given(images, requirements, tags)
def test_services_on_other_tags_say_nothing_where_one_names_the_image(
    image: Image, needs: Requirements, tag: str
) -> None:
    exact = exactly(needs, tag)
    if not exact:
        return

    alone = judge(push(tag), image, replace(needs, workloads=tuple(exact)))
    together = judge(push(tag), image, needs)

    assert (together.judgement, together.findings) == (alone.judgement, alone.findings)


@given(images, requirements, tags)
def test_an_unread_part_never_turns_another_verdict_into_a_pass(image: Image, needs: Requirements, tag: str) -> None:
    less = replace(image, unknowns=(UNTOLD,)) if image.kind is ImageKind.INDEX else image

    if judge(push(tag), less, needs).judgement is Judgement.OK:
        assert judge(push(tag), image, needs).judgement is Judgement.OK


@given(images, requirements, tags, st.randoms())
def test_the_order_of_the_services_does_not_matter(
    image: Image, needs: Requirements, tag: str, random: st.DataObject
) -> None:
    shuffled = list(needs.workloads)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random

    one, other = judge(push(tag), image, needs), judge(push(tag), image, replace(needs, workloads=tuple(shuffled)))

    assert (one.judgement, one.reason) == (other.judgement, other.reason)
