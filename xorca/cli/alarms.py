"""The ``--alarm`` option: what sets wake-ups where the store has no alarm."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from xorca.ports import Alarm
    from xorca.providers.open import StoreRoom

_F = TypeVar("_F", bound=Callable[..., Any])


def alarm_option() -> Callable[[_F], _F]:
    """Give the option; without it, the alarm of the store is meant."""
    return click.option(
        "--alarm",
        "alarm_url",
        envvar="XORCA_ALARM",
        metavar="URL",
        help="What sets wake-ups: the queue that the orchestrator reads, such as sqs:queue; by"
        " default the alarm of the store. [env: XORCA_ALARM]",
    )


@asynccontextmanager
async def alarm_of(room: StoreRoom, url: str | None) -> AsyncGenerator[Alarm | None]:
    """Open the alarm that was named; without a name give the store's, if it has one.

    Raises:
        ConfigurationError: the URL names no alarm.
    """
    if not url:
        yield getattr(room, "alarm", None)
        return
    from xorca.providers.open_alarm import open_alarm

    async with open_alarm(url) as alarm:
        yield alarm
