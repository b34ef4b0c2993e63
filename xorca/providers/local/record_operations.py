"""Writing records under a condition."""

from __future__ import annotations

import sqlite3
from secrets import randbits

from xorca.errors import Conflict
from xorca.ports import Summary
from xorca.providers.local import record_sql as sql
from xorca.providers.local.operation import Operation

_FIRST_TAG_BITS = 61
"""Tags count up from a random number, so that no tag comes again after a deletion."""


class Create(Operation[str]):
    """Save where there is nothing."""

    __slots__ = ("_body", "_key", "_summary")
    single = True

    def __init__(self, key: str, body: bytes, summary: Summary | None) -> None:
        self._key, self._body, self._summary = key, body, summary

    def apply(self, cursor: sqlite3.Cursor) -> str:
        """Insert the row; give its tag."""
        tag = randbits(_FIRST_TAG_BITS)
        columns = (*sql.indexed(self._summary), *sql.unindexed(self._summary))
        cursor.execute(sql.CREATE, (self._key, tag, *columns, self._body))
        if cursor.rowcount != 1:
            raise _conflict(self._key)
        return str(tag)


class Update(Operation[str]):
    """Save where the tag is still the one that was read."""

    __slots__ = ("_body", "_key", "_summary", "_tag")
    single = True

    def __init__(self, key: str, body: bytes, tag: int, *, summary: Summary | None) -> None:
        self._key, self._body, self._tag, self._summary = key, body, tag, summary

    def apply(self, cursor: sqlite3.Cursor) -> str:
        """Change the row; give its new tag."""
        summary = self._summary
        arguments = (
            *sql.unindexed(summary),
            self._body,
            self._key,
            self._tag,
            *sql.indexed(summary),
        )
        cursor.execute(sql.UPDATE_REST, arguments)
        if cursor.rowcount != 1:
            cursor.execute(sql.UPDATE_ALL, arguments)
            if cursor.rowcount != 1:
                raise _conflict(self._key)
        return str(self._tag + 1)


class Delete(Operation[None]):
    """Remove a record; with a tag only if it is still that."""

    __slots__ = ("_key", "_tag")
    single = True

    def __init__(self, key: str, tag: int | None) -> None:
        self._key, self._tag = key, tag

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Delete the row."""
        if self._tag is None:
            cursor.execute(sql.DELETE, (self._key,))
            return
        cursor.execute(sql.DELETE_TAGGED, (self._key, self._tag))
        if cursor.rowcount != 1:
            raise _conflict(self._key)


def read_tag(key: str, text: str) -> int:
    """Give the number in a tag; a tag that is none of ours cannot be the present one."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    if text.isascii() and text.isdigit() and int(text) < 2**63:
        return int(text)
    raise _conflict(key)


def _conflict(key: str) -> Conflict:
    return Conflict(f"{key!r} was saved, created or deleted since it was read; read it again")
