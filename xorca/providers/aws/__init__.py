"""The rooms of AWS; each loads the SDK when it is first used (``pip install 'xorca[aws]'``)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients, AwsOptions
    from xorca.providers.aws.dynamodb import DynamoDBStore
    from xorca.providers.aws.dynamodb_lease import DynamoDBLease
    from xorca.providers.aws.eventbridge import EventBridgeBus
    from xorca.providers.aws.faults import AwsRefused
    from xorca.providers.aws.s3 import S3Store
    from xorca.providers.aws.scheduler import SchedulerAlarm
    from xorca.providers.aws.sns import SnsBus
    from xorca.providers.aws.sqs import SqsBus
    from xorca.providers.aws.sqs_alarm import SqsAlarm
    from xorca.providers.aws.sqs_channel import SqsChannel

__all__ = [
    "AwsClients",
    "AwsOptions",
    "AwsRefused",
    "DynamoDBLease",
    "DynamoDBStore",
    "EventBridgeBus",
    "S3Store",
    "SchedulerAlarm",
    "SnsBus",
    "SqsAlarm",
    "SqsBus",
    "SqsChannel",
]

_MODULES = {
    "AwsClients": "clients",
    "AwsOptions": "clients",
    "AwsRefused": "faults",
    "DynamoDBLease": "dynamodb_lease",
    "DynamoDBStore": "dynamodb",
    "EventBridgeBus": "eventbridge",
    "S3Store": "s3",
    "SchedulerAlarm": "scheduler",
    "SnsBus": "sns",
    "SqsAlarm": "sqs_alarm",
    "SqsBus": "sqs",
    "SqsChannel": "sqs_channel",
}


def __getattr__(name: str) -> object:
    """Import the room that is asked for and no other, for a cold start pays for each."""
    if name not in _MODULES:
        raise AttributeError(f"module 'xorca.providers.aws' has no attribute {name!r}")
    return getattr(import_module(f"xorca.providers.aws.{_MODULES[name]}"), name)
