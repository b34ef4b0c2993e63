"""What is committed: small operations, any number of them in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import perf_counter
from typing import Any, ClassVar, Generic, TypeVar

from xorca.errors import ConfigurationError, XorcaError

T = TypeVar("T")


UNFIT = (UnicodeEncodeError, OverflowError)
"""What Python raises for a value that SQLite has no room for."""


def unfit(error: Exception) -> ConfigurationError:
    """Say so."""
    return ConfigurationError(f"SQLite cannot hold what was given: {error}")


class Operation(ABC, Generic[T]):
    """One caller's reads and writes, whose result is known once they are committed.

    ``single`` says that each statement stands for itself, so that no transaction is
    needed around an operation that is committed alone. Where ``future`` is None nobody is told.
    """

    __slots__ = ("error", "future", "result")
    single: ClassVar[bool] = False
    future: asyncio.Future[T] | None
    result: T
    error: XorcaError | None

    @abstractmethod
    def apply(self, cursor: sqlite3.Cursor) -> T:
        """Do the work inside a transaction.

        Raises:
            XorcaError: a condition does not hold; nothing may have been written.
        """

    def attempt(self, cursor: sqlite3.Cursor) -> None:
        """Do the work and keep its result, or the condition that failed."""
        self.error = None
        try:
            self.result = self.apply(cursor)
        except XorcaError as error:
            self.error = error
        except UNFIT as error:
            if not self.single:
                raise
            self.error = unfit(error)

    def settle(self, failure: XorcaError | None) -> None:
        """Tell the caller, unless it has stopped listening."""
        if self.future is None or self.future.done():
            return
        error = failure or self.error
        if error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(error)


Group = Sequence[Operation[Any]]
"""Operations of different results, hence Any."""


class Rows(Operation[list[tuple[Any, ...]]]):
    """A query that has to wait for a lock; rows hold what SQLite holds, hence Any."""

    __slots__ = ("_arguments", "_query")
    single = True

    def __init__(self, query: str, arguments: tuple[object, ...]) -> None:
        self._query, self._arguments = query, arguments

    def apply(self, cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
        """Give the rows."""
        return cursor.execute(self._query, self._arguments).fetchall()


class Nothing(Operation[None]):
    """An operation that only waits for its turn, and takes the hints with it."""

    __slots__ = ()

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Do nothing."""


def commit(cursor: sqlite3.Cursor, group: Group) -> float:
    """Apply all operations and commit once; give the seconds that the commit took."""
    if len(group) == 1 and group[0].single:
        start = perf_counter()
        group[0].attempt(cursor)
        return perf_counter() - start
    cursor.execute("BEGIN IMMEDIATE")
    try:
        for operation in group:
            operation.attempt(cursor)
        start = perf_counter()
        cursor.execute("COMMIT")
        return perf_counter() - start
    finally:
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK")
