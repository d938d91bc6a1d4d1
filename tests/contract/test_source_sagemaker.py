"""SageMaker endpoints as a source: which images they run, and what their instances are."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from tests.contract.source_world import REGISTRY
from tests.fakes.sagemaker import DIGEST, FakeSageMaker, deployed, variant
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.instance_types import instance_platform
from ecrguard.adapters.sources.sagemaker import SageMakerSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

HOST = REGISTRY.host
APP, SIDE, NEXT = f"{HOST}/app:1", f"{HOST}/side:1", f"{HOST}/app:2"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Refusal("AccessDeniedException", "User is not authorized", 400)


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    return FakeSageMaker()


def source(sagemaker: FakeSageMaker) -> SageMakerSource:
    return SageMakerSource(lambda: sagemaker.client, REGISTRY)


def read(sagemaker: FakeSageMaker, arn: str) -> tuple[Workload, ...]:
    answer = source(sagemaker).read([arn])[arn]
    assert isinstance(answer, Sighting), answer
    return answer.workloads


def images(sagemaker: FakeSageMaker, arn: str) -> list[tuple[str, str]]:
    return [(each.container, str(each.reference)) for each in read(sagemaker, arn)]


def test_an_endpoint_runs_what_is_deployed_for_its_variant(sagemaker: FakeSageMaker) -> None:
    arn = sagemaker.serve("model", APP)

    assert read(sagemaker, arn) == (
        Workload(
            kind=WorkloadKind.SAGEMAKER_ENDPOINT,
            arn=arn,
            name="model",
            container="all",
            reference=parse_reference(APP),
            hosts=(AMD64,),
            basis=Basis.EXPLICIT,
            resolved=DIGEST,
        ),
    )


@pytest.mark.parametrize(
    ("stated", "hosts", "basis"),
    [
        (variant(instances="ml.c7g.xlarge"), (ARM64,), Basis.EXPLICIT),
        (variant(instances="ml.g5.xlarge"), (AMD64,), Basis.EXPLICIT),
        (variant(instances="ml.q9.xlarge"), (), Basis.UNRECOGNISED),
        (variant(instances=""), (), Basis.UNKNOWN),
        (
            variant(instances="", ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 5}),
            (AMD64,),
            Basis.SERVICE_DEFAULT,
        ),
        (
            variant(instances="", InstancePools=[{"InstanceType": "ml.m5.large", "Priority": 1}]),
            (AMD64,),
            Basis.EXPLICIT,
        ),
        (
            variant(
                instances="",
                model="m",
                InstancePools=[
                    {"InstanceType": "ml.m5.large", "Priority": 1},
                    {"InstanceType": "ml.m8g.large", "Priority": 2},
                ],
            ),
            (AMD64, ARM64),
            Basis.EXPLICIT,
        ),
        (
            variant(
                instances="",
                model="m",
                InstancePools=[
                    {"InstanceType": "ml.m5.large", "Priority": 1},
                    {"InstanceType": "ml.m8g.large", "Priority": 2, "ModelNameOverride": "m-arm64"},
                ],
            ),
            (),
            Basis.UNKNOWN,
        ),
    ],
    ids=["graviton", "graphics", "new", "silent", "serverless", "pool", "pools of two kinds", "a model for each kind"],
)
def test_the_instance_type_decides_the_platform(
    sagemaker: FakeSageMaker, stated: dict[str, Any], hosts: tuple[Platform, ...], basis: Basis
) -> None:
    sagemaker.config("model", stated)
    arn = sagemaker.endpoint("model", deployed(APP))

    (workload,) = read(sagemaker, arn)

    assert (workload.hosts, workload.basis) == (hosts, basis)


def test_a_configuration_that_was_deleted_leaves_the_platform_unknown(sagemaker: FakeSageMaker) -> None:
    arn = sagemaker.serve("model", APP)
    sagemaker.configs.clear()

    (workload,) = read(sagemaker, arn)

    assert (str(workload.reference), workload.hosts, workload.basis) == (APP, (), Basis.UNKNOWN)


def test_several_containers_of_a_variant_are_told_apart(sagemaker: FakeSageMaker) -> None:
    sagemaker.config("model", variant(model="model"))
    arn = sagemaker.endpoint("model", deployed(APP, "public.ecr.aws/team/app:1", SIDE))

    assert images(sagemaker, arn) == [("all/1", APP), ("all/3", SIDE)]


def test_shadow_variants_run_their_images_too(sagemaker: FakeSageMaker) -> None:
    shadow = variant("shadow", instances="ml.c7g.large", model="shadow")
    sagemaker.config("model", variant(model="model"), shadow=(shadow,))
    told = deployed(NEXT, name="shadow")
    arn = sagemaker.endpoint("model", deployed(APP), ShadowProductionVariants=[told])

    assert images(sagemaker, arn) == [("all", APP), ("shadow", NEXT)]
    assert [each.hosts for each in read(sagemaker, arn)] == [(AMD64,), (ARM64,)]


def test_both_sides_of_an_update_count(sagemaker: FakeSageMaker) -> None:
    sagemaker.config("old", variant(model="old"))
    sagemaker.config("new", variant(instances="ml.c7g.large", model="new"))
    pending = {"EndpointConfigName": "new", "ProductionVariants": [deployed(NEXT)]}
    arn = sagemaker.endpoint("model", deployed(APP), status="Updating", config="old", PendingDeploymentSummary=pending)

    assert [(str(each.reference), each.hosts) for each in read(sagemaker, arn)] == [(APP, (AMD64,)), (NEXT, (ARM64,))]


def test_an_update_that_changes_nothing_here_tells_a_workload_once(sagemaker: FakeSageMaker) -> None:
    sagemaker.config("old", variant(model="old"))
    sagemaker.config("new", variant(model="old", InitialVariantWeight=2.0))
    pending = {"EndpointConfigName": "new", "ProductionVariants": [deployed(APP)]}
    arn = sagemaker.endpoint("model", deployed(APP), status="Updating", config="old", PendingDeploymentSummary=pending)

    assert images(sagemaker, arn) == [("all", APP)]


def test_the_model_names_the_image_until_something_is_deployed(sagemaker: FakeSageMaker) -> None:
    sagemaker.model("one", APP)
    sagemaker.model("row", SIDE, "", NEXT)
    sagemaker.config("model", variant("a", model="one"), variant("b", model="row"), variant("c", model="gone"))
    arn = sagemaker.endpoint("model", status="Creating")

    assert images(sagemaker, arn) == [("a", APP), ("b/1", SIDE), ("b/2", NEXT)]
    assert {each.resolved for each in read(sagemaker, arn)} == {""}


def test_the_models_of_instance_pools_name_their_images(sagemaker: FakeSageMaker) -> None:
    sagemaker.model("one", APP)
    sagemaker.model("two", NEXT)
    pools = [{"InstanceType": "ml.m5.large", "Priority": 1, "ModelNameOverride": "two"}]
    sagemaker.config("model", variant(instances="", model="one", InstancePools=pools))
    arn = sagemaker.endpoint("model", status="Creating")

    assert images(sagemaker, arn) == [("all/1", APP), ("all/2", NEXT)]


def test_a_model_of_many_endpoints_is_asked_once(sagemaker: FakeSageMaker) -> None:
    sagemaker.model("shared", APP)
    sagemaker.config("shared", variant(model="shared"))
    arns = [sagemaker.endpoint(f"model-{each}", status="Creating", config="shared") for each in range(3)]

    source(sagemaker).read(arns)

    assert sagemaker.count("DescribeModel") == 1


def test_inference_components_bring_their_own_images(sagemaker: FakeSageMaker) -> None:
    sagemaker.model("one", SIDE)
    sagemaker.config("model", variant())
    arn = sagemaker.endpoint("model", deployed())
    image = {"SpecifiedImage": APP, "ResolvedImage": f"{HOST}/app@{DIGEST}"}
    sagemaker.component("own", "model", {"Container": {"DeployedImage": image}})
    sagemaker.component("model", "model", {"ModelName": "one"})
    sagemaker.component("adapter", "model", {"BaseInferenceComponentName": "own"})
    sagemaker.component("going", "model", {"Container": {"DeployedImage": image}}, status="Deleting")

    found = read(sagemaker, arn)

    assert [(each.container, str(each.reference), each.resolved) for each in found] == [
        ("all/own", APP, DIGEST),
        ("all/model", SIDE, ""),
    ]
    assert {each.hosts for each in found} == {(AMD64,)}


def test_an_inference_component_has_a_specification_for_each_instance_type(sagemaker: FakeSageMaker) -> None:
    sagemaker.config("model", variant(instances=""))
    arn = sagemaker.endpoint("model", deployed())
    stated = [
        {"InstanceType": kind, "Container": {"DeployedImage": {"SpecifiedImage": image}}}
        for kind, image in (("ml.m5.large", APP), ("ml.m8g.large", NEXT))
    ]
    sagemaker.component("own", "model", *stated)

    assert [(each.container, str(each.reference), each.hosts) for each in read(sagemaker, arn)] == [
        ("all/own/ml.m5.large", APP, (AMD64,)),
        ("all/own/ml.m8g.large", NEXT, (ARM64,)),
    ]


def test_the_components_of_all_pages_count_and_those_that_went_do_not(sagemaker: FakeSageMaker) -> None:
    sagemaker.config("model", variant())
    arn = sagemaker.endpoint("model", deployed())
    for each in range(120):
        sagemaker.component(f"c{each}", "model", {"Container": {"DeployedImage": {"SpecifiedImage": APP}}})

    assert len(read(sagemaker, arn)) == 120

    sagemaker.failing["DescribeInferenceComponent"] = lambda _: sagemaker.components.clear()
    assert read(sagemaker, arn) == ()


def test_a_list_of_components_that_repeats_is_not_endless(sagemaker: FakeSageMaker) -> None:
    sagemaker.config("model", variant())
    arn = sagemaker.endpoint("model", deployed())
    sagemaker.stuck = True

    with pytest.raises(UnreadableError, match="ListInferenceComponents gave the same page twice"):
        source(sagemaker).read([arn])


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("InService", True),
        ("Creating", True),
        ("Updating", True),
        ("SystemUpdating", True),
        ("RollingBack", True),
        ("OutOfService", True),
        ("UpdateRollbackFailed", True),
        ("Hibernating", True),
        ("Deleting", False),
        ("Failed", False),
    ],
)
def test_an_endpoint_counts_until_it_can_only_be_deleted(
    sagemaker: FakeSageMaker,
    status: str,
    counts: bool,  # noqa: FBT001 - a table
) -> None:
    arn = sagemaker.serve("model", APP)
    sagemaker.endpoints["model"]["EndpointStatus"] = status

    assert (arn in source(sagemaker).page("").arns) is counts
    assert bool(read(sagemaker, arn)) is counts


def test_an_endpoint_is_found_though_its_arn_has_its_name_in_lower_case(sagemaker: FakeSageMaker) -> None:
    arn = sagemaker.serve("Model-A", APP)
    listing = source(sagemaker)
    listing.page("")

    for reading in (source(sagemaker), listing):
        answer = reading.read([arn])[arn]
        assert isinstance(answer, Sighting)
        assert [each.name for each in answer.workloads] == ["Model-A"]
    assert sagemaker.count("ListEndpoints") == 2


def test_all_endpoints_are_listed_once_to_tell_which_are_gone(sagemaker: FakeSageMaker) -> None:
    arns = [sagemaker.serve(f"Model-{each}", APP) for each in range(3)]
    for arn in arns[:2]:
        sagemaker.remove(arn)

    answers = source(sagemaker).read(arns)

    assert [answers[arn] for arn in arns[:2]] == [Sighting(arn) for arn in arns[:2]]
    assert sagemaker.count("ListEndpoints") == 1


def test_another_refusal_of_a_name_is_not_taken_for_an_endpoint_that_is_gone(sagemaker: FakeSageMaker) -> None:
    arn = sagemaker.serve("model", APP)
    sagemaker.failing["DescribeEndpoint"] = Refusal("ValidationException", "1 validation error detected")

    with pytest.raises(UnreadableError, match="1 validation error detected"):
        source(sagemaker).read([arn])


def test_just_these_calls_are_made(sagemaker: FakeSageMaker) -> None:
    sagemaker.serve("model", APP)

    reading = source(sagemaker)
    reading.read(reading.page("").arns)

    assert sagemaker.calls == [
        ("ListEndpoints", {"SortBy": "CreationTime", "SortOrder": "Ascending", "MaxResults": 100}),
        ("DescribeEndpoint", {"EndpointName": "model"}),
        ("DescribeEndpointConfig", {"EndpointConfigName": "model"}),
    ]


def test_one_endpoint_that_is_denied_does_not_hide_the_others(sagemaker: FakeSageMaker) -> None:
    closed, opened = sagemaker.serve("closed", APP), sagemaker.serve("open", APP)

    def deny(asked: dict[str, Any]) -> None:
        if asked["EndpointName"] == "closed":
            raise DENIED

    sagemaker.failing["DescribeEndpoint"] = deny

    answers = source(sagemaker).read([closed, opened])

    refused = answers[closed]
    assert isinstance(refused, Unknown)
    assert refused.reason is UnknownReason.ACCESS_DENIED
    assert isinstance(answers[opened], Sighting)


@pytest.mark.parametrize(
    ("instance_type", "platform"),
    [
        *((each, ARM64) for each in ("c6g.large", "ml.c6gn.large", "m6gd.large", "m8g.48xlarge", "r7gd.medium")),
        *((each, ARM64) for each in ("t4g.nano", "x2gd.metal", "hpc7g.4xlarge", "im4gn.large", "is4gen.large")),
        *((each, ARM64) for each in ("a1.medium", "g5g.xlarge", "c8gb.large", "ml.p6e-gb200.36xlarge", "m9g", "i8ge")),
        *((each, AMD64) for each in ("g4dn.xlarge", "g4ad.xlarge", "g5.xlarge", "ml.g6e.xlarge", "gr6.4xlarge", "g7e")),
        *((each, AMD64) for each in ("t2.micro", "t3a.micro", "m5.large", "m5zn.metal", "c6in.large", "m7a.large")),
        *((each, AMD64) for each in ("c7i-flex.large", "u7in-16tb.224xlarge", "x2iedn.xlarge", "d3en.xlarge")),
        *((each, AMD64) for each in ("p3dn.24xlarge", "p4de.24xlarge", "ml.p6-b200.48xlarge", "inf2.xlarge")),
        *((each, AMD64) for each in ("trn1n.32xlarge", "trn2u.48xlarge", "dl2q.24xlarge", "vt1.3xlarge", "f2.6xlarge")),
        *((each, None) for each in ("", "ml.", "large", "optimal", "m5.", "m5 large", "M5.large")),
        *((each, None) for each in ("mac1.metal", "mac2-m2.metal", "m9.large", "c7.large", "q1.large", "u-6tb1.metal")),
        *((each, None) for each in ("g8.xlarge", "p7.48xlarge", "trn3.48xlarge", "inf3.xlarge")),
    ],
)
def test_the_platform_of_an_instance_type_is_told_from_its_name(instance_type: str, platform: Platform | None) -> None:
    assert instance_platform(instance_type) == platform


def test_each_instance_type_that_sagemaker_has_for_endpoints_is_known() -> None:
    shape: Any = (
        botocore.session.get_session().get_service_model("sagemaker").shape_for("ProductionVariantInstanceType")
    )

    assert [each for each in shape.enum if instance_platform(each) is None] == []
