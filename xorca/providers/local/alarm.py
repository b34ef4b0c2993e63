"""Timers that survive a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime

from xorca.errors import XorcaError
from xorca.events import Event
from xorca.providers.arguments import epoch_seconds, sized_json
from xorca.providers.local.database import Database
from xorca.providers.local.operation import Operation

_SET = "INSERT INTO timer (id, due, type, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
_CANCEL = "DELETE FROM timer WHERE id = ?"


_Row = tuple[str, float, str, bytes]


class SqliteAlarm:
    """Events that come into the channel of the same file when they are due.

    Cancelling is a hint: it is committed with other writes, within about a second. Until then
    a worker of another process may deliver the event; one of this process does not.
    """

    def __init__(self, database: Database, *, woken: Callable[[], None]) -> None:
        self._database, self._woken = database, woken

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due``; an id that is set already stays as it is."""
        row = (event.id, epoch_seconds(due), event.type, sized_json(event))
        if self._database.withdraw(event.id):
            await self._set_anew(row)
        else:
            await self._database.submit(_Set(row))
        self._woken()

    async def cancel(self, event_id: str) -> None:
        """Forget an event that did not come into the channel yet."""
        self._database.later(event_id, _Cancel(event_id))

    async def _set_anew(self, row: _Row) -> None:
        """Set a timer whose cancelling is not committed yet."""
        try:
            await self._database.submit(_SetAnew(row))
        except XorcaError:
            await self.cancel(row[0])  # otherwise the old time would stand when it is set again
            raise

    async def close(self) -> None:
        """Close the file, for all that is kept in it."""
        await self._database.close()


class _Set(Operation[None]):
    __slots__ = ("_row",)
    single = True

    def __init__(self, row: _Row) -> None:
        self._row = row

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Insert the timer, unless it is there."""
        cursor.execute(_SET, self._row)


class _SetAnew(_Set):
    """Sets a timer that was cancelled just before."""

    __slots__ = ()
    single = False

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Do what was cancelled first."""
        cursor.execute(_CANCEL, self._row[:1])
        cursor.execute(_SET, self._row)


class _Cancel(Operation[None]):
    __slots__ = ("_id",)
    single = True

    def __init__(self, event_id: str) -> None:
        self._id, self.future = event_id, None

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Delete the timer, if it is there."""
        cursor.execute(_CANCEL, (self._id,))
