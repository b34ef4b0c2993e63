"""Markers: empty objects that tell a sweep which records it may have to look at.

The marker of a version of a record is written before it, and named in it. So whoever finds
the version knows its marker, and may delete that once a version without it is saved. A marker
that no version names may be about to be named by somebody: it is left until it is too old.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from time import time
from typing import Final

from xorca.errors import Conflict, PortError, Unavailable
from xorca.ports import Query, Summary
from xorca.providers.aws.s3_names import MARKS, Version, is_key, is_mark, is_wanted, mark_for
from xorca.providers.aws.s3_objects import Bucket
from xorca.telemetry.lines import say

OLD: Final = 3600.0
"""After so many seconds no save can be under way that was announced by a marker."""

_REMEMBERED: Final = 10_000


class Marks:
    """The markers of one store."""

    def __init__(self, objects: Bucket, *, old: float = OLD) -> None:
        self._objects, self._old = objects, old
        self._suspects: OrderedDict[str, set[str]] = OrderedDict()

    async def save(
        self, key: str, body: bytes, *, expect: Version | None, summary: Summary | None
    ) -> Version:
        """Save a record, its marker first."""
        before = expect.mark if expect is not None else ""
        # Who says nothing of a record, and closes it with another key for instance, leaves it due.
        mark = before if summary is None else mark_for(summary, before)
        begun = time()
        if mark and mark != before:
            await self._objects.put_empty(_name(key, mark))
        if time() - begun > self._old / 2:
            raise Unavailable(f"{key} was not saved: this process stood still on its way to that")
        try:
            saved = await self._objects.put(key, body, expect=expect, mark=mark)
        except Conflict:
            if mark != before:
                self._suspect(key, [mark])  # the load that follows tells whether it is named
            raise
        if before != mark:
            await self.drop(key, before)
        return saved

    async def settle(self, key: str, mark: str) -> None:
        """Delete what was suspected of telling nothing, now that the record was read."""
        for other in self._suspects.pop(key, ()):
            if other != mark:
                await self.drop(key, other)

    async def drop(self, key: str, mark: str) -> None:
        """Delete a marker; one that cannot be deleted costs a sweep a look."""
        if not mark:
            return
        try:
            await self._objects.delete(_name(key, mark))
        except PortError as exc:
            say(logging.INFO, "marker.kept", f"{key}: its old marker stays", error=exc)

    async def keys(self, query: Query, *, after: str, most: int) -> AsyncGenerator[str]:
        """Give the keys of what is pending or due, in order, each once."""
        now, last = datetime.now(UTC), ""
        # "!~" comes after every marker of that key.
        place = f"{MARKS}{after}!~" if after else ""
        names = self._objects.names(MARKS + query.prefix, after=place, most=most)
        async with aclosing(names) as objects:
            async for found in objects:
                key, _, mark = found.name.removeprefix(MARKS).partition("!")
                if not (is_key(key) and is_mark(mark)):
                    continue
                if (now - found.modified).total_seconds() > self._old:
                    self._suspect(key, [mark])
                if key != last and is_wanted(mark, query.due_before):
                    last = key
                    yield key

    def _suspect(self, key: str, marks: Iterable[str]) -> None:
        self._suspects.setdefault(key, set()).update(marks)
        self._suspects.move_to_end(key)
        if len(self._suspects) > _REMEMBERED:
            self._suspects.popitem(last=False)


def _name(key: str, mark: str) -> str:
    return f"{MARKS}{key}!{mark}"
