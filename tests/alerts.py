"""Alerts as the product raises them, by name: real inputs through the real guards, so that every word is the product's.

The golden files, and the tests of whatever takes alerts, share them. What follows alerts is in ``tests/enforced.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import content, enforced
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.fakes.policies import FakePolicies
from tests.fakes.published import RecordingAlerts
from tests.fakes.stubbed import stubbed
from tests.raising import JUDGED, REGISTRY, TIME, World, agent, apprunner, ecs, function, push_of, raised

from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.deployed import DeployedGuard, Occasion
from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.policy_yaml import load_policy

if TYPE_CHECKING:
    from ecrguard.domain.alert import Alert

BASE_IMAGES = """
rules:
  - name: base-images
    repositories: [base/*]
    platforms: [linux/amd64, linux/arm64]
    on_mismatch: tag
"""
PROMISES = """
rules:
  - name: tag promises
    tags: ["{version}-{arch}"]
    extra: false
"""
ENDED = """
exemptions:
  - reason: the PDF library had no arm64 build
    until: 2026-11-20
    repositories: [shop/reports]
"""


def pushed_from_a_mac() -> Alert:
    """The arm64 image that a Mac builds, for a service that runs on amd64."""
    return raised("shop/web:1.4.2", content.single("arm64"), apprunner("shop/web:1.4.2"))


def index_without_a_platform() -> Alert:
    """A multi-platform index that lacks what two containers of one service need."""
    image = "shop/worker:2026-11-24"
    return raised(
        image,
        content.index(content.single("arm64"), content.single("arm", variant="v7")),
        ecs(image, "linux/amd64", "prod/worker"),
        ecs(image, "linux/amd64", "prod/worker", "migrate"),
        ecs(image, "linux/arm64", "lab/worker"),
    )


def with_a_warning() -> Alert:
    """An image of a CPU level that one service cannot run, and another may."""
    image = "shop/search:7"
    pushed = content.single("amd64", variant="v3")
    return raised(image, pushed, ecs(image, "linux/amd64", "lab/search"), ecs(image, "linux/arm64", "prod/search"))


def tagged_by_policy(enforcement: Action = Action.TAG) -> Alert:
    """A rule of the policy is not met, and the image got its marker tag."""
    return raised("base/python:3.13-slim", content.single("amd64"), policy=BASE_IMAGES, enforcement=enforcement)


def refused() -> Alert:
    """The policy asks for a marker tag, and the stack may only alert."""
    return tagged_by_policy(Action.ALERT)


def weak_evidence() -> Alert:
    """Nothing names the tag that was pushed, and nothing that runs another tag could run it."""
    return raised("shop/web:1.5.0", content.single("arm64"), ecs("shop/web:1.4.2", "linux/amd64"))


def tag_promise() -> Alert:
    """The tag says which platform it is for, and the image has another."""
    return raised("tools/lint:3.2-arm64", content.single("amd64"), policy=PROMISES)


def hostless_service() -> Alert:
    """Nothing tells what the service runs on."""
    return raised("shop/web:1.4.2", content.single("arm64"), ecs("shop/web:1.4.2", ""))


def ended_exemption() -> Alert:
    """The image was exempt until some days ago."""
    image = "shop/reports:88"
    return raised(image, content.single("amd64"), ecs(image, "linux/arm64", "prod/reports"), policy=ENDED)


def not_told() -> Alert:
    """The image could not be read, since the function was denied."""
    client, stub = stubbed("ecr")
    stub.add_response("list_tags_for_resource", {"tags": []})
    repository = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/web"
    why = (
        "User: arn:aws:sts::111122223333:assumed-role/ecrguard-PushRole/ecrguard-push is not authorized to perform: "
        f"ecr:BatchGetImage on resource: {repository} because no identity-based policy allows the ecr:BatchGetImage "
        "action"
    )
    stub.add_client_error("batch_get_image", "AccessDeniedException", why)
    world = World(store=EcrImages(lambda: client, Blobs(), REGISTRY, "aws"))
    (alert,) = world.check(push_of("shop/web", "1.4.2", f"sha256:{'a' * 64}"))
    return alert


def malformed() -> Alert:
    """The image is not one."""
    return raised("shop/web:1.4.2", content.raw(b"no JSON"), apprunner("shop/web:1.4.2"))


def index_for_a_function() -> Alert:
    """An index with the very platform that a Lambda function needs, and Lambda takes no index."""
    image = "shop/thumbnails:5"
    return raised(
        image, content.index(content.single("amd64"), content.single("arm64")), function(image, "linux/amd64")
    )


def agent_on_amd64() -> Alert:
    """The amd64 image that a pipeline builds, for AgentCore, which has arm64 alone."""
    image = "agents/concierge:2.1"
    return raised(image, content.single("amd64"), agent(image))


def stale_inventory() -> Alert:
    """A mismatch, found in an inventory that may lack what has been deployed since."""
    stale = Unknown(
        UnknownReason.INVENTORY_STALE,
        "the inventory of lambda was last read completely at 2026-11-23 19:00 UTC, more than 120 minutes ago; the log "
        "of ecrguard's reconcile function says why",
        "lambda",
    )
    image = "shop/web:1.4.2"
    return raised(image, content.single("arm64"), ecs(image, "linux/amd64"), unknowns=(stale,))


def changed_workload() -> Alert:
    """Nothing was pushed: a service was turned to an image that it cannot run."""
    images = FakeImages()
    images.push("shop/api", content.single("arm64"), "3.0")
    alerts = RecordingAlerts()
    guard = DeployedGuard(
        images=images,
        registry=REGISTRY,
        guards=lambda _: True,
        policies=FakePolicies(load_policy(b"version: 1")),
        alerts=alerts,
        ledger=FakeLedger(),
        owner=lambda: "one",
        now=lambda: JUDGED,
        told=lambda _: None,
    )
    occasion = Occasion("7f1f6a5e-0b0e-4d56-9d0c-6c1b1f0a9d3e", TIME)
    guard.check([ecs("shop/api:3.0", "linux/amd64", "prod/api")], occasion)
    (alert,) = alerts.published
    return alert


CASES = {
    "pushed-from-a-mac": pushed_from_a_mac(),
    "index-without-a-platform": index_without_a_platform(),
    "with-a-warning": with_a_warning(),
    "tagged-by-policy": tagged_by_policy(),
    "refused": refused(),
    "weak-evidence": weak_evidence(),
    "tag-promise": tag_promise(),
    "hostless-service": hostless_service(),
    "ended-exemption": ended_exemption(),
    "not-told": not_told(),
    "malformed": malformed(),
    "index-for-a-function": index_for_a_function(),
    "agent-on-amd64": agent_on_amd64(),
    "stale-inventory": stale_inventory(),
    "changed-workload": changed_workload(),
    **enforced.CASES,
}
