"""The worlds of App Runner, Lambda, Batch and CodeBuild, each of one service in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tests.contract.source_world import AT_ONCE, REGISTRY, OneServiceWorld
from tests.fakes.apprunner import FakeAppRunner
from tests.fakes.batch import FakeBatch
from tests.fakes.codebuild import FakeCodeBuild
from tests.fakes.lambda_ import FakeLambda

from ecrguard.adapters.sources import apprunner, batch, codebuild, lambda_

if TYPE_CHECKING:
    from ecrguard.adapters.calls import Calls

_IMAGE = f"{REGISTRY.host}/team/app:1"


@dataclass
class AppRunnerWorld(OneServiceWorld):
    """App Runner services."""

    name: ClassVar[str] = "apprunner"
    actions: ClassVar[tuple[str, ...]] = apprunner.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeAppRunner = field(default_factory=FakeAppRunner)

    def source(self, calls: Calls = AT_ONCE) -> apprunner.AppRunnerSource:
        return apprunner.AppRunnerSource(lambda: self.fake.client, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        return self.fake.service(name, image)

    def remove(self, arn: str) -> None:
        del self.fake.services[arn]

    def fill(self) -> None:
        self.add("filled", _IMAGE)


@dataclass
class LambdaWorld(OneServiceWorld):
    """Lambda functions."""

    name: ClassVar[str] = "lambda"
    actions: ClassVar[tuple[str, ...]] = lambda_.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeLambda = field(default_factory=FakeLambda)

    def source(self, calls: Calls = AT_ONCE) -> lambda_.LambdaSource:
        return lambda_.LambdaSource(lambda: self.fake.client, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        return self.fake.function(name, image)

    def remove(self, arn: str) -> None:
        del self.fake.functions[arn]

    def fill(self) -> None:
        self.add("filled", _IMAGE)


@dataclass
class BatchWorld(OneServiceWorld):
    """Batch job definitions."""

    name: ClassVar[str] = "batch"
    actions: ClassVar[tuple[str, ...]] = batch.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeBatch = field(default_factory=FakeBatch)

    def source(self, calls: Calls = AT_ONCE) -> batch.BatchSource:
        return batch.BatchSource(lambda: self.fake.client, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        return self.fake.register(name, image)

    def remove(self, arn: str) -> None:
        self.fake.deregister(arn)

    def fill(self) -> None:
        self.add("filled", _IMAGE)


@dataclass
class CodeBuildWorld(OneServiceWorld):
    """CodeBuild projects."""

    name: ClassVar[str] = "codebuild"
    actions: ClassVar[tuple[str, ...]] = codebuild.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeCodeBuild = field(default_factory=FakeCodeBuild)

    def source(self, calls: Calls = AT_ONCE) -> codebuild.CodeBuildSource:
        return codebuild.CodeBuildSource(lambda: self.fake.client, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        return self.fake.project(name, image)

    def remove(self, arn: str) -> None:
        del self.fake.projects[arn.rpartition("/")[2]]

    def fill(self) -> None:
        self.fake.project("filled", _IMAGE, fleet=self.fake.fleet("builders", "LINUX_CONTAINER"))
