"""AWS Lambda: orchestrators and fleets behind the triggers of a function.

No part of the SDK is imported here; the rooms that are given to a handler do that when they
are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xorca.handlers.aws_lambda.core import LambdaCore
from xorca.handlers.aws_lambda.entry import LambdaEntry
from xorca.handlers.aws_lambda.making import lambda_handler
from xorca.handlers.aws_lambda.reading import read_trigger
from xorca.handlers.trigger import Refused

if TYPE_CHECKING:
    from xorca.handlers.aws_lambda.services import fleet_handler

__all__ = [
    "LambdaCore",
    "LambdaEntry",
    "Refused",
    "fleet_handler",
    "lambda_handler",
    "read_trigger",
]


def __getattr__(name: str) -> object:
    """Import the side of the services where it is asked for; a cold start pays for each."""
    if name != "fleet_handler":
        raise AttributeError(f"module 'xorca.handlers.aws_lambda' has no attribute {name!r}")
    from xorca.handlers.aws_lambda.services import fleet_handler

    return fleet_handler
