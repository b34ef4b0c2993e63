"""One storage queue as a channel uses it: put, take, hide, drop."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from xorca.providers.azure.queue import FOREVER
from xorca.providers.azure.queue_faults import Gone, asked, insisted

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

    from xorca.providers.azure.patience import Patience
    from xorca.providers.azure.queue_service import QueueService

_T = TypeVar("_T")
MOST: Final = 32
"""How many messages a queue gives at once."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as it was taken or looked at; ``pop`` is what gives it back."""

    id: str
    text: str
    attempts: int
    pop: str = ""


class QueueBox:
    """A queue by name; every request is repeated in the way of ``patience``."""

    def __init__(self, service: QueueService, name: str, patience: Patience) -> None:
        self.name, self.shown = name, f"the storage queue {name!r}"
        self._service, self._patience = service, patience

    @property
    def _queue(self) -> QueueClient:
        return self._service.queue(self.name)

    async def put(self, text: str, *, expires: int = FOREVER) -> None:
        """Put a message in; tried once, for whoever publishes tries again.

        Raises:
            NotTaken, TryLater: it is not known to be in.
        """
        await asked(self.shown, lambda: self._queue.send_message(text, time_to_live=expires))

    async def put_surely(self, text: str, *, expires: int = FOREVER) -> None:
        """Put a message in, in spite of a few failures."""
        await self._ask(lambda: self._queue.send_message(text, time_to_live=expires))

    async def take(self, *, limit: int, hidden: float) -> list[Taken]:
        """Take up to so many messages, and hide them from others for so many seconds."""

        async def page() -> list[Taken]:
            pages = self._queue.receive_messages(
                messages_per_page=min(limit, MOST), visibility_timeout=max(1, math.ceil(hidden))
            ).by_page()
            async for messages in pages:
                return [
                    Taken(each.id, each.content, each.dequeue_count or 1, each.pop_receipt or "")
                    async for each in messages
                ]
            return []

        return await self._ask(page)

    async def peek(self, limit: int) -> list[Taken]:
        """Look at the first messages, 32 at most; nobody is kept from them."""
        found = await self._ask(lambda: self._queue.peek_messages(max_messages=min(limit, MOST)))
        return [Taken(each.id, each.content, each.dequeue_count or 0) for each in found]

    async def hide(self, taken: Taken, seconds: float) -> str | None:
        """Hide a message for so long from now; give what gives it back, None if it is not ours."""
        left = round(max(0.0, seconds))
        try:
            renewed = await self._ask(
                lambda: self._queue.update_message(taken.id, taken.pop, visibility_timeout=left)
            )
        except Gone:
            return None
        return renewed.pop_receipt or ""

    async def drop(self, taken: Taken) -> None:
        """Delete a message, if it is still ours."""
        with suppress(Gone):
            await self._ask(lambda: self._queue.delete_message(taken.id, taken.pop))

    async def count(self) -> int:
        """Give about how many messages there are, hidden ones included."""
        properties = await self._ask(self._queue.get_queue_properties)
        return properties.approximate_message_count or 0

    async def _ask(self, request: Callable[[], Awaitable[_T]]) -> _T:
        return await insisted(self._patience, self.shown, request)
