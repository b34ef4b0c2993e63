"""Writes that may wait for others to carry them: losing one does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from xorca.providers.local.operation import Operation

_PATIENCE = 1.0
"""How long a hint waits for a transaction to ride with, in seconds."""

_MOST = 128


class Hints:
    """What waits, by name.

    ``flush`` is called when it has waited for long or is much; False asks to be called later.
    """

    def __init__(self, flush: Callable[[], bool]) -> None:
        self._flush = flush
        self._waiting: dict[str, Operation[Any]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, name: str, operation: Operation[Any]) -> None:
        """Have an operation committed with the next transaction, or after a while."""
        self._waiting[name] = operation
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._ring)
        if len(self._waiting) >= _MOST:
            self._ring()

    def withdraw(self, name: str) -> bool:
        """Forget an operation; False if it is on its way, or never was."""
        return self._waiting.pop(name, None) is not None

    def take(self) -> list[Operation[Any]]:
        """Give what waits to whoever commits it now."""
        if not self._waiting:
            return []
        taken = self.all()
        self.clear()
        return taken

    def all(self) -> list[Operation[Any]]:
        """Give what waits."""
        return list(self._waiting.values())

    def clear(self) -> None:
        """Forget all; it is committed."""
        self._waiting.clear()
        self._rest()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count the time by another loop; the last one may be gone."""
        self._timer = loop.call_later(_PATIENCE, self._ring) if self._waiting else None

    def _ring(self) -> None:
        self._rest()
        if self._waiting and not self._flush():
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._ring)

    def _rest(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
