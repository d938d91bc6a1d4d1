"""Amazon ECS of an account: the calls that read services, page by page as the API gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.wire import Record, Refusal, json_service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.account import Account
    from bench.wire import Service

LIST_PAGE, SERVICES_PER_CALL, REVISIONS_PER_CALL = 100, 10, 20
"""The most that a call of ListClusters, ListServices, DescribeServices and DescribeServiceRevisions takes or gives."""


@dataclass(frozen=True, slots=True)
class Ecs:
    """The ECS API of one account.

    Attributes:
        account: what it tells of.
    """

    account: Account

    def service(self) -> Service:
        """The API as boto3's clients reach it."""
        return json_service(
            {
                "ListClusters": self._clusters,
                "ListServices": self._services,
                "DescribeServices": self._describe_services,
                "DescribeServiceRevisions": self._describe_revisions,
                "DescribeTaskDefinition": self._describe_definition,
                "ListDaemons": lambda _: {"daemonSummariesList": []},
            }
        )

    def _clusters(self, asked: Record) -> Record:
        return _page("clusterArns", range(self.account.clusters), self.account.cluster_arn, asked)

    def _services(self, asked: Record) -> Record:
        numbers = self.account.services_of(int(asked["cluster"].rpartition("-")[2]))
        return _page("serviceArns", numbers, self.account.service_arn, asked)

    def _describe_services(self, asked: Record) -> Record:
        _at_most(asked["services"], SERVICES_PER_CALL)
        numbers = [int(arn.rpartition("-")[2]) for arn in asked["services"]]
        return {"services": [self.account.service(number) for number in numbers], "failures": []}

    def _describe_revisions(self, asked: Record) -> Record:
        _at_most(asked["serviceRevisionArns"], REVISIONS_PER_CALL)
        numbers = [int(arn.rpartition("/")[2]) for arn in asked["serviceRevisionArns"]]
        return {"serviceRevisions": [self.account.revision(number) for number in numbers], "failures": []}

    def _describe_definition(self, asked: Record) -> Record:
        number = int(asked["taskDefinition"].rpartition("-")[2].partition(":")[0])
        return {"taskDefinition": self.account.definition(number), "tags": []}


def _page(member: str, numbers: range, arn_of: Callable[[int], str], asked: Record) -> Record:
    start, size = int(asked.get("nextToken") or 0), min(asked.get("maxResults") or 10, LIST_PAGE)
    some = numbers[start : start + size]
    more = {"nextToken": str(start + size)} if start + size < len(numbers) else {}
    return {member: [arn_of(number) for number in some], **more}


def _at_most(asked: Sequence[str], most: int) -> None:
    if len(asked) > most:
        raise Refusal("InvalidParameterException", f"expected at most {most}, got {len(asked)}")
