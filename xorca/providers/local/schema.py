"""The tables of the file, and whether a file is ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from xorca.errors import ConfigurationError

APPLICATION = 0x786F7263
VERSION = 1
PAGE_SIZE = 4096

_TABLES = """
CREATE TABLE record (
    key TEXT PRIMARY KEY, tag INTEGER NOT NULL,
    subject TEXT, name TEXT, version TEXT, status TEXT, state TEXT, revision INTEGER,
    updated REAL, due REAL, pending INTEGER, body BLOB NOT NULL
);
CREATE INDEX record_name ON record (name, key);
CREATE INDEX record_status ON record (status, name, key);
CREATE INDEX record_due ON record (due) WHERE due IS NOT NULL;
CREATE INDEX record_pending ON record (key) WHERE pending = 1;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY, key TEXT UNIQUE, type TEXT NOT NULL,
    open INTEGER NOT NULL, at REAL NOT NULL, body BLOB NOT NULL
);
CREATE INDEX event_idle ON event (at) WHERE open <= 0;
CREATE INDEX event_unwanted ON event (seq) WHERE open = -1;

CREATE TABLE delivery (
    grp TEXT NOT NULL, seq INTEGER NOT NULL, visible REAL, taken INTEGER NOT NULL,
    attempts INTEGER NOT NULL, cause TEXT NOT NULL, PRIMARY KEY (grp, seq)
) WITHOUT ROWID;
CREATE INDEX delivery_visible ON delivery (grp, visible, seq);

CREATE TABLE subscription (
    grp TEXT NOT NULL, pattern TEXT NOT NULL, PRIMARY KEY (grp, pattern)
) WITHOUT ROWID;

CREATE TABLE timer (
    id TEXT PRIMARY KEY, due REAL NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due);

CREATE TABLE lease (
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
"""


def ensure_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables in an empty file, and accept a file that has them.

    Raises:
        ConfigurationError: the file is another program's, or a later version's.
    """
    if _is_ours(connection, path):
        return
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _is_ours(connection, path):
            _create(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _is_ours(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the tables are there; False for an empty file."""
    tables = _number(connection, "SELECT count(*) FROM sqlite_master")
    # Asked last: whoever makes the tables just now has marked the file by then.
    application = _number(connection, "PRAGMA application_id")
    if application == APPLICATION:
        _check_version(_number(connection, "PRAGMA user_version"), path)
        return True
    if application or tables:
        raise ConfigurationError(f"{path} is another program's database; name another file")
    return False


def _check_version(version: int, path: Path) -> None:
    if version != VERSION:
        raise ConfigurationError(
            f"{path} was written by another version of xorca (its schema is {version}, this "
            f"version reads {VERSION}); install that version, or name another file"
        )


def _create(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
