"""``make local``: an AWS on this machine with the stack deployed, until it is told to stop.

Progress goes to stderr; stdout has shell lines (exports, commands to copy, comments) and at the end ``ready``.
"""

from __future__ import annotations

import signal
import socket
import sys
from typing import TYPE_CHECKING, Final

from localaws import inventory
from localaws.deployment import CommandError, deploy, serving
from localaws.interrupts import INTERRUPTED, stop_on_signals, temporary_directory
from localaws.process import ACCOUNT, REGION, NotStartedError
from localaws.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deployment import Deployment

PORT_VARIABLE: Final = "LOCALAWS_PORT"
DEFAULT_PORT: Final = 4566

_PYTHON: Final = ".tools/localaws/bin/python -m localaws"


def up(port: int, parameters: Mapping[str, str], *, build_first: bool = True) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; 0 when stopped while ready.

    Args:
        port: to serve on.
        parameters: of the template.
        build_first: else what was built last is deployed.
    """
    stop_on_signals()
    progress, ready = Terminal.of(sys.stderr), False
    try:
        _require_free(port)
        with (
            temporary_directory(),
            # Whoever tries things by hand need not write policies of queues first.
            serving(progress, port=port, build_first=build_first, permissions=False) as aws,
        ):
            with progress.step(f"sam deploy {' '.join(f'{name}={value}' for name, value in parameters.items())}"):
                deployment = deploy(aws, parameters)
            with progress.step("the first full reading of what runs images"):
                inventory.wait_until_complete(deployment)
            print(instructions(deployment))
            print("ready", flush=True)
            ready = True
            while True:
                signal.pause()
    except (CommandError, NotStartedError, TimeoutError) as error:
        progress.line("\n".join((progress.style(str(error), "red"), *getattr(error, "__notes__", ()))))
        return 1
    except KeyboardInterrupt:
        progress.line("\nstopped; nothing is left running")
        return 0 if ready else INTERRUPTED


def instructions(deployment: Deployment) -> str:
    """What to type in another terminal, as lines for a shell."""
    aws, topic = deployment.aws, deployment.outputs["AlertsTopicArn"]
    variables = aws.environment | {"ECRGUARD_STACK": deployment.stack, "ECRGUARD_REGISTRY": aws.registry}
    image = aws.image_uri("web", "v1")
    reconcile, table = deployment.outputs["ReconcileFunctionName"], deployment.outputs["InventoryTableName"]
    source = (
        f'{{"ImageRepository": {{"ImageIdentifier": "{image}", "ImageRepositoryType": "ECR"}}, '
        f'"AuthenticationConfiguration": {{"AccessRoleArn": "arn:aws:iam::{ACCOUNT}:role/pull"}}}}'
    )
    exports = "\n".join(f"export {name}={value}" for name, value in variables.items())
    return f"""
# An AWS runs here, with the stack {deployment.stack} on it. In another terminal, in this directory:
{exports}

# A repository, and an App Runner service that runs an image of it, on amd64 as all of App Runner:
aws ecr create-repository --repository-name web
aws apprunner create-service --service-name website --source-configuration '{source}'

# It is known by the event of its creation; what is known to run images of the repository:
aws dynamodb query --table-name {table} --key-condition-expression 'pk = :pk' \\
  --expression-attribute-values '{{":pk": {{"S": "repository#web"}}}}'

# What no event told is found when all is read as a whole, every hour. To have what is due of that read at once:
aws lambda invoke --function-name {reconcile} /dev/stdout

# Alerts, as they come:
{_PYTHON} watch

# An image that a Mac has built, for arm64 (any other OCI image layout will do), pushed with skopeo:
{_PYTHON} layout /tmp/web linux/arm64
skopeo copy --all --dest-tls-verify=false --dest-creds "AWS:$(aws ecr get-login-password)" \\
  oci:/tmp/web:latest "docker://$ECRGUARD_REGISTRY/web:v1"

# or with docker:
aws ecr get-login-password | docker login --username AWS --password-stdin "$ECRGUARD_REGISTRY"
docker push "$ECRGUARD_REGISTRY/web:v1"

# Alerts on a queue of your own (for SQS, version 1 of the AWS CLI does not read AWS_ENDPOINT_URL):
aws sqs create-queue --endpoint-url "$AWS_ENDPOINT_URL" --queue-name alerts
aws sns subscribe --topic-arn {topic} --protocol sqs \\
  --notification-endpoint arn:aws:sqs:{REGION}:{ACCOUNT}:alerts --attributes RawMessageDelivery=true
aws sqs receive-message --endpoint-url "$AWS_ENDPOINT_URL" --queue-url "$AWS_ENDPOINT_URL/{ACCOUNT}/alerts" \\
  --wait-time-seconds 20 --query 'Messages[0].Body' --output text

# Ctrl-C here stops everything. State is in memory and ends with it.
"""


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server itself binds: a port whose last connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise NotStartedError(
                f"port {port} of 127.0.0.1 cannot be used ({error.strerror}); choose another: "
                f"make local {PORT_VARIABLE}=4567"
            ) from None
