"""Timers that survive a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime

from xorca.events import Event
from xorca.providers.arguments import epoch_seconds, sized_json
from xorca.providers.local.database import Database
from xorca.providers.local.operation import Operation

_SET = "INSERT INTO timer (id, due, type, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
_CANCEL = "DELETE FROM timer WHERE id = ?"


class SqliteAlarm:
    """Events that come into the channel of the same file when they are due."""

    def __init__(self, database: Database, *, woken: Callable[[], None]) -> None:
        self._database, self._woken = database, woken

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due``; an id that is set already stays as it is."""
        row = (event.id, epoch_seconds(due), event.type, sized_json(event))
        await self._database.submit(_Statement(_SET, row))
        self._woken()

    async def cancel(self, event_id: str) -> None:
        """Forget an event that did not come into the channel yet."""
        await self._database.submit(_Statement(_CANCEL, (event_id,)))

    async def close(self) -> None:
        """Close the file, for all that is kept in it."""
        await self._database.close()


class _Statement(Operation[None]):
    __slots__ = ("_arguments", "_text")
    single = True

    def __init__(self, text: str, arguments: tuple[object, ...]) -> None:
        self._text, self._arguments = text, arguments

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Run the statement."""
        cursor.execute(self._text, self._arguments)
