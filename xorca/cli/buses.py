"""The ``--bus`` option: where what a command decides is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from xorca.ports import Bus
    from xorca.providers.open import StoreRoom

_F = TypeVar("_F", bound=Callable[..., Any])


def bus_option() -> Callable[[_F], _F]:
    """Give the option; without it, the channel of the store is meant."""
    return click.option(
        "--bus",
        "bus_url",
        envvar="XORCA_BUS",
        metavar="URL",
        help="Where events are sent, such as sqs:queue or https://host/path; by default to the"
        " channel of the store. [env: XORCA_BUS]",
    )


@asynccontextmanager
async def bus_of(room: StoreRoom, url: str | None) -> AsyncGenerator[Bus | None]:
    """Open the bus that was named; without a name give the store's channel, if it has one.

    Raises:
        ConfigurationError: the URL names no bus.
    """
    if not url:
        yield getattr(room, "channel", None)
        return
    from xorca.providers.open_bus import open_bus

    async with open_bus(url) as bus:
        yield bus
