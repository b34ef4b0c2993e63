"""Removing what is over: processes, tombstones, and what a fleet remembers.

It runs beside workers and beside itself. A listing only says where to look; what may go is
decided by what is stored under each key, and saved or deleted on the condition that it is
still that.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

import msgspec

from xorca.engine.commit import noted
from xorca.engine.ids import side_key
from xorca.engine.record import ACTIVE, DELETED, Record, unseal
from xorca.errors import ConfigurationError, Conflict, PortError, RecordError, XorcaError
from xorca.ports import Listed, Query, Summary
from xorca.runtime.changing import Changer
from xorca.runtime.removing import Removal, remove
from xorca.runtime.summary import summary_of
from xorca.telemetry.lines import say

PAGE = 256
AT_ONCE = 32
CAUSES = 100
MEMORIES = "_fleet/"

Kind = Literal["process", "tombstone", "memory"]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be: so many of each.

    ``failed`` tells of what should have gone and could not, by its subject or key, with the
    cause; it is left as it is. At most 100 of them are named.
    """

    processes: int = 0
    tombstones: int = 0
    memories: int = 0
    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is over: where it lies, what it is, and its subject if it has one."""

    key: str
    kind: Kind
    subject: str


class _Kept(msgspec.Struct):
    """What is read of a memory where the store keeps no summary beside it."""

    keep_until: float


_read_kept = msgspec.json.Decoder(_Kept).decode


class Pruner:
    """One run through a store."""

    def __init__(
        self, changer: Changer, *, older_than: timedelta | None = None, name: str = ""
    ) -> None:
        """Prepare a run; what ends while it runs is for the next.

        Raises:
            ConfigurationError: ``older_than`` is no length of time.
        """
        if older_than is not None and not _is_length(older_than):
            raise ConfigurationError(
                f"older_than={older_than!r} is no length of time: write"
                " older_than=timedelta(days=30)"
            )
        self._changer, self._name = changer, name
        self._now = noted(changer.clock.now())
        self._before = None if older_than is None else self._now - older_than.total_seconds()
        self._counts: Counter[Kind] = Counter()
        self._failed: dict[str, str] = {}

    async def run(self, *, dry_run: bool = False) -> Pruned:
        """Remove what is over, page by page; give what that was.

        Raises:
            PortError: the store could not be listed; run again to go on.
        """
        async for page in self._pages():
            for at in range(0, len(page), AT_ONCE):
                work = [self._work(item, dry_run=dry_run) for item in page[at : at + AT_ONCE]]
                await asyncio.gather(*work)
        return self.report()

    def report(self) -> Pruned:
        """Give what was removed so far, or found by ``look``."""
        counts, failed = self._counts, MappingProxyType({**self._failed})
        return Pruned(counts["process"], counts["tombstone"], counts["memory"], failed)

    async def look(self) -> AsyncIterator[Found]:
        """Give what is over, and touch nothing."""
        async for page in self._pages():
            for item in page:
                try:
                    found = await self._judge(item)
                except (RecordError, PortError) as exc:
                    self._fail(item.key, exc)
                    continue
                if found is not None:
                    self._counts[found.kind] += 1
                    yield found

    # -- what there is --------------------------------------------------------------

    async def _pages(self) -> AsyncIterator[Sequence[Listed]]:
        prefix = f"{self._name}/" if self._name else ""
        # What ended a while ago is not indexed by that, so all of it is looked through.
        due = self._now if self._before is None else None
        query, after = Query(prefix=prefix, name=self._name, due_before=due), ""
        while True:
            page = await self._changer.store.list(query, after=after, limit=PAGE)
            yield page.items
            if page.after is None:
                return
            after = page.after

    async def _judge(self, item: Listed) -> Found | None:
        if item.key.startswith("_"):
            is_over = item.key.startswith(MEMORIES) and await self._is_forgotten(item)
            return Found(item.key, "memory", "") if is_over else None
        summary = item.summary or await self._read_summary(item.key)
        if summary is None or not self._is_over(summary):
            return None
        kind: Kind = "tombstone" if summary.status == DELETED else "process"
        return Found(item.key, kind, summary.subject)

    async def _read_summary(self, key: str) -> Summary | None:
        stored = await self._changer.store.load(key)
        return None if stored is None else summary_of(unseal(stored.body, where=key))

    def _is_over(self, summary: Summary) -> bool:
        if summary.status == ACTIVE:
            return False
        if summary.due is not None and summary.due <= self._now:
            return True
        is_old = self._before is not None and summary.updated <= self._before
        return is_old and summary.status != DELETED

    async def _is_forgotten(self, item: Listed) -> bool:
        if item.summary is not None:
            return item.summary.due is not None and item.summary.due <= self._now
        stored = await self._changer.store.load(item.key)
        return stored is not None and self._has_passed(item.key, stored.body)

    def _has_passed(self, key: str, body: bytes) -> bool:
        try:
            return _read_kept(body).keep_until <= self._now
        except (msgspec.MsgspecError, RecursionError) as exc:
            raise RecordError(f"what is stored at {key} cannot be read: {exc}") from exc

    # -- what becomes of it -----------------------------------------------------------

    async def _work(self, item: Listed, *, dry_run: bool) -> None:
        try:
            found = await self._judge(item)
            if found is not None and (dry_run or await self._remove(found)):
                self._counts[found.kind] += 1
        except Conflict:
            message = f"{item.key}: changed while it was to be pruned, and left alone"
            say(logging.INFO, "prune.left", message, {"key": item.key})
        except XorcaError as exc:
            self._fail(item.summary.subject if item.summary else item.key, exc)

    def _fail(self, what: str, exc: XorcaError) -> None:
        say(logging.WARNING, "prune.failed", f"{what}: not pruned", {"subject": what}, error=exc)
        if len(self._failed) < CAUSES:
            self._failed[what] = str(exc)

    async def _remove(self, found: Found) -> bool:
        if found.kind == "process":
            removal = Removal(self._allow)
            await remove(self._changer, found.key, removal)
            return removal.ours
        if found.kind == "tombstone":
            return await self._remove_tombstone(found.key)
        return await self._remove_memory(found.key)

    def _allow(self, record: Record) -> bool:
        return record.status != DELETED and self._is_over(summary_of(record))

    async def _remove_tombstone(self, key: str) -> bool:
        changer = self._changer
        await changer.lines.enter(key)
        try:
            stored = await changer.store.load(key)
            record = None if stored is None else unseal(stored.body, where=key)
            if stored is None or record is None or not self._may_go(record):
                return False
            for name in record.past.sides if record.past is not None else ():
                await changer.store.delete(side_key(key, name))
            await changer.store.delete(key, expect=stored.tag)
            changer.cache.drop(key)
            return True
        finally:
            changer.lines.leave(key)

    def _may_go(self, record: Record) -> bool:
        return record.status == DELETED and record.keep_until <= self._now

    async def _remove_memory(self, key: str) -> bool:
        store = self._changer.store
        stored = await store.load(key)
        if stored is None or not self._has_passed(key, stored.body):
            return False
        await store.delete(key, expect=stored.tag)
        return True


def _is_length(given: object) -> bool:
    return isinstance(given, timedelta) and given >= timedelta(0)
