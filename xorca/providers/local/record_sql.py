"""The statements about records."""

from __future__ import annotations

from typing import Any

from xorca.ports import Listed, Query, Summary

LOAD = "SELECT body, tag FROM record WHERE key = ?"

CREATE = """INSERT INTO record (key, tag, subject, name, version, status, due, pending, state,
revision, updated, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"""

# SQLite rewrites every index over a column that a statement sets, changed or not: where no
# such column changes, they are conditions instead.
UPDATE_REST = """UPDATE record SET tag = tag + 1, state = ?, revision = ?, updated = ?, body = ?
WHERE key = ? AND tag = ? AND subject IS ? AND name IS ? AND version IS ? AND status IS ?
AND due IS ? AND pending IS ?"""

UPDATE_ALL = """UPDATE record SET tag = tag + 1, state = ?, revision = ?, updated = ?, body = ?,
subject = ?7, name = ?8, version = ?9, status = ?10, due = ?11, pending = ?12
WHERE key = ?5 AND tag = ?6"""

DELETE = "DELETE FROM record WHERE key = ?"
DELETE_TAGGED = "DELETE FROM record WHERE key = ? AND tag = ?"

_LIST = """SELECT key, subject, name, version, status, state, revision, updated, due, pending
FROM record"""
_LAST_CHARACTER = "\U0010ffff"

NO_SUMMARY: tuple[None, ...] = (None,) * 6


def indexed(summary: Summary | None) -> tuple[object, ...]:
    """Give the columns that can be asked for."""
    if summary is None:
        return NO_SUMMARY
    return (
        summary.subject,
        summary.name,
        summary.version,
        summary.status,
        summary.due,
        int(summary.pending),
    )


def unindexed(summary: Summary | None) -> tuple[object, ...]:
    """Give the columns that are only shown."""
    if summary is None:
        return (None, None, None)
    return (summary.state, summary.revision, summary.updated)


def listing(query: Query, after: str, limit: int) -> tuple[str, tuple[object, ...]]:
    """Give the statement and the arguments that answer a query."""
    terms: list[tuple[str, object]] = [("key > ?", after)]
    if query.prefix:
        terms.append(("key >= ?", query.prefix))
        terms.append(("key < ?", query.prefix + _LAST_CHARACTER))
    for column in ("name", "version", "status"):
        if value := getattr(query, column):
            terms.append((f"{column} = ?", value))
    if query.due_before is not None:
        terms.append(("due <= ?", query.due_before))
    if query.pending is not None:
        terms.append(("pending = 1 AND ?" if query.pending else "pending = 0 AND ?", 1))
    where = " AND ".join(term for term, _ in terms)
    arguments = (*(value for _, value in terms), limit)
    return f"{_LIST} WHERE {where} ORDER BY key LIMIT ?", arguments


def listed(row: tuple[Any, ...]) -> Listed:
    """Give a row of a listing as what the port speaks of; rows hold what SQLite holds."""
    key, subject, name, version, status, state, revision, updated, due, pending = row
    if name is None:
        return Listed(key, None)
    summary = Summary(
        subject, name, version, status, state, revision, updated, due=due, pending=bool(pending)
    )
    return Listed(key, summary)
