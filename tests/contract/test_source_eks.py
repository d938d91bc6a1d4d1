"""EKS as a source, through Inspector: which clusters run an image, and what their nodes are."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.source_world import REGISTRY
from tests.fakes.inspector import FakeInspector, cluster_arn, image_arn, pods, tasks
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.eks import EksSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

DIGEST = "sha256:" + "a" * 64
APP = image_arn("team/app", DIGEST)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Refusal("AccessDeniedException", "User is not authorized", 403)


@pytest.fixture
def inspector() -> FakeInspector:
    return FakeInspector()


def source(inspector: FakeInspector) -> EksSource:
    return EksSource(lambda: inspector.inspector, lambda: inspector.eks, lambda: inspector.ec2, REGISTRY)


def read(inspector: FakeInspector, arn: str = APP) -> tuple[Workload, ...]:
    answer = source(inspector).read([arn])[arn]
    assert isinstance(answer, Sighting), answer
    return answer.workloads


def test_a_cluster_runs_an_image_by_its_digest(inspector: FakeInspector) -> None:
    cluster = inspector.cluster("prod", "arm64", "arm64")
    inspector.use(APP, cluster, pods("shop", "web"))

    assert source(inspector).page("").arns == (APP,)
    assert read(inspector) == (
        Workload(
            kind=WorkloadKind.EKS_CLUSTER,
            arn=cluster,
            name="prod",
            container="shop/web",
            reference=parse_reference(f"{REGISTRY.host}/team/app@{DIGEST}"),
            hosts=(ARM64,),
            basis=Basis.CAPACITY,
            resolved=DIGEST,
        ),
    )


@pytest.mark.parametrize(
    ("architectures", "more", "hosts", "basis"),
    [
        (["x86_64", "x86_64"], {}, (AMD64,), Basis.CAPACITY),
        (["arm64"], {}, (ARM64,), Basis.CAPACITY),
        ([], {"fargate": ("default",)}, (AMD64,), Basis.CAPACITY),
        (["x86_64"], {"fargate": ("default",)}, (AMD64,), Basis.CAPACITY),
        (["arm64"], {"fargate": ("default",)}, (), Basis.UNKNOWN),
        (["x86_64", "arm64"], {}, (), Basis.UNKNOWN),
        (["x86_64"], {"windows": 1}, (), Basis.UNKNOWN),
        ([], {}, (), Basis.UNKNOWN),
        (["riscv64"], {}, (), Basis.UNRECOGNISED),
        (["x86_64", "riscv64"], {}, (), Basis.UNRECOGNISED),
    ],
)
def test_the_platform_is_known_where_all_nodes_have_the_same(
    inspector: FakeInspector,
    architectures: list[str],
    more: dict[str, Any],
    hosts: tuple[Platform, ...],
    basis: Basis,
) -> None:
    inspector.use(APP, inspector.cluster("prod", *architectures, **more), pods())

    (workload,) = read(inspector)

    assert (workload.hosts, workload.basis) == (hosts, basis)


def test_nodes_that_have_stopped_do_not_count(inspector: FakeInspector) -> None:
    inspector.use(APP, inspector.cluster("prod", "x86_64", "arm64"), pods())
    inspector.nodes["prod"][0]["State"] = {"Code": 48, "Name": "terminated"}

    assert [each.hosts for each in read(inspector)] == [(ARM64,)]


def test_the_nodes_of_all_pages_count_and_pages_that_repeat_are_not_endless(inspector: FakeInspector) -> None:
    inspector.use(APP, inspector.cluster("prod", *["x86_64"] * 1000, "arm64"), pods())

    assert [each.basis for each in read(inspector)] == [Basis.UNKNOWN]

    inspector.stuck = True
    with pytest.raises(UnreadableError, match="gave the same page twice"):
        source(inspector).read([APP])


def test_clusters_of_ecs_are_another_sources(inspector: FakeInspector) -> None:
    inspector.use(APP, cluster_arn("services", service="ecs"), tasks())
    inspector.use(APP, inspector.cluster("prod", "x86_64"), pods())

    assert [each.name for each in read(inspector)] == ["prod"]


def test_the_clusters_of_all_pages_count(inspector: FakeInspector) -> None:
    for each in range(120):
        inspector.use(APP, inspector.cluster(f"c{each}", "x86_64"), pods())

    assert len(read(inspector)) == 120
    assert inspector.count("GetClustersForImage") == 2


@pytest.mark.parametrize(("running", "counts"), [(3, True), (None, True), (0, False)])
def test_a_cluster_whose_pods_have_stopped_does_not_run_the_image(
    inspector: FakeInspector,
    running: int | None,
    counts: bool,  # noqa: FBT001 - a table
) -> None:
    inspector.use(APP, inspector.cluster("prod", "x86_64"), pods("shop", "web", running=running))

    assert bool(read(inspector)) is counts


def test_a_cluster_of_which_nothing_more_is_told_runs_the_image(inspector: FakeInspector) -> None:
    inspector.use(APP, inspector.cluster("prod", "x86_64"))

    assert [(each.name, each.container) for each in read(inspector)] == [("prod", "")]


def test_the_first_few_of_what_runs_an_image_are_named(inspector: FakeInspector) -> None:
    inspector.use(
        APP,
        inspector.cluster("prod", "x86_64"),
        pods("shop", "web", "cart"),
        pods("ads", "bid", "ask"),
        pods("old", "web", running=0),
    )

    assert [each.container for each in read(inspector)] == ["ads/ask, ads/bid, shop/cart and 1 more"]


def test_a_cluster_that_is_gone_runs_nothing(inspector: FakeInspector) -> None:
    inspector.use(APP, cluster_arn("gone"), pods())
    inspector.use(APP, inspector.cluster("prod", "x86_64"), pods())

    assert [each.name for each in read(inspector)] == ["prod"]


@pytest.mark.parametrize("elsewhere", [{"account": "210987654321"}, {"region": "us-east-1"}])
def test_a_cluster_elsewhere_runs_on_what_cannot_be_asked(inspector: FakeInspector, elsewhere: dict[str, str]) -> None:
    inspector.use(APP, cluster_arn("far", **elsewhere), pods())

    (workload,) = read(inspector)

    assert (workload.hosts, workload.basis) == ((), Basis.UNKNOWN)
    assert inspector.count("ListFargateProfiles") == inspector.count("DescribeInstances") == 0


@pytest.mark.parametrize(
    "arn",
    [
        image_arn("team/app", DIGEST, account="210987654321"),
        image_arn("team/app", DIGEST, region="us-east-1"),
        "arn:aws:ecr:eu-west-1:123456789012:repository/team/app",
        "i-0123456789abcdef0",
    ],
)
def test_what_is_no_image_of_the_registry_is_left_out_and_not_asked_for(inspector: FakeInspector, arn: str) -> None:
    inspector.use(arn, inspector.cluster("prod", "x86_64"), pods())
    if not arn.startswith("arn:"):
        inspector.uses.clear()

    assert source(inspector).page("").arns == ()
    assert read(inspector, arn) == ()
    assert inspector.count("GetClustersForImage") == 0


@pytest.mark.parametrize("status", ["ENABLING", "DISABLING", "DISABLED", "SUSPENDED", ""])
def test_an_inspector_that_does_not_scan_images_is_never_an_empty_one(inspector: FakeInspector, status: str) -> None:
    inspector.use(APP, inspector.cluster("prod", "x86_64"), pods())
    inspector.scanning = status

    with pytest.raises(UnreadableError) as caught:
        source(inspector).page("")
    answer = source(inspector).read([APP])[APP]

    assert isinstance(answer, Unknown)
    for unknown in (caught.value.unknown, answer):
        assert unknown.reason is UnknownReason.ACCESS_DENIED
        assert f"does not scan the images of account 123456789012 (ECR: {status or 'no status'})" in unknown.detail
    assert inspector.count("GetClustersForImage") == inspector.count("ListCoverage") == 0


def test_just_these_calls_are_made(inspector: FakeInspector) -> None:
    other = image_arn("team/other", DIGEST)
    cluster = inspector.cluster("prod", "x86_64")
    for arn in (APP, other):
        inspector.use(arn, cluster, pods())

    reading = source(inspector)
    reading.read(reading.page("").arns)

    assert inspector.calls == [
        ("BatchGetAccountStatus", {"accountIds": ["123456789012"]}),
        (
            "ListCoverage",
            {
                "maxResults": 100,
                "filterCriteria": {
                    "accountId": [{"comparison": "EQUALS", "value": "123456789012"}],
                    "resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}],
                    "ecrImageInUseCount": [{"lowerInclusive": 1}],
                },
            },
        ),
        ("GetClustersForImage", {"filter": {"resourceId": APP}, "maxResults": 100}),
        ("ListFargateProfiles", {"clusterName": "prod", "maxResults": 1}),
        (
            "DescribeInstances",
            {
                "Filters": [
                    {"Name": "tag:aws:eks:cluster-name", "Values": ["prod"]},
                    {"Name": "instance-state-name", "Values": ["pending", "running"]},
                ],
                "MaxResults": 1000,
            },
        ),
        ("GetClustersForImage", {"filter": {"resourceId": other}, "maxResults": 100}),
    ]


@pytest.mark.parametrize("operation", ["ListFargateProfiles", "DescribeInstances"])
def test_a_cluster_that_may_not_be_asked_makes_its_images_unknown_and_is_asked_once(
    inspector: FakeInspector, operation: str
) -> None:
    cluster = inspector.cluster("prod", "x86_64")
    images = [inspector.use(image_arn(f"app-{each}", DIGEST), cluster, pods()) for each in range(3)]
    inspector.failing[operation] = DENIED

    answers = source(inspector).read(images)

    assert {type(each) for each in answers.values()} == {Unknown}
    assert inspector.count(operation) == 1


def test_no_cluster_is_asked_for_an_image_that_only_ecs_runs(inspector: FakeInspector) -> None:
    inspector.use(APP, cluster_arn("services", service="ecs"), tasks())

    assert read(inspector) == ()
    assert inspector.count("ListFargateProfiles") == inspector.count("DescribeInstances") == 0
