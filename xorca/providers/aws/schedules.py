"""What a one-time schedule of EventBridge Scheduler is made of; nothing is asked here."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from xorca.errors import ConfigurationError
from xorca.events import Event, derived_id
from xorca.events.lazy import lazy_pattern
from xorca.providers.aws.arns import service_of
from xorca.providers.aws.entries import wire_text

if TYPE_CHECKING:
    from types_aiobotocore_scheduler.type_defs import TargetTypeDef

SOON: Final = 1.0
"""How far ahead in seconds the soonest schedule is: one of the past is refused."""

SKEW: Final = 300.0
"""By how many seconds our clock may differ from that of AWS, which signatures bear as well."""

_TARGETS: Final = ("sqs", "lambda", "events", "sns")
_AT: Final = lazy_pattern(r"at\((?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\)")


def at_expression(seconds: int) -> str:
    """Give the expression of a time in seconds since 1970."""
    return f"at({datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S})"


def time_of(expression: str) -> float:
    """Give the time of an expression; what is none has long been due."""
    found = _AT.fullmatch(expression)
    if found is None:
        return -math.inf
    return datetime.fromisoformat(found["time"]).replace(tzinfo=UTC).timestamp()


def full_second(due: float, now: float) -> int:
    """Give the second at which a schedule is due: never before ``due``, never in the past."""
    return max(math.ceil(due), math.ceil(now + SOON))


def still_comes(standing: float, wanted: int, now: float) -> bool:
    """Whether a schedule that is there will do for another time that is wanted.

    One that is over may be there for a while yet. Where its time is near and a later one is
    asked for, it may have come already, by a clock that is ahead of ours. ``wanted`` is later
    than ``now``, so that one whose time has passed never will do.
    """
    return wanted <= standing or standing - now > SKEW


def name_of(target_arn: str, event_id: str) -> str:
    """Give the name of the schedule of an event, of characters and a length that are taken."""
    return f"xorca-{derived_id(target_arn, event_id, length=40)}"


def check_target(target_arn: str) -> None:
    """Refuse what cannot be sent to, or would lose a wake-up.

    Raises:
        ConfigurationError: as it says.
    """
    service = service_of(target_arn)
    if service not in _TARGETS:
        raise ConfigurationError(
            f"target_arn={target_arn[:120]!r} cannot be woken: give the ARN of a queue (SQS), a"
            " function (Lambda), an event bus or a topic (SNS)"
        )
    if target_arn.endswith(".fifo"):
        raise ConfigurationError(
            f"target_arn={target_arn[:120]!r} is a FIFO, which drops a wake-up that is set again"
            " within five minutes: give a standard queue or topic"
        )


def target_of(
    event: Event, target_arn: str, *, role_arn: str, dead_letter_arn: str
) -> TargetTypeDef:
    """Give what is to be sent where: the structured event, as each target wants it."""
    # Scheduler fills in what it takes for its own variables; in JSON this is the same text.
    text = wire_text(event).replace("<aws.", "\\u003caws.")
    target: TargetTypeDef = {"Arn": target_arn, "RoleArn": role_arn, "Input": text}
    if service_of(target_arn) == "events":
        target["EventBridgeParameters"] = {"DetailType": event.type, "Source": event.source}
    if dead_letter_arn:
        target["DeadLetterConfig"] = {"Arn": dead_letter_arn}
    return target
