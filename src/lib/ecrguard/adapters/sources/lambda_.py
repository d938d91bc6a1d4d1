"""Lambda functions of a container image.

Lambda resolves the tag of a function's image when its code is set, runs that digest from then on, and fetches it from
ECR again from time to time: a tag that is pushed anew changes nothing until UpdateFunctionCode (API reference,
"UpdateFunctionCode"; developer guide, "Invoking functions defined as container images"). ListFunctions tells no image:
each function of one is asked with GetFunction. A function in whatever state counts: one that is ``Inactive`` or
``Failed`` runs its image when it is invoked or mended.

What counts is the unpublished version, ``$LATEST``: what the next UpdateFunctionCode works on. Published versions do
not. Their code is locked to a digest and never follows a tag, so that no push changes what they run; and there may be
hundreds for each function, which would cost a call each in every pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources.listing import Tokens, one_by_one, sighting
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import is_digest
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_lambda.type_defs import (
        FunctionCodeLocationTypeDef,
        FunctionConfigurationTypeDef,
        ListFunctionsRequestTypeDef,
    )

    from ecrguard.domain.reference import Registry

ACTIONS = ("lambda:ListFunctions", "lambda:GetFunction")
"""IAM actions that reading needs."""

_LIST, _GET = ACTIONS
_PAGE = 50
_SUBJECT = "Lambda functions"
_ARN_PARTS = 7
_HOSTS = {"x86_64": Platform("linux", "amd64"), "arm64": Platform("linux", "arm64")}
_DEFAULT = "x86_64"


@dataclass(slots=True)
class LambdaSource:
    """The Lambda functions of an image of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's Lambda client; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls.
    """

    client: Callable[[], LambdaClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _tokens: Tokens = field(default_factory=Tokens)

    def page(self, cursor: str) -> Page:
        """The functions of an image on a page of 50 functions; there may be none on it.

        Raises:
            AbsentError: the Region has no Lambda.
            UnreadableError: denied, throttled, unavailable.
        """
        asked: ListFunctionsRequestTypeDef = {"MaxItems": _PAGE}
        if cursor:
            asked["Marker"] = cursor
        with self.calls.to(_LIST, _SUBJECT):
            answer = self.client().list_functions(**asked)
        arns = (
            _unqualified(each["FunctionArn"])
            for each in answer.get("Functions", [])
            if each.get("PackageType") == "Image"
        )
        return Page(
            tuple(dict.fromkeys(arns)), self._tokens.follow(cursor, answer.get("NextMarker", ""), _LIST, _SUBJECT)
        )

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked function as it is now, each with a call of its own.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        return one_by_one(arns, self._read)

    def _read(self, arn: str) -> Sighting | Unknown:
        subject = f"Lambda function {_name(arn)}"
        with self.calls.to(_GET, subject, gone=("ResourceNotFoundException",)):
            answer = self.client().get_function(FunctionName=arn)
        configuration, code = answer["Configuration"], answer.get("Code", {})
        if configuration.get("PackageType") != "Image":
            return Sighting(arn)
        if not code.get("ImageUri"):
            return Unknown(UnknownReason.UNAVAILABLE, f"{_GET} did not tell the image of {subject}", subject)
        return sighting(arn, [_workload(arn, configuration, code, self.registry)])


def _workload(
    arn: str, configuration: FunctionConfigurationTypeDef, code: FunctionCodeLocationTypeDef, registry: Registry
) -> Workload | BadImage | None:
    """The function if its image is of the registry; x86_64 is the default of ``Architectures`` (API reference)."""
    reference = in_registry(code["ImageUri"], registry, f"Lambda function {_name(arn)}")
    if reference is None or isinstance(reference, BadImage):
        return reference
    stated = configuration.get("Architectures", [])
    host = _HOSTS.get(stated[0] if stated else _DEFAULT)
    basis = Basis.EXPLICIT if stated else Basis.SERVICE_DEFAULT
    resolved = code.get("ResolvedImageUri", "").rpartition("@")[2]
    return Workload(
        kind=WorkloadKind.LAMBDA_FUNCTION,
        arn=arn,
        name=_name(arn),
        container="",
        reference=reference,
        hosts=(host,) if host else (),
        basis=basis if host else Basis.UNRECOGNISED,
        resolved=resolved if is_digest(resolved) else "",
    )


def _unqualified(arn: str) -> str:
    """An ARN without the version or alias that may stand at its end."""
    return ":".join(arn.split(":")[:_ARN_PARTS])


def _name(arn: str) -> str:
    # arn:aws:lambda:<region>:<account>:function:<name>
    return arn.rpartition(":")[2]
