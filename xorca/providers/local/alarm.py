"""Timers that survive a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from xorca.errors import XorcaError
from xorca.events import Event
from xorca.ports import WakeUp
from xorca.providers.arguments import epoch_seconds, sized_json
from xorca.providers.local.database import Database
from xorca.providers.local.operation import Operation

_SET = "INSERT INTO timer (id, due, type, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
_CANCEL = "DELETE FROM timer WHERE id = ?"


T = TypeVar("T")
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
        await self.ride([WakeUp(event, due)], self._database.submit)

    async def ride(
        self, wake_ups: Sequence[WakeUp], commit: Callable[[Operation[None]], Awaitable[T]]
    ) -> T:
        """Set wake-ups by a commit of somebody else, which does that too or fails.

        Those whose cancelling is not committed yet are cancelled and set anew; should that fail,
        they are cancelled all the same: the old time would stand when they are set again.
        """
        rows = [(e.id, epoch_seconds(due), e.type, sized_json(e)) for e, due in wake_ups]
        anew = [row[:1] for row in rows if self._database.withdraw(row[0])]
        try:
            done = await commit(_Set(*rows) if len(rows) == 1 and not anew else _SetAll(rows, anew))
        except XorcaError:
            for (event_id,) in anew:
                await self.cancel(event_id)
            raise
        self._woken()
        return done

    async def cancel(self, event_id: str) -> None:
        """Forget an event that did not come into the channel yet."""
        self._database.later(event_id, _Cancel(event_id))

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


class _SetAll(Operation[None]):
    __slots__ = ("_anew", "_rows")

    def __init__(self, rows: Sequence[_Row], anew: Sequence[tuple[str]]) -> None:
        self._rows, self._anew = rows, anew

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Insert the timers, unless they are there, after cancelling what was cancelled before."""
        for event_id in self._anew:
            cursor.execute(_CANCEL, event_id)
        for row in self._rows:
            cursor.execute(_SET, row)


class _Cancel(Operation[None]):
    __slots__ = ("_id",)
    single = True

    def __init__(self, event_id: str) -> None:
        self._id, self.future = event_id, None

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Delete the timer, if it is there."""
        cursor.execute(_CANCEL, (self._id,))
