"""What the demo pushes, and what must come of each push."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from localaws import images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.images import Node

AMD64: Final = "linux/amd64"
ARM64: Final = "linux/arm64"


@dataclass(frozen=True)
class Expected:
    """What must come of a push.

    Attributes:
        judgement: of the verdict.
        reason: of the verdict, its stable code.
        built_for: platforms of the image.
        needs: platforms that are required.
        subject: who needs them, in the alert's first finding; None where there must be no alert.
        failure: the failure that the alert predicts.
        marked: a marker tag stands beside the pushed one.
        resolves: people are told that the tag is right again.
    """

    judgement: str
    reason: str
    built_for: Sequence[str] = ()
    needs: Sequence[str] = ()
    subject: str | None = None
    failure: str | None = None
    marked: bool = False
    resolves: bool = False


@dataclass(frozen=True)
class Case:
    """One push.

    Attributes:
        story: who pushes what, in a few words.
        repository: to push to.
        tag: to push under.
        image: what is pushed.
        expected: what must come of it.
    """

    story: str
    repository: str
    tag: str
    image: Node
    expected: Expected

    @property
    def name(self) -> str:
        """``repository:tag``."""
        return f"{self.repository}:{self.tag}"


def mismatch(built_for: Sequence[str], needs: Sequence[str], subject: str, failure: str) -> Expected:
    """What must come of a push that a workload or a rule does not run: an alert, and no more."""
    return Expected("mismatch", "platforms_mismatch", built_for, needs, subject, failure)


FROM_A_MAC: Final = Case(
    "pulled on a Mac, pushed for App Runner",
    "grafana",
    "latest",
    images.image(ARM64, label="grafana"),
    mismatch([ARM64], [AMD64], "App Runner service grafana", "exec_format_error"),
)

CASES: Final = (
    FROM_A_MAC,
    Case(
        "right for Fargate, which is amd64 by default",
        "shop/web",
        "1.4",
        images.image(AMD64, label="web"),
        Expected("ok", "platforms_match", [AMD64], [AMD64]),
    ),
    Case(
        "for two platforms, with provenance",
        "shop/worker",
        "2.0",
        images.index([images.image(AMD64, label="worker"), images.image(ARM64, label="worker")], attestations=True),
        Expected("ok", "platforms_match", [AMD64, ARM64], [ARM64]),
    ),
    Case(
        "for two platforms, the needed one not among them",
        "shop/api",
        "3.0",
        images.index([images.image(ARM64, label="api"), images.image("linux/arm/v7", label="api")], attestations=True),
        mismatch([ARM64, "linux/arm/v7"], [AMD64], "ECS service prod/api, container app", "no_matching_descriptor"),
    ),
    Case(
        "amd64 for a cluster of Graviton instances",
        "shop/search",
        "7",
        images.image(AMD64, label="search"),
        mismatch([AMD64], [ARM64], "ECS service graviton/search, container app", "exec_format_error"),
    ),
    Case(
        "from a Mac, for an Express service",
        "shop/checkout",
        "5",
        images.image(ARM64, label="checkout"),
        mismatch([ARM64], [AMD64], "ECS Express service prod/checkout, container Main", "exec_format_error"),
    ),
    Case(
        "from a Mac, for a task that starts at night",
        "ops/report",
        "1",
        images.image(ARM64, label="report"),
        mismatch([ARM64], [AMD64], "scheduled ECS task nightly, container app", "exec_format_error"),
    ),
    Case(
        "for two platforms, and a function takes no index",
        "media/resize",
        "1",
        images.index([images.image(AMD64, label="resize 2"), images.image(ARM64, label="resize 2")]),
        mismatch([AMD64, ARM64], [ARM64], "Lambda function resize", "index_not_supported"),
    ),
    Case(
        "the same, as the function's one platform",
        "media/resize",
        "1",
        images.image(ARM64, label="resize 2"),
        Expected("ok", "platforms_match", [ARM64], [ARM64], resolves=True),
    ),
    Case(
        "amd64 for an agent on AgentCore",
        "agents/support",
        "1",
        images.image(AMD64, label="support"),
        mismatch([AMD64], [ARM64], "AgentCore runtime support", "architecture_refused"),
    ),
    Case(
        "a tag that promises what the image is not",
        "tools/cli",
        "1.4-amd64",
        images.image(ARM64, label="cli"),
        mismatch([ARM64], ["*/amd64"], "policy rule a tag keeps its promise", "policy"),
    ),
    Case(
        "a base image without one of its platforms",
        "base/python",
        "3.13-slim",
        images.image(AMD64, label="python"),
        Expected(
            "mismatch",
            "platforms_mismatch",
            [AMD64],
            [AMD64, ARM64],
            "policy rule base images run everywhere",
            "policy",
            marked=True,
        ),
    ),
    Case("a Helm chart", "charts/shop", "0.1.0", images.helm_chart("shop"), Expected("not_applicable", "artifact")),
    Case(
        "nobody runs it, no rule asks for anything",
        "sandbox/try",
        "dev",
        images.image(ARM64, label="try"),
        Expected("not_applicable", "no_requirement", [ARM64]),
    ),
    Case(
        "exempt by the policy, until a date",
        "live/try",
        "wip-7",
        images.image(ARM64, label="wip"),
        Expected("not_applicable", "exempt"),
    ),
    Case(
        "the first one again, built for amd64",
        "grafana",
        "latest",
        images.image(AMD64, label="grafana"),
        Expected("ok", "platforms_match", [AMD64], [AMD64], resolves=True),
    ),
)
