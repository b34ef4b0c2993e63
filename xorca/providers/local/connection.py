"""Opening the file: one connection for the loop, one for the writer thread."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from xorca.providers.local import faults
from xorca.providers.local.location import check_place
from xorca.providers.local.schema import PAGE_SIZE, ensure_schema

BUSY_TIMEOUT = 5.0
"""How long the writer thread waits for another process's lock, in seconds."""

_CHECKPOINT_PAGES = _LOG_PAGES = 1000
_FILLER = "INSERT INTO event (type, open, at, body) VALUES ('', 1, 0, zeroblob(?))"
_READER_CACHE, _WRITER_CACHE = 16_000, 2_000
"""Kilobytes of pages; the loop's connection reads all records and writes most of them."""
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA journal_size_limit = 67108864",
)


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the connection of the writer thread, which waits for locks and checkpoints.

    Raises:
        ConfigurationError: the file cannot be ours.
        Unavailable: it can, but not now.
    """
    return _open(path, BUSY_TIMEOUT, _CHECKPOINT_PAGES, cache=_WRITER_CACHE)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the connection of the loop, which never waits for a lock and never checkpoints."""
    return _open(path, 0.0, 0, cache=_READER_CACHE)


def lengthen_log(connection: sqlite3.Connection, path: Path) -> None:
    """Make the write-ahead log as long as it is going to be, for whoever commits often.

    A commit that writes over the log costs half of one that lengthens it. What does not fit
    the cache of a transaction goes to the log, and means nothing once that is undone.
    """
    if path.with_name(f"{path.name}-wal").stat().st_size > _LOG_PAGES * PAGE_SIZE // 2:
        return
    (cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute("PRAGMA cache_size = 10")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_FILLER, (_LOG_PAGES * PAGE_SIZE,))
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA cache_size = {cache}")


def _open(path: Path, timeout: float, checkpoint: int, *, cache: int) -> sqlite3.Connection:
    check_place(path)
    try:
        connection = sqlite3.connect(
            path, timeout=timeout, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise faults.at_opening(error, path) from error
    try:
        _prepare(connection, path)
        sizes = (f"PRAGMA wal_autocheckpoint = {checkpoint}", f"PRAGMA cache_size = -{cache}")
        for setting in (*_SETTINGS, *sizes):
            connection.execute(setting)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise faults.at_opening(error, path) from error
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check or create the tables; several processes may do so at once.

    SQLite does not wait for the lock while it changes the journal mode, so we do.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return ensure_schema(connection, path)
        except sqlite3.Error as error:
            if not faults.is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
