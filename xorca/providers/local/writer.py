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


@dataclass(frozen=True, slots=True)
class Report:
    """How a group went; ``reader`` is there when the loop is to use a new connection."""

    failure: XorcaError | None = None
    seconds: float = 0.0
    reader: sqlite3.Connection | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A group, and what to call afterwards in the thread.

    ``connect`` says that the loop needs a connection, ``many`` that many commits will follow.
    """

    group: Group
    done: Callable[[Report], None]
    connect: bool = False
    many: bool = False


class Writer:
    """One thread with one connection; it takes jobs in order until it is stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: SimpleQueue[Job | Callable[[], None]] = SimpleQueue()
        self._cursor: sqlite3.Cursor | None = None
        threading.Thread(target=self._run, name=f"xorca {path.name}", daemon=True).start()

    def put(self, job: Job) -> None:
        """Commit a group soon."""
        self._jobs.put(job)

    def stop(self, done: Callable[[], None]) -> None:
        """End the thread after all that was put before; ``done`` is called in it."""
        self._jobs.put(done)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if not isinstance(job, Job):
                self._close()
                return job()
            job.done(self._work(job))
            if job.many:
                self._expect_many()

    def _work(self, job: Job) -> Report:
        try:
            cursor = self._cursor = self._cursor or open_writer(self._path).cursor()
            reader = open_reader(self._path) if job.connect else None
            return Report(seconds=commit(cursor, job.group), reader=reader)
        except Exception as error:
            if faults.is_lasting(error):
                self._close()
            return Report(failure=faults.at_work(error, self._path))

    def _expect_many(self) -> None:
        """Prepare for many commits; one that cannot be prepared for only takes longer."""
        if self._cursor is not None:
            with suppress(sqlite3.Error, OSError):
                lengthen_log(self._cursor.connection, self._path)

    def _close(self) -> None:
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.connection.close()
