"""How often Blob storage is asked: what may happen twice is repeated, nothing else is.

A conditional write goes out once. Where its answer is lost nobody knows what became of it,
and only a fresh read tells: that is for whoever asked, not for a room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from xorca.errors import Unavailable
from xorca.providers.azure.faults import asking

if TYPE_CHECKING:
    from xorca.providers.azure.blob_opening import Opened
    from xorca.providers.azure.clients import Container

T = TypeVar("T")

ATTEMPTS: Final = 3
WITHIN: Final = 2.0
"""In how many seconds a try may begin."""

Call = Callable[["Opened"], Awaitable[T]]


async def once(container: Container, call: Call[T], *, key: str = "") -> T:
    """Ask once, and no longer than the time for one request.

    Raises:
        PortError: what ``asking`` makes of the SDK's errors.
    """
    opened = await container.opened()
    async with asking(container.place, key), asyncio.timeout(opened.timeout):
        return await call(opened)


async def patiently(container: Container, call: Call[T], *, key: str = "") -> T:
    """Ask for what may happen twice, again with full jitter while it is Unavailable.

    Raises:
        Unavailable: it still was, in the end.
        PortError: asking again would not help.
    """
    retrying = AsyncRetrying(
        sleep=asyncio.sleep,
        wait=wait_random_exponential(multiplier=0.05, max=1.0),
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(WITHIN),
        retry=retry_if_exception_type(Unavailable),
        reraise=True,
    )
    return await retrying(once, container, call, key=key)
