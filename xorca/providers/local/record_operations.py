"""Writing records under a condition."""

from __future__ import annotations

import sqlite3
from secrets import randbits
from typing import Any

from xorca.errors import Conflict
from xorca.providers.local import record_sql as sql
from xorca.providers.local.operation import UNFIT, Operation, unfit

_FIRST_TAG_BITS = 61
"""Tags count up from a random number, so that no tag comes again after a deletion."""


class Create(Operation[int]):
    """Save where there is nothing."""

    __slots__ = ("_arguments", "_key")
    single = True

    def __init__(self, key: str, body: bytes, indexed: sql.Indexed, shown: sql.Shown) -> None:
        self._key = key
        self._arguments = (key, randbits(_FIRST_TAG_BITS), *indexed, *shown, body)

    def apply(self, cursor: sqlite3.Cursor) -> int:
        """Insert the row; give its tag."""
        if cursor.execute(sql.CREATE, self._arguments).rowcount != 1:
            raise _conflict(self._key)
        return self._arguments[1]


class Update(Operation[int]):
    """Save where the tag is still the one that was read, by a statement for what changed.

    The arguments are those of the statement: the key and the tag are the last.
    """

    __slots__ = ("_arguments", "_statement")
    single = True

    def __init__(self, statement: str, arguments: tuple[Any, ...]) -> None:
        self._statement, self._arguments = statement, arguments

    def apply(self, cursor: sqlite3.Cursor) -> int:
        """Change the row; give its new tag."""
        arguments = self._arguments
        if cursor.execute(self._statement, arguments).rowcount != 1:
            raise _conflict(arguments[11])
        tag: int = arguments[10] + 1
        return tag


class SaveAnd(Operation[int]):
    """Save and do something else, or neither: what is saved first is saved on a condition."""

    __slots__ = ("_other", "_saving")

    def __init__(self, saving: Create | Update, other: Operation[None]) -> None:
        self._saving, self._other = saving, other

    def apply(self, cursor: sqlite3.Cursor) -> int:
        """Save; give the new tag."""
        try:
            tag = self._saving.apply(cursor)
        except UNFIT as error:
            raise unfit(error) from error
        self._other.apply(cursor)
        return tag


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
