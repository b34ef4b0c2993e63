"""Something that belongs to one event loop, such as a client with open connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class PerLoop(Generic[_T]):
    """Make a thing when the running loop first asks for it; another loop gets a new one.

    A worker of serverless functions may run every invocation on a loop of its own. What
    belonged to a loop that is over cannot be closed any more and is dropped.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._kept: tuple[asyncio.AbstractEventLoop, _T] | None = None

    def get(self) -> _T:
        """Give the thing of the running loop."""
        loop = asyncio.get_running_loop()
        if self._kept is None or self._kept[0] is not loop:
            self._kept = (loop, self._make())
        return self._kept[1]

    def take(self) -> _T | None:
        """Give the thing of the running loop up, if there is one; the next is new."""
        kept, self._kept = self._kept, None
        return kept[1] if kept is not None and kept[0] is asyncio.get_running_loop() else None
