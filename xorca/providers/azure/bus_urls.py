"""From the URL of a bus or of an alarm of Azure to what it names; keys are in the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict
from urllib.parse import parse_qsl, unquote

from xorca.errors import ConfigurationError
from xorca.providers.azure.eventgrid import EventGridBus
from xorca.providers.azure.queue import StorageQueueBus
from xorca.providers.azure.queue_alarm import StorageQueueAlarm
from xorca.providers.azure.queue_messages import Encoding
from xorca.providers.azure.servicebus import ServiceBusBus
from xorca.providers.azure.servicebus_alarm import ServiceBusAlarm

if TYPE_CHECKING:
    from xorca.providers.open_bus import BusRoom

EVENTGRID_KEY: Final = "AZURE_EVENTGRID_KEY"
SERVICEBUS: Final = "AZURE_SERVICEBUS_CONNECTION_STRING"
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
_EXAMPLES: Final = {
    "azqueue": "azqueue:orders?account=mystorage",
    "eventgrid": "eventgrid:orders.westeurope-1.eventgrid.azure.net/api/events",
    "servicebus": "servicebus:orders?namespace=shop.servicebus.windows.net",
}
_KNOWN: Final = {
    "azqueue": ("account", "encoding"),
    "eventgrid": ("topic",),
    "servicebus": ("namespace", "sessions"),
}


def bus_of_url(url: str) -> BusRoom:
    """Give the bus of ``azqueue:queue``, ``servicebus:queue-or-topic`` or ``eventgrid:endpoint``.

    Raises:
        ConfigurationError: the URL names none, or asks for what is not known.
    """
    scheme, place, options = _parts(url)
    if scheme == "azqueue":
        return StorageQueueBus(place, **_queue(options))
    if scheme == "eventgrid":
        return _grid(place, options)
    return ServiceBusBus(place, **_service_bus(options))


def alarm_of_url(url: str) -> StorageQueueAlarm | ServiceBusAlarm:
    """Give the alarm of ``azqueue:queue`` or ``servicebus:queue-or-topic``.

    Raises:
        ConfigurationError: the URL names none, or asks for what is not known.
    """
    scheme, place, options = _parts(url)
    if scheme == "azqueue":
        return StorageQueueAlarm(place, **_queue(options))
    return ServiceBusAlarm(place, **_service_bus(options))


def _parts(url: str) -> tuple[str, str, dict[str, str]]:
    scheme, _, rest = url.partition(":")
    scheme = scheme.lower()
    place, _, query = rest.partition("?")
    place = unquote(place.removeprefix("//"))
    if not place:
        raise ConfigurationError(f"{scheme + ':'!r} names no place: write {_EXAMPLES[scheme]!r}")
    return scheme, place, _options(f"{scheme}:{place}"[:100], query, _KNOWN[scheme])


class _Queue(TypedDict, total=False):
    encoding: Encoding
    account_url: str


class _Namespace(TypedDict, total=False):
    sessions: bool
    namespace: str
    connection_string: str


def _queue(options: Mapping[str, str]) -> _Queue:
    asked = options.get("encoding", "base64")
    if asked not in ("base64", "none"):
        raise ConfigurationError("encoding= of an azqueue: URL is base64 or none")
    encoding: Encoding = "none" if asked == "none" else "base64"
    account = options.get("account")
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise ConfigurationError("account= of an azqueue: URL has 3 to 24 characters of a-z 0-9")
    if account is None:
        return _Queue(encoding=encoding)
    return _Queue(encoding=encoding, account_url=f"https://{account}.queue.core.windows.net")


def _grid(endpoint: str, options: Mapping[str, str]) -> EventGridBus:
    key = os.environ.get(EVENTGRID_KEY, "").strip() or None
    return EventGridBus(endpoint, key=key, topic=options.get("topic"))


def _service_bus(options: Mapping[str, str]) -> _Namespace:
    sessions = options.get("sessions", "false").lower()
    if sessions not in ("true", "false"):
        raise ConfigurationError("sessions= of a servicebus: URL is true or false")
    namespace = options.get("namespace")
    if namespace is not None:
        return _Namespace(sessions=sessions == "true", namespace=namespace)
    text = os.environ.get(SERVICEBUS, "").strip()
    if not text:
        raise ConfigurationError(
            f"nobody said which namespace of Service Bus is meant: set {SERVICEBUS}, or write"
            f" {_EXAMPLES['servicebus']!r}"
        )
    return _Namespace(sessions=sessions == "true", connection_string=text)


def _options(shown: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        pairs = [(query.partition("=")[0][:40], "")]  # the values stay unsaid: they may be secrets
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known or not value or name in found:
            raise ConfigurationError(
                f"{shown!r}: {name!r} cannot be asked for so; after '?' write name=value, joined by"
                f" '&', each once, of {', '.join(known)}"
            )
        found[name] = value
    return found
