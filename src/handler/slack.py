"""The Slack function: takes alerts from its queue and posts each to Slack."""

from __future__ import annotations

import functools
import logging
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import process_partial_response
from botocore.config import Config

from ecrguard.adapters.secrets import SlackSecret
from ecrguard.adapters.slack import Slack
from ecrguard.adapters.threads_table import ThreadTable
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.batch import QueueProcessor
from ecrguard.config import SlackConfig
from ecrguard.notify import SlackBatch
from ecrguard.telemetry import record_not_posted, record_posted

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
# At debug level these write the webhook's URL, the token and the secret, whatever level the function itself is set to.
for chatty in ("botocore", "urllib3"):
    logging.getLogger(chatty).setLevel(logging.INFO)


@functools.cache
def parts() -> tuple[Slack, ThreadTable, SqsVisibility]:
    """The connections, made at the first event and kept for the next."""
    config = SlackConfig.from_env(os.environ)
    client = functools.partial(boto3.client, config=Config(connect_timeout=2, read_timeout=5))
    secret = SlackSecret(functools.cache(lambda: client("secretsmanager")), config.webhook_secret_arn)
    threads = ThreadTable(
        functools.cache(lambda: client("dynamodb")), config.inventory_table, lambda: datetime.now(UTC)
    )
    return Slack(secret), threads, SqsVisibility(functools.cache(lambda: client("sqs")), config.queue_url)


processor = QueueProcessor(functools.partial(record_not_posted, logger))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that were not posted; they stay on the queue."""
    batch = SlackBatch(*parts(), lambda: context.get_remaining_time_in_millis() / 1000, time.sleep)

    def deliver(record: SQSRecord) -> None:
        receives = int(record.attributes.approximate_receive_count)
        record_posted(logger, record, batch.deliver(record.body, record.receipt_handle, receives))

    answer = process_partial_response(event=event, record_handler=deliver, processor=processor, context=context)
    for trouble in batch.troubles:
        logger.warning("thread not known", extra={"cause": trouble})
    return dict(answer)
