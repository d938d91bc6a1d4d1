"""The secret with the access to Slack, on a stubbed Secrets Manager."""

from __future__ import annotations

from tests.fakes.stubbed import stubbed

from ecrguard.adapters.secrets import SlackSecret

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-AbCdEf"


class Secrets:
    """A Secrets Manager client whose answers botocore has held against the service's model."""

    def __init__(self) -> None:
        self.client, self.stub = stubbed("secretsmanager")
        self.now = 0.0
        self.secret = SlackSecret(lambda: self.client, ARN, lambda: self.now)

    def holds(self, text: str) -> None:
        self.stub.add_response("get_secret_value", {"ARN": ARN, "SecretString": text}, {"SecretId": ARN})
