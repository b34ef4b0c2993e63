"""The function that the tests run in a container: parcels over S3 and SQS."""

from __future__ import annotations

import os

import tests.aws.patience  # noqa: F401  for what it does
from tests.aws.lambda_parcels import Parcels
from xorca.errors import ConfigurationError
from xorca.handlers.aws_lambda import lambda_handler
from xorca.providers.aws.sqs import SqsBus


def required(name: str) -> str:
    """Give what the environment must say."""
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"{name} is not set: name the place in the function's environment")
    return value


handler = lambda_handler(
    Parcels,
    store=required("PARCELS_STORE"),
    bus=SqsBus(required("PARCELS_QUEUE"), endpoint=required("PARCELS_ENDPOINT")),
    margin=float(os.environ.get("PARCELS_MARGIN", "1")),
)
