"""From a URL to a bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xorca.errors import ConfigurationError
from xorca.ports import Bus
from xorca.providers.closing import OpenRoom


class BusRoom(Bus, OpenRoom, Protocol):
    """A Bus that can be closed, and used in ``async with``."""


def open_bus(url: str, *, allow_private: bool = False, allow_http: bool = False) -> BusRoom:
    """Open the bus that a URL names; it connects on first use.

    ``https://host/path`` sends by HTTP. On AWS ``eventbridge:bus-name``, ``sns:topic-arn`` and
    ``sqs:queue-name`` (or a queue's URL), with ``?region=eu-central-1`` where the environment
    names no region, and ``&endpoint=http://127.0.0.1:5000`` for an emulator.

    On Azure ``azqueue:queue?account=name``, ``servicebus:queue-or-topic?namespace=host`` and
    ``eventgrid:endpoint``, by the managed identity; or with a secret that the environment has
    in AZURE_STORAGE_CONNECTION_STRING, AZURE_SERVICEBUS_CONNECTION_STRING, AZURE_EVENTGRID_KEY.

    Args:
        url: Where events go.
        allow_private: Allow loopback and private networks; of ``https:`` alone.
        allow_http: Allow ``http://``.

    Raises:
        ConfigurationError: the URL names no bus, or nothing may be sent to it.
    """
    scheme = url.partition(":")[0].lower()
    if scheme in ("http", "https"):
        from xorca.providers.http import HttpBus

        return HttpBus(url, allow_private=allow_private, allow_http=allow_http)
    build = _OURS.get(scheme)
    if build is None:
        known = ", ".join(f"{name}:" for name in _OURS)
        raise ConfigurationError(
            f"{url[:100]!r}: nobody here offers such a bus; write https://host/path, or one of"
            f" {known}, or give the channel of a store: bus=store.channel"
        )
    return build(url)


def _aws(url: str) -> BusRoom:
    from xorca.providers.aws.bus_urls import bus_of_url

    return bus_of_url(url)


def _azure(url: str) -> BusRoom:
    from xorca.providers.azure.bus_urls import bus_of_url

    return bus_of_url(url)


_OURS: dict[str, Callable[[str], BusRoom]] = {
    "azqueue": _azure,
    "eventbridge": _aws,
    "eventgrid": _azure,
    "servicebus": _azure,
    "sns": _aws,
    "sqs": _aws,
}
