"""The account that the demo deploys to: what runs images there already, and the policy that is put in force.

Each workload names an image of a repository of its own. Images are there before only where AWS asks for one: for a
function, and for what Inspector is to see in a cluster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from localaws import images
from localaws.demo_cases import AMD64, ARM64
from localaws.demo_services import ARM64_PLATFORM
from localaws.inventory import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.demo_services import Account

POLICY: Final = """\
version: 1
rules:
  - name: base images run everywhere
    repositories: [base/*]
    platforms: [linux/amd64, linux/arm64]
    on_mismatch: tag
  - name: a tag keeps its promise
    tags: ["{version}-{arch}"]
  - name: what runs it decides
    repositories: [live/jobs/*]
    on_mismatch: delete
  - name: production runs on amd64
    repositories: [live/*]
    platforms: [linux/amd64]
    on_mismatch: delete
exemptions:
  - repositories: [live/*]
    tags: [wip-*]
    reason: work in progress, which runs on the laptops of its authors
    until: 2999-12-31
"""
MISTAKEN_POLICY: Final = """\
version: 1
rules:
  - name: production
    platforms: [linux/amd46]
    mach: any
"""


@dataclass(frozen=True)
class Standing:
    """A workload that is there before the stack is.

    Attributes:
        create: creates it.
        known: what the stack must know of it after its first reading.
        image: that must be there before it, in its repository with the tag 1.
    """

    create: Callable[[Account], object]
    known: Entry
    image: images.Node | None = None

    @property
    def repository(self) -> str:
        """Of the image that it runs."""
        return re.split("[:@]", self.known.image)[0]


_CART: Final = images.image(ARM64, label="cart")

STANDING: Final = (
    Standing(
        lambda account: account.service("prod", "web", "shop/web:1.4"),
        Entry("ecs", "ecs-service", "prod/web", "app", "shop/web:1.4", (AMD64,), "service-default"),
    ),
    Standing(
        lambda account: account.service("prod", "api", "shop/api:3.0"),
        Entry("ecs", "ecs-service", "prod/api", "app", "shop/api:3.0", (AMD64,), "service-default"),
    ),
    Standing(
        lambda account: account.service("prod", "worker", "shop/worker:2.0", runtimePlatform=ARM64_PLATFORM),
        Entry("ecs", "ecs-service", "prod/worker", "app", "shop/worker:2.0", (ARM64,), "explicit"),
    ),
    Standing(
        lambda account: account.service("graviton", "search", "shop/search:7", "EC2"),
        Entry("ecs", "ecs-service", "graviton/search", "app", "shop/search:7", (ARM64,), "capacity"),
    ),
    Standing(
        lambda account: account.express_service("prod", "checkout", "shop/checkout:5"),
        Entry("ecs", "ecs-express-service", "prod/checkout", "Main", "shop/checkout:5", (AMD64,), "explicit"),
    ),
    Standing(
        lambda account: account.task("prod", "migrate", "ops/migrate:9"),
        Entry("tasks", "ecs-task", "prod/migrate", "app", "ops/migrate:9", (AMD64,), "capacity"),
    ),
    Standing(
        lambda account: account.schedule("prod", "nightly", "ops/report:1"),
        Entry("schedules", "ecs-scheduled-task", "nightly", "app", "ops/report:1", (AMD64,), "service-default"),
    ),
    Standing(
        lambda account: account.rule("prod", "hourly", "ops/sweep:1", runtimePlatform=ARM64_PLATFORM),
        Entry("schedules", "ecs-scheduled-task", "hourly", "app", "ops/sweep:1", (ARM64,), "explicit"),
    ),
    Standing(
        lambda account: account.app_runner("grafana", "grafana:latest"),
        Entry("apprunner", "apprunner-service", "grafana", "", "grafana:latest", (AMD64,), "service-default", True),
    ),
    Standing(
        lambda account: account.function("resize", "media/resize:1"),
        Entry("lambda", "lambda-function", "resize", "", "media/resize:1", (ARM64,), "explicit"),
        image=images.image(ARM64, label="resize"),
    ),
    Standing(
        lambda account: account.job_definition("render", "media/render:4"),
        Entry("batch", "batch-job-definition", "render", "", "media/render:4", (ARM64,), "explicit"),
    ),
    Standing(
        lambda account: account.build_project("release", "ci/builder:2"),
        Entry("codebuild", "codebuild-project", "release", "", "ci/builder:2", (ARM64,), "explicit"),
    ),
    Standing(
        lambda account: account.agent("support", "agents/support:1"),
        Entry("agentcore", "agentcore-runtime", "support", "", "agents/support:1", (ARM64,), "service-default"),
    ),
    Standing(
        lambda account: account.model_endpoint("ranker", "ml/ranker:1"),
        Entry("sagemaker", "sagemaker-endpoint", "ranker", "all", "ml/ranker:1", (ARM64,), "explicit"),
    ),
    Standing(
        lambda account: account.kubernetes("green", "shop/cart", "shop/cart:1"),
        # Inspector names what runs by its digest, and by no tag.
        Entry("eks", "eks-cluster", "green", "shop/cart", f"shop/cart@{_CART.digest}", (ARM64,), "capacity"),
        image=_CART,
    ),
)


def create_workloads(account: Account) -> None:
    """Create all that runs images, and what it runs in; the repositories too."""
    account.repositories(standing.repository for standing in STANDING)
    account.role()
    account.cluster("prod")
    account.cluster("graviton", instances=2)
    for standing in STANDING:
        if standing.image is not None:
            account.push(standing.image, f"{standing.repository}:1")
        standing.create(account)
