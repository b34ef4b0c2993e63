"""One SQLite file, shared by all that is kept in it: reads at once, writes in groups.

A write that is alone is committed on the loop's own thread, for handing it to another costs
more than the commit. Where several come in the same turn of the loop they go together, in a
thread, and what comes while they are committed goes together next.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from xorca.errors import XorcaError
from xorca.providers.local import faults
from xorca.providers.local.operation import Group, Nothing, Operation, Rows, commit
from xorca.providers.local.writer import Report, Writer

T = TypeVar("T")

_LARGEST_GROUP = 256
_SLOW_COMMIT = 0.002
_LONGEST_TURN = 0.001
_INLINE_RUN = 256
"""After so many inline commits one goes through the thread, whose connection checkpoints."""


class Database:
    """Reads and writes of one file by one process.

    It may be used from several event loops one after the other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Operation[Any]] = []
        self._in_flight = False
        self._scheduled = False
        self._cursor: sqlite3.Cursor | None = None
        self._writer: Writer | None = None
        self._turn = _Turn()
        self._shared = False
        self._crowded = False
        self._pace = 0.0
        self._inline_run = 0

    def submit(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Commit an operation soon, together with others; the future gives its result.

        The future raises what the operation refused, Unavailable when the outcome is not
        known, or ConfigurationError when the file cannot be used.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        operation.future = future = loop.create_future()
        cursor = self._cursor
        if cursor is not None and self._is_alone() and self._is_quick():
            if self._turn.begin(loop):
                loop.call_soon(self._turn.end)
            self._commit_inline(cursor, (operation,))
        else:
            self._queue(operation, loop)
        return future

    async def read(self, query: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Give the rows of a query at once; rows hold what SQLite holds, hence Any."""
        if self._cursor is None:
            await self.submit(Nothing())
        try:
            if self._cursor is not None:
                return self._cursor.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            if not faults.is_busy(error):
                self._drop_if_lasting(error)
                raise faults.at_work(error, self.path) from error
        return await self.submit(Rows(query, arguments))

    async def close(self) -> None:
        """Commit what waits, then close the file; the next use opens it again."""
        if self._writer is None:
            return
        with suppress(XorcaError):
            await self.submit(Nothing())
        self._drop()
        await self._stop_writer()

    async def _stop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        loop = asyncio.get_running_loop()
        stopped: asyncio.Future[None] = loop.create_future()
        writer.stop(partial(_call, loop, _resolve, stopped))
        await stopped

    def _is_alone(self) -> bool:
        """Whether nobody else wrote in this turn of the loop, or is writing."""
        busy = self._in_flight or self._scheduled or self._crowded or self._waiting
        return not busy and self._turn.allows()

    def _queue(self, operation: Operation[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._waiting.append(operation)
        self._shared = self._shared or self._turn.is_anothers()
        if not self._scheduled and not self._in_flight:
            self._scheduled = True
            loop.call_soon(self._flush)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve another loop; what the last one left goes first, if it can still be heard."""
        left, self._waiting = self._waiting, []
        if left:
            self._hand_over(left)
        self._loop, self._scheduled, self._in_flight = loop, False, False
        self._turn, self._crowded = _Turn(), False

    def _flush(self) -> None:
        self._scheduled = False
        group = self._waiting[:_LARGEST_GROUP]
        del self._waiting[:_LARGEST_GROUP]
        if not group:
            return
        self._crowded, self._shared = len(group) > 1 or self._shared, False
        if len(group) > 1 or self._cursor is None or not self._is_quick():
            self._hand_over(group)
        else:
            self._commit_inline(self._cursor, group)

    def _is_quick(self) -> bool:
        return self._pace < _SLOW_COMMIT and self._inline_run < _INLINE_RUN

    def _commit_inline(self, cursor: sqlite3.Cursor, group: Group) -> None:
        self._inline_run += 1
        failure = None
        try:
            self._note_pace(commit(cursor, group))
        except Exception as error:
            if isinstance(error, sqlite3.Error) and faults.is_busy(error):
                self._hand_over(group)
                return
            self._drop_if_lasting(error)
            failure = faults.at_work(error, self.path)
        _settle(group, failure)

    def _hand_over(self, group: Group) -> None:
        self._in_flight, self._inline_run = True, 0
        if self._writer is None:
            self._writer = Writer(self.path)
        loop = group[0].future.get_loop()
        done = partial(_call, loop, self._landed, loop, group)
        self._writer.put(group, connect=self._cursor is None, done=done)

    def _landed(self, loop: asyncio.AbstractEventLoop, group: Group, report: Report) -> None:
        if report.reader is not None:
            self._take_reader(report.reader)
        self._note_pace(report.seconds)
        _settle(group, report.failure)
        if loop is self._loop:
            self._in_flight = False
            if self._waiting:
                self._flush()

    def _take_reader(self, reader: sqlite3.Connection) -> None:
        if self._cursor is None:
            self._cursor = reader.cursor()
        else:
            reader.close()

    def _note_pace(self, seconds: float) -> None:
        self._turn.spent += seconds
        self._pace += (seconds - self._pace) / 8

    def _drop_if_lasting(self, error: Exception) -> None:
        if faults.is_lasting(error):
            self._drop()

    def _drop(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.connection.close()


class _Turn:
    """One turn of the loop: which task commits inline in it, and for how long by now."""

    __slots__ = ("spent", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None
        self.spent = 0.0

    def allows(self) -> bool:
        """Whether this task may go on; others would wait longer, or belong in its group."""
        return self.task is None or (self.spent < _LONGEST_TURN and not self.is_anothers())

    def is_anothers(self) -> bool:
        """Whether another task committed in this turn."""
        return self.task is not None and self.task is not asyncio.current_task()

    def begin(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Note the task; True if it is the first of the turn."""
        if self.task is not None:
            return False
        self.task, self.spent = asyncio.current_task(loop), 0.0
        return self.task is not None

    def end(self) -> None:
        """Forget the task; the next turn is anybody's."""
        self.task = None


def _settle(group: Group, failure: XorcaError | None) -> None:
    for operation in group:
        operation.settle(failure)


def _call(loop: asyncio.AbstractEventLoop, call: Any, *arguments: object) -> None:
    """Call something in the loop; a loop that is closed has nobody left to hear it."""
    if loop.is_closed():
        return
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        return


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
