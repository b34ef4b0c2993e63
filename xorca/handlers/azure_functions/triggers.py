"""Which triggers a blueprint has, checked before the host sees any of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypedDict

from xorca.errors import ConfigurationError
from xorca.handlers.asgi.limits import HttpLimits

if TYPE_CHECKING:
    from xorca.handlers.asgi.principals import Auth

LEVELS: Final = ("anonymous", "function", "admin")

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_ROUTE: Final = re.compile(r"[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)*")
_SETTING: Final = re.compile(r"%[^%]+%")
_SPAN: Final = re.compile(r"(?:\d+\.)?\d{1,2}:\d{2}(?::\d{2})?")


class TriggerOptions(TypedDict, total=False):
    """The triggers of a blueprint.

    ``event_grid``: hear Event Grid subscriptions whose endpoint is the function.
    ``service_bus``: a queue, or a topic and a subscription. ``service_bus_connection``: the
    app setting that says how to connect. ``sessions``: the queue has sessions. ``batch``:
    take several messages at a time. ``pause``: see the how-to, "When something fails".
    ``storage_queue``, ``storage_queue_connection``: a Storage queue.
    ``http``: a route. ``http_level``: the key that it asks for. ``auth``, ``http_limits``: as
    of ``xorca.handlers.asgi.app``.
    ``name``: what the names of the functions begin with.
    """

    event_grid: bool
    service_bus: str | tuple[str, str] | None
    service_bus_connection: str
    sessions: bool
    batch: bool
    pause: float
    storage_queue: str | None
    storage_queue_connection: str
    http: str | None
    http_level: str
    auth: Auth | None
    http_limits: HttpLimits
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """The triggers of one blueprint; ``timer`` is the schedule of its upkeep."""

    name: str = "xorca"
    event_grid: bool = False
    service_bus: str | tuple[str, str] | None = None
    service_bus_connection: str = "ServiceBus"
    sessions: bool = False
    batch: bool = False
    pause: float = 1.0
    storage_queue: str | None = None
    storage_queue_connection: str = "AzureWebJobsStorage"
    http: str | None = None
    http_level: str = "function"
    auth: Auth | None = None
    http_limits: HttpLimits = field(default_factory=HttpLimits)
    timer: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"name={self.name!r} cannot begin the name of a function: give letters, digits,"
                " '_' and '-', a letter first, at most 100"
            )
        self._check_any()
        if not 0 <= self.pause < math.inf:
            raise ConfigurationError(f"pause={self.pause!r} is no length of time in seconds")
        self._check_service_bus()
        self._check_http()
        _check_schedule(self.timer)

    @property
    def hears_brokers(self) -> bool:
        """Whether something comes from where no response is read."""
        return bool(self.event_grid or self.service_bus or self.storage_queue)

    def _check_any(self) -> None:
        if not (self.hears_brokers or self.http or self.timer):
            raise ConfigurationError(
                "the blueprint has no trigger, and nothing would run: give event_grid=True,"
                ' service_bus="queue", storage_queue="queue" or http="events"'
            )
        for option in ("service_bus", "storage_queue", "http"):
            if getattr(self, option) is True:
                raise ConfigurationError(
                    f'{option}=True names nothing: write {option}="orders", say'
                )
        for setting in (self.service_bus_connection, self.storage_queue_connection):
            if not setting or "=" in setting:
                raise ConfigurationError(
                    "a connection is the name of an app setting, not the connection string"
                    ' itself: write service_bus_connection="ServiceBus", say'
                )

    def _check_service_bus(self) -> None:
        found: Sequence[object] = self.service_bus or ""
        names = [each for each in found if each]
        if not isinstance(found, str) and len(names) != 2:
            raise ConfigurationError(
                f"service_bus={found!r} is neither a queue nor a topic with its subscription:"
                ' write service_bus="queue" or service_bus=("topic", "subscription")'
            )

    def _check_http(self) -> None:
        if self.http and not _ROUTE.fullmatch(self.http):
            raise ConfigurationError(
                f'http={self.http!r} is no plain route: write http="events", without slashes'
                " around it and without parameters"
            )
        if self.http_level not in LEVELS:
            raise ConfigurationError(
                f"http_level={self.http_level!r} is none: it is one of {', '.join(LEVELS)}"
            )


def _check_schedule(text: str) -> None:
    fits = len(text.split()) in (5, 6) or _SETTING.fullmatch(text) or _SPAN.fullmatch(text)
    if text and not fits:
        raise ConfigurationError(
            f'{text!r} is no schedule: write six fields, seconds first, such as "0 */5 * * * *"'
            ' for every five minutes, or "%SETTING%"'
        )
