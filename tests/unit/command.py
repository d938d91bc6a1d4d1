"""The ``ecrguard`` command on a stack whose registry and ledger are in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.situations import NOW, REGISTRY

from ecrguard.cli import history, main, planning, undoing
from ecrguard.cli.stack import Tools

if TYPE_CHECKING:
    import pytest

    from ecrguard.config import GuardConfig
    from ecrguard.guard import Guard

WHO = f"arn:aws:sts::{REGISTRY.account}:assumed-role/platform/ada"
ENVIRON = {
    "ALERTS_TOPIC_ARN": f"arn:aws:sns:{REGISTRY.region}:{REGISTRY.account}:alerts",
    "REPOSITORY_PATTERN": "team/*",
    "INVENTORY_TABLE": "inventory",
    "LINKED_WORKLOADS": "ecs",
    "RECONCILE_MINUTES": "60",
    "ENFORCEMENT": "quarantine",
    "ENFORCEMENT_PATTERN": "*",
    "DESTRUCTIVE_ACTS_PER_HOUR": "20",
    "HISTORY_DAYS": "90",
    "POWERTOOLS_SERVICE_NAME": "guard",
    "POLICY_APPLICATION_ID": "abc1234",
    "POLICY_ENVIRONMENT_ID": "env1234",
    "POLICY_PROFILE_ID": "pro1234",
}


class _Aws:
    """CloudFormation, Lambda and STS, as far as the command asks them to find a stack and its caller."""

    def __init__(self, outputs: dict[str, str], environ: dict[str, str] | None) -> None:
        self._outputs = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        self._environ = {} if environ is None else {"Environment": {"Variables": environ}}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Stacks": [{"StackName": StackName, "Outputs": self._outputs}]}

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"FunctionName": FunctionName, **self._environ}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": REGISTRY.account, "Arn": WHO, "UserId": "AROA:ada"}


@dataclass
class Command:
    """What a test arranges.

    Attributes:
        outputs: of the stack.
        environ: of its push function; None where it has none.
        configs: that a guard was built with.
    """

    monkeypatch: pytest.MonkeyPatch
    images: FakeImages = field(default_factory=FakeImages)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    outputs: dict[str, str] = field(default_factory=lambda: {"PushFunctionName": "guard-push"})
    environ: dict[str, str] | None = field(default_factory=ENVIRON.copy)
    guard: Guard | None = None
    configs: list[GuardConfig] = field(default_factory=list)

    def run(self, *arguments: str) -> int:
        """The exit code of ``ecrguard`` with these arguments, and the stack."""
        aws, tools = _Aws(self.outputs, self.environ), Tools(self.images, self.images, self.ledger)
        self.monkeypatch.setattr(boto3, "client", lambda _: aws)
        for module in (undoing, history):
            self.monkeypatch.setattr(module, "tools_of", lambda _: tools)
        for module in (undoing, planning):
            self.monkeypatch.setattr(module, "utc_now", lambda: NOW)
        self.monkeypatch.setattr(planning, "build_guard", self._build)
        return main.main([*arguments, "--stack", "guard"])

    def _build(self, config: GuardConfig) -> Guard:
        self.configs.append(config)
        assert self.guard is not None
        return self.guard
