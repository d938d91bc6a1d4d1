"""Alerts on Amazon SNS: one message with a body for each kind of subscriber.

E-mail gets text, https gets the custom notification of Amazon Q Developer in chat applications (which subscribes by
https), a phone gets one line, and every other protocol the JSON document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import unreadable
from ecrguard.rendering import chat, document, email

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from ecrguard.domain.alert import Alert
    from ecrguard.rendering.document import AlertDocument

MAX_BYTES = 256 * 1024
"""SNS's limit of one message, over the bodies of all protocols, the subject and the attributes."""


@dataclass(slots=True)
class SnsAlerts:
    """:class:`~ecrguard.ports.AlertPublisher` on a topic.

    Attributes:
        client: makes the SNS client, on first use.
        topic_arn: of a standard topic.
    """

    client: Callable[[], SNSClient]
    topic_arn: str

    def publish(self, alert: Alert) -> None:
        """See :meth:`ecrguard.ports.AlertPublisher.publish`.

        Raises:
            UnreadableError: SNS did not take it.
        """
        rendered = document.render(alert)
        try:
            self.client().publish(
                TopicArn=self.topic_arn,
                Subject=email.subject(rendered),
                Message=message(rendered),
                MessageStructure="json",
                MessageAttributes=attributes(rendered),
            )
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error, "sns:Publish", f"the topic {self.topic_arn}") from error


def message(rendered: AlertDocument) -> str:
    """The bodies by protocol, as ``MessageStructure=json`` takes them; ``default`` is every protocol not named."""
    bodies = {
        "default": document.encode(rendered),
        "email": email.body(rendered),
        "https": document.encode(chat.render(rendered)),
        "sms": email.short(rendered),
    }
    return json.dumps(bodies, ensure_ascii=False)


def attributes(rendered: AlertDocument) -> dict[str, MessageAttributeValueTypeDef]:
    """The message attributes for filter policies: all texts, none empty (SNS refuses an empty value)."""
    # AWS documents that attributes are not delivered beside a body per protocol, and says nothing of filtering by them
    # (https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html): docs/alerts.md tells how to filter.
    image, verdict = rendered["image"], rendered["verdict"]
    values = {
        "schemaVersion": rendered["schemaVersion"],
        "kind": rendered["kind"],
        "judgement": verdict["judgement"],
        "reason": verdict["reason"],
        "account": image["account"],
        "region": image["region"],
        "repository": image["repository"],
    }
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}
