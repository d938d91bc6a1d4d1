"""The Slack function: takes alerts from its queue and posts each to the webhook."""

from __future__ import annotations

import functools
import logging
import os
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import process_partial_response
from botocore.config import Config

from ecrguard.adapters.secrets import WebhookSecret
from ecrguard.adapters.slack import SlackWebhook
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.batch import QueueProcessor
from ecrguard.config import SlackConfig
from ecrguard.notify import SlackBatch
from ecrguard.telemetry import record_not_posted, record_posted

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
# At debug level these write the webhook's URL and the secret, whatever level the function itself is set to.
for chatty in ("botocore", "urllib3"):
    logging.getLogger(chatty).setLevel(logging.INFO)


@functools.cache
def parts() -> tuple[SlackWebhook, SqsVisibility]:
    """The connections, made at the first event and kept for the next."""
    config = SlackConfig.from_env(os.environ)
    client = functools.partial(boto3.client, config=Config(connect_timeout=2, read_timeout=5))
    secret = WebhookSecret(functools.cache(lambda: client("secretsmanager")), config.webhook_secret_arn)
    return SlackWebhook(secret), SqsVisibility(functools.cache(lambda: client("sqs")), config.queue_url)


processor = QueueProcessor(functools.partial(record_not_posted, logger))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that were not posted; they stay on the queue."""
    batch = SlackBatch(*parts(), lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)

    def deliver(record: SQSRecord) -> None:
        record_posted(logger, record, batch.deliver(record.body, record.receipt_handle))

    return dict(process_partial_response(event=event, record_handler=deliver, processor=processor, context=context))
