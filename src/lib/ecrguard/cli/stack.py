"""A deployed stack, as the command finds it: by its outputs, and by the environment of its push function."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from ecrguard.clients import CLIENTS
from ecrguard.config import ConfigurationError, GuardConfig
from ecrguard.errors import EcrguardError
from ecrguard.wiring import editor, images, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecrguard.cli.named import Named
    from ecrguard.ports import ImageEditor, ImageStore, Ledger

FUNCTION = "PushFunctionName"
"""Output that names the push function."""


class StackError(EcrguardError):
    """The stack is not one of this product, or not the one that is meant. The message says what was expected."""


def outputs_of(stack: str, *expected: str) -> dict[str, str]:
    """The outputs of a deployed stack, in the account and Region that boto3 is configured for.

    Raises:
        StackError: it lacks one of those that are expected.
    """
    cloudformation: Any = boto3.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    missing = [name for name in expected if name not in outputs]
    if missing:
        raise StackError(f"expected the outputs {', '.join(missing)} of the stack {stack}; is it ecrguard's?")
    return outputs


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack.

    Attributes:
        name: of it.
        config: that its push function has.
    """

    name: str
    config: GuardConfig

    @classmethod
    def named(cls, name: str, changes: Mapping[str, str] | None = None) -> Stack:
        """The stack of that name.

        Args:
            name: of the CloudFormation stack.
            changes: of its functions' environment, to see what would be if it were deployed with them.

        Raises:
            StackError: it is not one of this product, or of another version than this command.
        """
        function = outputs_of(name, FUNCTION)[FUNCTION]
        answer = boto3.client("lambda").get_function_configuration(FunctionName=function)
        environ = answer.get("Environment", {}).get("Variables", {})
        try:
            return cls(name, GuardConfig.from_env({**environ, **(changes or {})}))
        except ConfigurationError as error:
            raise StackError(
                f"the stack {name} was deployed by another version of ecrguard than this command; "
                f"deploy it again, or use the command of its version ({error})"
            ) from error

    def check(self, named: Named) -> None:
        """Whether an image is one that the stack guards.

        Raises:
            StackError: it is not.
        """
        registry = self.config.registry
        if named.registry is not None and named.registry != registry:
            raise StackError(
                f"expected an image of the account {registry.account} in {registry.region}, as the stack {self.name} "
                f"guards them, got one of {named.registry.account} in {named.registry.region}"
            )
        if not self.config.guards(named.repository):
            raise StackError(
                f"expected a repository that the stack {self.name} guards ({self.config.repository_pattern}), "
                f"got {named.repository}"
            )


def caller() -> str:
    """The ARN of whoever runs the command; to ask for it takes no permission."""
    return str(boto3.client("sts").get_caller_identity()["Arn"])


@dataclass(frozen=True, slots=True)
class Tools:
    """What reads and changes a stack's registry and ledger, with the permissions of whoever runs the command.

    Attributes:
        images: of the registry.
        editor: changes them.
        ledger: of the stack.
    """

    images: ImageStore
    editor: ImageEditor
    ledger: Ledger


def tools_of(config: GuardConfig) -> Tools:
    """The tools for a stack."""
    session = boto3.Session()
    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    store = images(session, config)
    return Tools(store, editor(session, dynamodb, config), ledger(dynamodb, config))
