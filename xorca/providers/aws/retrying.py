"""How often AWS is asked: reads and sends that may happen twice are repeated, nothing else is.

A conditional write goes out once. Where its answer is lost nobody knows what became of it,
and only a fresh read tells: that is for whoever asked, not for a room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeVar

from xorca.errors import Unavailable
from xorca.providers.aws.faults import asking

T = TypeVar("T")

REQUEST_SECONDS: Final = 10.0
"""How long one request may take with everything; a server that trickles is left."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is asked for, and within how many seconds a try may begin."""

    attempts: int
    within: float


READING: Final = Patience(attempts=3, within=2.0)
SENDING: Final = Patience(attempts=5, within=10.0)


async def once(place: str, call: Callable[[], Awaitable[T]]) -> T:
    """Ask once; errors of the SDK are translated, ``place`` is such as "the table 'orders'".

    Raises:
        Unavailable: the outcome is not known.
        AwsRefused: nothing was done.
    """
    async with asking(place):
        async with asyncio.timeout(REQUEST_SECONDS):
            return await call()


async def patiently(
    place: str, call: Callable[[], Awaitable[T]], patience: Patience = READING
) -> T:
    """Ask for what may happen twice, again with full jitter while it is Unavailable.

    Raises:
        Unavailable: it still was, in the end.
        AwsRefused: asking again would not help.
    """
    begun = monotonic()
    try:
        return await once(place, call)
    except Unavailable as exc:
        failed: list[Unavailable] = [exc]

    async def again() -> T:
        if failed:  # the first try, which is over
            raise failed.pop()
        return await once(place, call)

    # Imported where something failed: a cold start has no time for it.
    from tenacity import (
        AsyncRetrying,
        retry_if_exception_type,
        stop_after_attempt,
        stop_before_delay,
        wait_random_exponential,
    )

    left = patience.within - (monotonic() - begun)
    retrying = AsyncRetrying(
        sleep=asyncio.sleep,
        wait=wait_random_exponential(multiplier=0.05, max=2.0),
        stop=stop_after_attempt(patience.attempts) | stop_before_delay(left),
        retry=retry_if_exception_type(Unavailable),
        reraise=True,
    )
    return await retrying(again)
