"""What the tests hold of a deployed stack: its clients, a subscriber of its alerts, a registry client."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.alert_schema import assert_valid

from localaws import images, process, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localaws.demo_services import Account
    from localaws.deployment import Deployment
    from localaws.images import Node
    from localaws.letterbox import Letterbox
    from localaws.process import LocalAws
    from localaws.subscriber import Alert

WAIT_SECONDS = 60.0


def push(aws: LocalAws, layouts: Path, node: Node, name: str) -> None:
    """Push to ``repository:tag`` with a real client, in the environment that has one."""
    layout = images.write_layout(node, layouts / node.digest.partition(":")[2])
    command: list[str | Path] = [process.PYTHON, "-m", "localaws", "push", layout.directory, f"{aws.registry}/{name}"]
    done = subprocess.run(command, cwd=process.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def wait_for[T](what: str, look: Callable[[], T], *, seconds: float = WAIT_SECONDS) -> T:
    """What ``look`` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"no {what} after {seconds:.0f} s"
        time.sleep(0.05)
    return found


@dataclass
class Guarded:
    """A deployed stack, the account that it is in, and a subscriber of its alerts."""

    deployment: Deployment
    account: Account
    mail: Letterbox

    def client(self, service: str) -> Any:
        return self.deployment.client(service)

    def url(self, output: str) -> str:
        return self.deployment.outputs[output]

    def repository(self, prefix: str = "", **settings: Any) -> str:
        name = f"{prefix}t{uuid.uuid4().hex[:10]}"
        self.client("ecr").create_repository(repositoryName=name, **settings)
        return name

    def push(self, node: Node, repository: str, tag: str) -> None:
        self.account.push(node, f"{repository}:{tag}")

    def send(self, message: str) -> None:
        """Put a message on the push queue, as EventBridge does."""
        self.client("sqs").send_message(QueueUrl=self.url("PushQueueUrl"), MessageBody=message)

    def event(self, sample: str, repository: str, digest: str, tag: str | None) -> dict[str, Any]:
        """One of events/ as it would come from this registry, on one image of it."""
        found: dict[str, Any] = json.loads((process.ROOT / "events" / f"{sample}.json").read_text())
        found |= {"account": process.ACCOUNT, "region": process.REGION, "id": str(uuid.uuid4())}
        found["detail"] |= {"repository-name": repository, "image-digest": digest}
        if tag is not None:
            found["detail"]["image-tag"] = tag
        return found

    def judged(self, repository: str, tag: str | None = None, *, count: int = 1) -> list[dict[str, Any]]:
        """The verdicts on a repository's images, once there are as many."""
        return wait_for(
            f"{count} verdicts on {repository}:{tag}",
            lambda: lines if len(lines := verdicts.judged(self.deployment, repository, tag)) >= count else [],
        )

    def alerts(self, repository: str, *, count: int = 1, kind: str = "alert") -> list[Alert]:
        """The alerts on a repository's images, once there are as many; each is what the published schema says.

        ``kind`` asks for what follows them instead: who pushed comes some seconds after each alert of a push.
        """

        def look() -> list[Alert]:
            before = len(self.mail.received)
            self.mail.look()
            for alert in self.mail.received[before:]:
                assert_valid(alert)
            ours = [alert for alert in self.mail.received if alert["image"]["repository"] == repository]
            found = [alert for alert in ours if alert["kind"] == kind]
            return found if len(found) >= count else []

        return wait_for(f"{count} of {kind} on {repository}", look) if count else look()

    def resource(self, name: str) -> str:
        """The physical id of one of the stack's resources."""
        return self.deployment.resource(name)

    def tags(self, repository: str, digest: str) -> set[str]:
        described = self.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        return set(described["imageDetails"][0].get("imageTags", []))

    def dead_letter(self, part: str) -> tuple[str, dict[str, str]]:
        """The body and the attributes of the dead letter that has this in its body; it is taken off the queue."""
        sqs, url = self.client("sqs"), self.url("DeadLetterQueueUrl")

        def look() -> list[tuple[str, dict[str, str]]]:
            for message in sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
            ).get("Messages", []):
                if part in message["Body"]:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
                    return [(message["Body"], attributes)]
            return []

        [found] = wait_for("dead letter", look)
        return found
