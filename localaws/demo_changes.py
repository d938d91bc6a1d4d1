"""What changes in the demo's account once the stack is there, and what must come of each change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from localaws import images
from localaws.demo_account import STANDING
from localaws.demo_cases import AMD64, ARM64, Case, Expected, mismatch
from localaws.demo_services import ARM64_PLATFORM
from localaws.inventory import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.demo_services import Account


@dataclass(frozen=True)
class Change:
    """One change of a workload.

    Attributes:
        story: what is done, in a few words.
        make: does it.
        repository: whose workloads change.
        known: what the stack must know of the repository then.
        subject: of the alert's first finding; None where there must be no alert.
        failure: that the alert predicts.
    """

    story: str
    make: Callable[[Account], object]
    repository: str
    known: tuple[Entry, ...]
    subject: str | None = None
    failure: str | None = None


def _standing(name: str) -> Entry:
    [found] = [standing.known for standing in STANDING if standing.known.name == name]
    return found


_NEWS: Final = Entry("ecs", "ecs-service", "prod/news", "app", "shop/news:1", (AMD64,), "service-default")

CHANGES: Final[tuple[Change | Case, ...]] = (
    Change(
        "prod/news is created, to run shop/news:1",
        lambda account: account.service("prod", "news", "shop/news:1"),
        "shop/news",
        (_NEWS,),
    ),
    Case(
        "the first image for it, from a Mac",
        "shop/news",
        "1",
        images.image(ARM64, label="news"),
        mismatch([ARM64], [AMD64], "ECS service prod/news, container app", "exec_format_error"),
    ),
    Case(
        "for arm64, as its tag says",
        "shop/api",
        "3.1-arm64",
        images.image(ARM64, label="api 3.1"),
        Expected("ok", "platforms_match", [ARM64], ["*/arm64"]),
    ),
    Change(
        "prod/api is deployed with shop/api:3.1-arm64",
        lambda account: account.update_service("prod", "api", "shop/api:3.1-arm64"),
        "shop/api",
        (replace(_standing("prod/api"), image="shop/api:3.1-arm64"),),
        "ECS service prod/api, container app",
        "exec_format_error",
    ),
    Change(
        "prod/web goes to ARM64 with shop/web:1.4 as it is",
        lambda account: account.update_service("prod", "web", "shop/web:1.4", runtimePlatform=ARM64_PLATFORM),
        "shop/web",
        (replace(_standing("prod/web"), needs=(ARM64,), basis="explicit"),),
        "ECS service prod/web, container app",
        "exec_format_error",
    ),
    Change(
        "prod/news is deleted",
        lambda account: account.delete_service("prod", "news"),
        "shop/news",
        (),
    ),
    Case(
        "from a Mac again, and nobody runs it",
        "shop/news",
        "1",
        images.image(ARM64, label="news again"),
        Expected("not_applicable", "no_requirement", [ARM64]),
    ),
)
