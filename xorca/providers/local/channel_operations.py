"""Writing the channel: publishing, subscribing, giving back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from xorca.dsl.names import matches
from xorca.providers.channel import Receipt, no_ack
from xorca.providers.local.operation import Operation
from xorca.providers.patterns import Routes

_SUBSCRIPTIONS = "SELECT grp, pattern FROM subscription ORDER BY grp, pattern"
_INSERT_EVENT = """INSERT INTO event (key, type, open, at, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO NOTHING"""
_INSERT_DELIVERY = """INSERT INTO delivery (grp, seq, visible, taken, attempts, cause)
VALUES (?, ?, 0, 0, 0, '')"""
_CLOSE_EVENT = """UPDATE event SET open = open - 1, at = ?,
body = CASE open WHEN 1 THEN x'' ELSE body END WHERE seq = ?"""


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it is kept; a key of None is never compared with others."""

    key: str | None
    type: str
    body: bytes


class RouteCache:
    """The routes, built anew only when the subscriptions in the file have changed."""

    def __init__(self) -> None:
        self._routes = Routes(())

    def current(self, cursor: sqlite3.Cursor) -> Routes:
        """Give the routes that hold inside this transaction."""
        found: list[tuple[str, str]] = cursor.execute(_SUBSCRIPTIONS).fetchall()
        if tuple(found) != self._routes.subscriptions:
            self._routes = Routes(found)
        return self._routes


def insert(cursor: sqlite3.Cursor, row: Row, routes: Routes, *, now: float) -> None:
    """Keep an event that is not known, with a delivery for every group that wants it."""
    groups = routes.groups(row.type)
    cursor.execute(_INSERT_EVENT, (row.key, row.type, len(groups) or -1, now, row.body))
    if cursor.rowcount != 1:
        return
    place = cursor.lastrowid
    for group in groups:
        cursor.execute(_INSERT_DELIVERY, (group, place))


class Publish(Operation[None]):
    """Keep events for all who want them."""

    __slots__ = ("_cache", "_now", "_rows")

    def __init__(self, rows: Sequence[Row], cache: RouteCache, *, now: float) -> None:
        self._rows, self._cache, self._now = rows, cache, now

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Insert the events and their deliveries."""
        routes = self._cache.current(cursor)
        for row in self._rows:
            insert(cursor, row, routes, now=self._now)


class Subscribe(Operation[None]):
    """Add patterns to a group, and give it what nobody wanted."""

    __slots__ = ("_group", "_patterns")

    def __init__(self, group: str, patterns: Sequence[str]) -> None:
        self._group, self._patterns = group, patterns

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Insert the patterns and the deliveries of events that fit them."""
        for pattern in self._patterns:
            cursor.execute(
                "INSERT INTO subscription (grp, pattern) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (self._group, pattern),
            )
        unwanted = cursor.execute("SELECT seq, type FROM event WHERE open = -1 ORDER BY seq")
        for place, name in unwanted.fetchall():
            if any(matches(pattern, name) for pattern in self._patterns):
                cursor.execute(_INSERT_DELIVERY, (self._group, place))
                cursor.execute("UPDATE event SET open = 1 WHERE seq = ?", (place,))


class Unsubscribe(Operation[None]):
    """Forget a group and its deliveries."""

    __slots__ = ("_group", "_now")

    def __init__(self, group: str, *, now: float) -> None:
        self._group, self._now = group, now

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Delete the patterns and close every delivery."""
        cursor.execute("DELETE FROM subscription WHERE grp = ?", (self._group,))
        places = cursor.execute("SELECT seq FROM delivery WHERE grp = ?", (self._group,))
        for (place,) in places.fetchall():
            cursor.execute(_CLOSE_EVENT, (self._now, place))
        cursor.execute("DELETE FROM delivery WHERE grp = ?", (self._group,))


class Ack(Operation[None]):
    """Finish deliveries."""

    __slots__ = ("_now", "_receipts")

    def __init__(self, receipts: Sequence[Receipt], *, now: float) -> None:
        self._receipts, self._now = receipts, now

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Delete the deliveries; the last one of an event drops its body."""
        for receipt in self._receipts:
            cursor.execute(
                "DELETE FROM delivery WHERE grp = ? AND seq = ?", (receipt.group, receipt.place)
            )
            if cursor.rowcount == 1:
                cursor.execute(_CLOSE_EVENT, (self._now, receipt.place))


class Nack(Operation[None]):
    """Give deliveries back, or bury those that were tried too often."""

    __slots__ = ("_cause", "_limit", "_receipts", "_visible")

    def __init__(
        self, receipts: Sequence[Receipt], *, visible: float, cause: str, max_attempts: int
    ) -> None:
        self._receipts, self._visible = receipts, visible
        self._cause, self._limit = cause, max_attempts

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Change the deliveries whose latest attempt is the one that is given back."""
        for receipt in self._receipts:
            dead = receipt.attempt >= self._limit
            visible = None if dead else self._visible
            last_word = no_ack(receipt.attempt) if dead else ""
            place = (receipt.group, receipt.place, receipt.attempt)
            cursor.execute(
                """UPDATE delivery SET visible = ?, taken = 0, cause =
                coalesce(nullif(?, ''), nullif(cause, ''), ?)
                WHERE grp = ? AND seq = ? AND attempts = ? AND taken = 1""",
                (visible, self._cause, last_word, *place),
            )


class Extend(Operation[None]):
    """Go on hiding deliveries."""

    __slots__ = ("_receipts", "_until")

    def __init__(self, receipts: Sequence[Receipt], until: float) -> None:
        self._receipts, self._until = receipts, until

    def apply(self, cursor: sqlite3.Cursor) -> None:
        """Change the deliveries that nobody else was given since."""
        cursor.executemany(
            """UPDATE delivery SET visible = ?
            WHERE grp = ? AND seq = ? AND attempts = ? AND taken = 1""",
            [(self._until, each.group, each.place, each.attempt) for each in self._receipts],
        )


class Revive(Operation[int]):
    """Deliver dead letters anew."""

    __slots__ = ("_receipts",)

    def __init__(self, receipts: Sequence[Receipt]) -> None:
        self._receipts = receipts

    def apply(self, cursor: sqlite3.Cursor) -> int:
        """Make the deliveries as if new; give how many were dead."""
        count = 0
        for receipt in self._receipts:
            cursor.execute(
                """UPDATE delivery SET visible = 0, taken = 0, attempts = 0, cause = ''
                WHERE grp = ? AND seq = ? AND visible IS NULL""",
                (receipt.group, receipt.place),
            )
            count += cursor.rowcount
        return count


class Prune(Operation[int]):
    """Forget some of what is done with since ``before``; small steps spare the others."""

    __slots__ = ("_before", "_limit")

    def __init__(self, before: float, *, limit: int) -> None:
        self._before, self._limit = before, limit

    def apply(self, cursor: sqlite3.Cursor) -> int:
        """Delete old events, and leases that ran out; give how many events.

        The newest event stays, so that its number is never given to another.
        """
        cursor.execute("DELETE FROM lease WHERE expires < ?", (self._before,))
        return cursor.execute(
            """DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE open <= 0 AND at < ?
            AND seq < (SELECT max(seq) FROM event) ORDER BY at LIMIT ?)""",
            (self._before, self._limit),
        ).rowcount
