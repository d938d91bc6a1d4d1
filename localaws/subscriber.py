"""A queue that is subscribed to the alerts of a deployed stack, as any program would subscribe one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from localaws.process import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.terminal import Terminal

type Alert = dict[str, Any]
"""A document of docs/alert.schema.json."""

_MOST_AT_ONCE: Final = 10


@dataclass(frozen=True)
class AlertQueue:
    """A subscribed queue."""

    sqs: Any
    url: str
    subscription: str
    sns: Any

    @classmethod
    def subscribe(cls, client: Callable[[str], Any], topic: str, name: str) -> AlertQueue:
        """Make a queue and subscribe it with raw delivery, so that a message's body is the alert itself."""
        sqs, sns = client("sqs"), client("sns")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
        subscription = sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return cls(sqs, url, subscription, sns)

    def take(self, wait_seconds: int = 0) -> list[Alert]:
        """The alerts that have come, once each; waits up to ``wait_seconds`` for the first."""
        received = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=_MOST_AT_ONCE, WaitTimeSeconds=wait_seconds
        )
        alerts = []
        for message in received.get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            alerts.append(json.loads(message["Body"]))
        return alerts

    def remove(self) -> None:
        """End the subscription and delete the queue."""
        self.sns.unsubscribe(SubscriptionArn=self.subscription)
        self.sqs.delete_queue(QueueUrl=self.url)


def show(alert: Alert, terminal: Terminal) -> None:
    """Write an alert for a person."""
    image, verdict = alert["image"], alert["verdict"]
    name = f"{image['repository']}:{image['tag']}" if image["tag"] else f"{image['repository']}@{image['digest']}"
    terminal.line()
    follows = {"resolved": "RIGHT AGAIN", "pusher": "WHO PUSHED", "action": "LATER"}.get(alert["kind"])
    title = terminal.style(follows, "bold", "blue") if follows else ""
    title = title or terminal.style(verdict["judgement"].upper(), "bold", "red")
    terminal.line(f"{title}  {terminal.style(name, 'bold')}")
    terminal.line(f"  {verdict['explanation']}")
    if alert["pusher"]:
        terminal.line(f"  pushed by {alert['pusher']['arn']}")
    for finding in alert["findings"]:
        terminal.line(f"  - {finding['subject']['name']}: {finding['prediction']}")
        for remedy in finding["remedy"]:
            terminal.line(f"    {remedy['text']}")
            if remedy["command"]:
                terminal.line(f"      {terminal.style(remedy['command'], 'cyan')}")
    for done in alert["actions"]["done"]:
        terminal.line(f"  done: {done['action']} ({done['detail']})")
    for command in dict.fromkeys(done["undo"] for done in alert["actions"]["done"] if done["undo"]):
        terminal.line(f"  to undo it: {terminal.style(command, 'cyan')}")
    if alert["actions"]["later"]:
        terminal.line(f"  later: {alert['actions']['later']}")
    for refused in alert["actions"]["refused"]:
        terminal.line(f"  refused: {refused['action']} ({refused['detail']})")
