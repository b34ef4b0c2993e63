"""The statements about records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, product
from typing import Any

from xorca.ports import Listed, Query, Summary

Indexed = tuple[object, object, object, object, object, object]
"""The columns that can be asked for: subject, name, version, status, due, pending."""

Shown = tuple[object, object, object]
"""The columns that are only shown: state, revision, updated."""

LOAD = "SELECT body, tag, subject, name, version, status, due, pending FROM record WHERE key = ?"

CREATE = """INSERT INTO record (key, tag, subject, name, version, status, due, pending, state,
revision, updated, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"""

_CHANGING = ("status = ?4", "due = ?5", "pending = ?6")
_LASTING = ("subject = ?1", "name = ?2", "version = ?3")


_UPDATE = """UPDATE record SET tag = ?11 + 1, state = ?7, revision = ?8, updated = ?9,
body = ?10{also} WHERE key = ?12 AND tag = ?11"""


def _update(columns: Sequence[str]) -> str:
    return _UPDATE.format(also="".join(f", {column}" for column in columns))


UPDATE_ALL = _update(_LASTING + _CHANGING)

# SQLite rewrites every index over a column that a statement sets, changed or not. So there is
# a statement for each choice of those that change in the life of a process.
_UPDATES = {
    choice: _update([*compress(_CHANGING, choice)])
    for choice in product((False, True), repeat=len(_CHANGING))
}
_UPDATE_NONE = _UPDATES[False, False, False]


def update(old: Indexed | None, new: Indexed) -> str:
    """Give the statement that writes what differs; None if the old columns are not known."""
    if old == new:  # as nearly always
        return _UPDATE_NONE
    if old is None or old[:3] != new[:3]:
        return UPDATE_ALL
    return _UPDATES[old[3] != new[3], old[4] != new[4], old[5] != new[5]]


DELETE = "DELETE FROM record WHERE key = ?"
DELETE_TAGGED = "DELETE FROM record WHERE key = ? AND tag = ?"

_LIST = """SELECT key, subject, name, version, status, state, revision, updated, due, pending
FROM record"""
_LAST_CHARACTER = "\U0010ffff"

NO_SUMMARY: Indexed = (None, None, None, None, None, None)


def indexed(summary: Summary | None) -> Indexed:
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


def shown(summary: Summary | None) -> Shown:
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
