"""One SQLite file, shared by all that is kept in it: reads at once, writes in groups.

Where several tasks write in the same turn of the loop they go together. While commits are
quick they are done on the loop's own thread, for handing them to another costs more than they
do; on a slow disk a thread does them, and what comes meanwhile goes together next.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from xorca.errors import XorcaError
from xorca.providers.local import faults
from xorca.providers.local.hints import Hints
from xorca.providers.local.operation import Group, Nothing, Operation, Rows, commit
from xorca.providers.local.writer import Job, Report, Writer

T = TypeVar("T")

_LARGEST_GROUP = 256
_SLOW_COMMIT = 0.002
_LONGEST_TURN = 0.001
_INLINE_RUN, _FIRST_RUN = 128, 32
"""After so many inline commits one goes through the thread, whose connection checkpoints."""
_SHARING = 3
"""So many writes of a group lengthen the log about as much as one that is committed alone."""


class Database:
    """Reads and writes of one file by one process.

    It may be used from several event loops one after the other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._hints = Hints(self._flush_hints)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Operation[Any]] = []
        self._busy = False
        self._cursor: sqlite3.Cursor | None = None
        self._writer: Writer | None = None
        self._task = 0
        self._spent = 0.0
        self._pace = 0.0
        self._inline_run = 0

    async def submit(self, operation: Operation[T]) -> T:
        """Commit an operation soon, perhaps together with others, and give its result.

        Raises:
            XorcaError: what the operation refused; Unavailable when the outcome is not known;
                ConfigurationError when the file cannot be used.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        cursor = self._cursor
        if cursor is not None and self._may_go_inline(loop) and self._inline(cursor, operation):
            if operation.error is not None:
                raise operation.error
            return operation.result
        future: asyncio.Future[T] = loop.create_future()
        operation.future = future
        self._queue(operation, loop)
        return await future

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

    def later(self, name: str, operation: Operation[Any]) -> None:
        """Commit an operation that may be lost within a second, with others if there are any.

        The same name again takes its place. Who wants its result gives it a future.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        self._hints.add(name, operation)

    def withdraw(self, name: str) -> bool:
        """Take back what was to be committed later; False if it is on its way, or never was."""
        return self._hints.withdraw(name)

    async def write_hints(self) -> None:
        """Commit what waits to ride with others, if there is any."""
        if self._hints:
            await self.submit(Nothing())

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

    def _may_go_inline(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether nobody else writes, and this task has not kept the loop for long.

        A task is inline only after it was alone in a turn: in the turn in which others write
        too it belongs in their group.
        """
        return (
            not self._busy
            and self._spent < _LONGEST_TURN
            and id(asyncio.current_task(loop)) == self._task
            and self._is_quick()
        )

    def _is_quick(self) -> bool:
        return self._pace < _SLOW_COMMIT and self._inline_run < _INLINE_RUN

    def _queue(self, operation: Operation[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._waiting.append(operation)
        if not self._busy:
            self._busy = True
            self._task, self._spent = id(asyncio.current_task(loop)), 0.0
            loop.call_soon(self._flush)

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve another loop; what the last one left goes first, if it can still be heard."""
        left, self._waiting = self._waiting, []
        if left:
            self._hand_over(left)
        self._loop, self._busy, self._task = loop, False, 0
        self._hints.bind(loop)

    def _flush(self) -> None:
        group = self._waiting[:_LARGEST_GROUP]
        del self._waiting[:_LARGEST_GROUP]
        if not group:
            return  # another loop took it over
        if len(group) > 1:
            self._task = 0
        cursor = self._cursor
        if cursor is None or not self._is_quick() or not self._inline_group(cursor, group):
            self._hand_over([*self._hints.take(), *group])
            return
        self._busy = bool(self._waiting)
        for operation in group:
            operation.settle(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush_hints(self) -> bool:
        """Commit hints that nothing came to carry; False while a group is under way."""
        if self._busy:
            return False
        self._hand_over(self._hints.take())
        return True

    def _inline(self, cursor: sqlite3.Cursor, operation: Operation[Any]) -> bool:
        """Commit at once; False if the lock is another process's. Errors are the operation's."""
        self._inline_run += 1
        start = perf_counter()
        try:
            if operation.single:
                operation.attempt(cursor)
            else:
                commit(cursor, [*self._hints.all(), operation])
                self._hints.clear()
        except Exception as error:
            if isinstance(error, sqlite3.Error) and faults.is_busy(error):
                return False
            self._drop_if_lasting(error)
            operation.error = faults.at_work(error, self.path)
        seconds = perf_counter() - start
        self._spent += seconds
        self._note_pace(seconds)
        return True

    def _inline_group(self, cursor: sqlite3.Cursor, group: list[Operation[Any]]) -> bool:
        """Commit a group at once; False if the lock is another process's."""
        if len(group) == 1:
            return self._inline(cursor, group[0])
        self._inline_run += 1 + len(group) // _SHARING
        start = perf_counter()
        try:
            commit(cursor, [*self._hints.all(), *group])
            self._hints.clear()
        except Exception as error:
            if isinstance(error, sqlite3.Error) and faults.is_busy(error):
                return False
            self._drop_if_lasting(error)
            failure = faults.at_work(error, self.path)
            for operation in group:
                operation.error = failure
        self._note_pace(perf_counter() - start)
        return True

    def _hand_over(self, group: Group) -> None:
        many, connect = self._inline_run >= _INLINE_RUN, self._cursor is None
        self._inline_run = _INLINE_RUN - _FIRST_RUN if connect else 0
        self._busy = True
        if self._writer is None:
            self._writer = Writer(self.path)
        heard = group[-1].future
        loop = asyncio.get_running_loop() if heard is None else heard.get_loop()
        done = partial(_call, loop, self._landed, loop, group)
        self._writer.put(Job(group, done, connect=connect, many=many))

    def _landed(self, loop: asyncio.AbstractEventLoop, group: Group, report: Report) -> None:
        if report.reader is not None:
            self._take_reader(report.reader)
        self._note_pace(report.seconds)
        for operation in group:
            operation.settle(report.failure)
        if loop is self._loop:
            self._busy = bool(self._waiting)
            if self._waiting:
                self._flush()

    def _note_pace(self, seconds: float) -> None:
        """Follow how long commits take; one that takes very long alone changes little."""
        self._pace += (min(seconds, 4 * _SLOW_COMMIT) - self._pace) / 8

    def _take_reader(self, reader: sqlite3.Connection) -> None:
        if self._cursor is None:
            self._cursor = reader.cursor()
        else:
            reader.close()

    def _drop_if_lasting(self, error: Exception) -> None:
        if faults.is_lasting(error):
            self._drop()

    def _drop(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.connection.close()


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
