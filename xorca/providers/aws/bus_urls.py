"""From the URL of a bus or of an alarm of AWS to what it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from xorca.errors import ConfigurationError
from xorca.providers.aws.eventbridge import EventBridgeBus
from xorca.providers.aws.sns import SnsBus
from xorca.providers.aws.sqs import SqsBus
from xorca.providers.aws.sqs_alarm import SqsAlarm

if TYPE_CHECKING:
    from xorca.providers.aws.batch_bus import BatchBus

_OPTIONS: Final = ("region", "endpoint", "profile")
_EXAMPLES: Final = {
    "eventbridge": "eventbridge:default",
    "sns": "sns:arn:aws:sns:eu-central-1:123456789012:orders",
    "sqs": "sqs:orders?region=eu-central-1",
}


def bus_of_url(url: str) -> BatchBus:
    """Give the bus of ``eventbridge:bus``, ``sns:topic-arn`` or ``sqs:queue``.

    Raises:
        ConfigurationError: the URL names none, or asks for what is not known.
    """
    scheme, place, options = _parts(url, (*_OPTIONS, "limit"))
    if scheme == "eventbridge":
        return EventBridgeBus(place, **options)
    return SnsBus(place, **options) if scheme == "sns" else SqsBus(place, **options)


def alarm_of_url(url: str) -> SqsAlarm:
    """Give the alarm of ``sqs:queue``, the queue that the orchestrator reads.

    Raises:
        ConfigurationError: the URL names none, or asks for what is not known.
    """
    _, place, options = _parts(url, _OPTIONS)
    return SqsAlarm(place, **options)


def _parts(url: str, known: tuple[str, ...]) -> tuple[str, str, dict[str, Any]]:
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    place = unquote(place.removeprefix("//"))
    if not place:
        example = _EXAMPLES[scheme.lower()]
        raise ConfigurationError(f"{scheme + ':'!r} names no place: write {example!r}, say")
    return scheme.lower(), place, _options(f"{scheme}:{place}"[:100], query, known)


# What the options are to a bus is checked there.
def _options(shown: str, query: str, known: tuple[str, ...]) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        pairs = [(query.partition("=")[0][:40], "")]  # the values stay unsaid: they may be secrets
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in known or not value or name in found:
            raise ConfigurationError(
                f"{shown!r}: {name!r} cannot be asked for so; after '?' write name=value,"
                f" joined by '&', each once, of {', '.join(known)}"
            )
        found[name] = _number(shown, value) if name == "limit" else value
    return found


def _number(shown: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise ConfigurationError(f"{shown!r}: limit={value[:20]!r} is no number of bytes")
    return int(value)
