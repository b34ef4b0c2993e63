"""From a URL to an alarm, for stores that have none of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xorca.errors import ConfigurationError
from xorca.ports import Alarm
from xorca.providers.closing import OpenRoom


class AlarmRoom(Alarm, OpenRoom, Protocol):
    """An Alarm that can be closed, and used in ``async with``."""


def open_alarm(url: str) -> AlarmRoom:
    """Open the alarm that a URL names, with the queue that the orchestrator reads.

    ``sqs:queue`` on AWS, ``azqueue:queue`` and ``servicebus:queue`` on Azure; what may follow
    is that of :func:`~xorca.providers.open_bus.open_bus`.

    Raises:
        ConfigurationError: the URL names no alarm.
    """
    build = _OURS.get(url.partition(":")[0].lower())
    if build is None:
        known = ", ".join(f"{name}:" for name in _OURS)
        raise ConfigurationError(
            f"{url[:100]!r}: nobody here offers such an alarm; name the queue that the"
            f" orchestrator reads, with one of {known}"
        )
    return build(url)


def _aws(url: str) -> AlarmRoom:
    from xorca.providers.aws.bus_urls import alarm_of_url

    return alarm_of_url(url)


def _azure(url: str) -> AlarmRoom:
    from xorca.providers.azure.bus_urls import alarm_of_url

    return alarm_of_url(url)


_OURS: dict[str, Callable[[str], AlarmRoom]] = {
    "azqueue": _azure,
    "servicebus": _azure,
    "sqs": _aws,
}
