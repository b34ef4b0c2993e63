"""A ledger of commits and publications, kept by the database itself.

Triggers write every commit of a record and every attempt to publish an event into one
numbered table, inside the very transaction that they tell of: no kill can part the two,
and an event that the channel knows already is written down again with its bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LEDGER = """
CREATE TABLE ledger (place INTEGER PRIMARY KEY, kind TEXT, name TEXT, body BLOB);
CREATE TRIGGER ledger_create AFTER INSERT ON record
BEGIN INSERT INTO ledger (kind, name, body) VALUES ('commit', new.key, new.body); END;
CREATE TRIGGER ledger_update AFTER UPDATE ON record
BEGIN INSERT INTO ledger (kind, name, body) VALUES ('commit', new.key, new.body); END;
CREATE TRIGGER ledger_publish BEFORE INSERT ON event
BEGIN INSERT INTO ledger (kind, name, body) VALUES ('publish', new.type, new.body); END;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit of a record (``name`` is its key), or one publication of an event (its type)."""

    place: int
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the database says in the end."""

    commits: Sequence[Entry]
    published: Sequence[Entry]
    stored: dict[str, bytes]
    left_over: int
    damage: str


def keep_ledger(path: Path) -> None:
    """Have the database keep a ledger from now on."""
    connection = sqlite3.connect(path, timeout=10)
    connection.executescript(_LEDGER)
    connection.close()


def read_ledger(path: Path) -> Ledger:
    """Read what happened, and what is left."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        return Ledger(
            commits=_entries(connection, "commit"),
            published=_entries(connection, "publish"),
            stored=dict(_rows(connection, "SELECT key, body FROM record")),
            left_over=_rows(connection, "SELECT count(*) FROM delivery")[0][0],
            damage=_rows(connection, "PRAGMA integrity_check")[0][0],
        )
    finally:
        connection.close()


def count_left(path: Path) -> int:
    """Give how many deliveries and timers there are."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        query = "SELECT (SELECT count(*) FROM delivery) + (SELECT count(*) FROM timer)"
        return int(_rows(connection, query)[0][0])
    finally:
        connection.close()


def count_ended(path: Path) -> tuple[int, int, int]:
    """Give how many processes there are, how many have ended, and what is still to deliver."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        query = """SELECT count(*), coalesce(sum(status = 'ended'), 0),
        (SELECT count(*) FROM delivery) + (SELECT count(*) FROM timer) FROM record"""
        total, ended, left = _rows(connection, query)[0]
        return total, ended, left
    finally:
        connection.close()


def _entries(connection: sqlite3.Connection, kind: str) -> list[Entry]:
    query = "SELECT place, name, body FROM ledger WHERE kind = ? ORDER BY place"
    return [Entry(*row) for row in connection.execute(query, (kind,))]


def _rows(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    """Give rows as SQLite holds them, hence Any."""
    return connection.execute(query).fetchall()
