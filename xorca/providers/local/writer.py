"""The thread that commits groups while the loop goes on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from xorca.errors import XorcaError
from xorca.providers.local import faults
from xorca.providers.local.connection import lengthen_log, open_reader, open_writer
from xorca.providers.local.operation import Group, commit

_OFTEN = 2
"""The first job opens the file; who has a second one is going to write more."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a group went; ``reader`` is there when the loop is to use a new connection."""

    failure: XorcaError | None = None
    seconds: float = 0.0
    reader: sqlite3.Connection | None = None


Job = tuple[Group, bool, Callable[[Report], None]]
"""A group, whether the loop needs a connection, and what to call afterwards."""


class Writer:
    """One thread with one connection; it takes jobs in order until it is stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: SimpleQueue[Job | Callable[[], None]] = SimpleQueue()
        self._cursor: sqlite3.Cursor | None = None
        self._count = 0
        threading.Thread(target=self._run, name=f"xorca {path.name}", daemon=True).start()

    def put(self, group: Group, *, connect: bool, done: Callable[[Report], None]) -> None:
        """Commit a group soon; ``done`` is called in the thread."""
        self._jobs.put((group, connect, done))

    def stop(self, done: Callable[[], None]) -> None:
        """End the thread after all that was put before; ``done`` is called in it."""
        self._jobs.put(done)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if callable(job):
                self._close()
                return job()
            group, connect, done = job
            done(self._work(group, connect))
            self._count += 1
            if self._count == _OFTEN:
                self._expect_more()

    def _work(self, group: Group, connect: bool) -> Report:
        try:
            cursor = self._cursor = self._cursor or open_writer(self._path).cursor()
            reader = open_reader(self._path) if connect else None
            return Report(seconds=commit(cursor, group), reader=reader)
        except Exception as error:
            if faults.is_lasting(error):
                self._close()
            return Report(failure=faults.at_work(error, self._path))

    def _expect_more(self) -> None:
        """Prepare for many commits; one that cannot be prepared for only takes longer."""
        if self._cursor is not None:
            with suppress(sqlite3.Error, OSError):
                lengthen_log(self._cursor.connection, self._path)

    def _close(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.connection.close()
