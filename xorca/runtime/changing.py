"""Changing a process without an event, by the same protocol: read, change, save, send.

For cancelling, deleting, sweeping and the like. Unlike a step nothing here starts from the
cache: these are rare, and some of them are asked by a caller that has no class at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from xorca.engine.commit import Commit, Limits
from xorca.engine.inbox import Sides
from xorca.engine.record import Record, seal, unseal
from xorca.errors import Conflict, PortError, Unavailable
from xorca.ports import Alarm, Bus, Clock, Store
from xorca.runtime.cache import Cache, Warm
from xorca.runtime.delivery import arm_all, publish_all, tidy
from xorca.runtime.leaving import recall
from xorca.runtime.lines import Lines
from xorca.runtime.reading import summary_of

ATTEMPTS = 8

Open = Callable[[Record, datetime, Limits], Commit]
"""Make the commit of a record: a plain one, or a Draft where handlers are to run."""

Alter = Callable[[Commit], None]
"""Change a record; ``commit.changed`` says whether it did. May be called more than once."""


def plain_commit(record: Record, now: datetime, limits: Limits) -> Commit:
    """Open a record whose class is not needed."""
    return Commit(record, now, limits)


@dataclass(slots=True)
class Changer:
    """Change the records of processes, one commit at a time for each.

    It shares cache and lines with the worker on events of the same Runtime, if there is one.
    """

    store: Store
    bus: Bus | None
    alarm: Alarm | None
    clock: Clock
    random: Random
    limits: Limits
    cache: Cache = field(default_factory=Cache)
    lines: Lines = field(default_factory=Lines)

    async def change(
        self, key: str, alter: Alter, *, opened: Open = plain_commit, send: bool = True
    ) -> Commit | None:
        """Change the record under a key and send what that leads to; None if there is none.

        What was committed before and is not known to be out is sent as well, whether or not
        ``alter`` changes anything. Without ``send`` nothing is published or armed.

        Raises:
            PublishFailed: the change stands, and what it leads to is yet to be sent: change
                again, or sweep.
            Conflict, Unavailable: others were quicker eight times, or the store is away.
            RecordError: what is stored cannot be trusted.
        """
        await self.lines.enter(key)
        try:
            return await self._attempts(key, alter, opened, send)
        except PortError:
            self.cache.drop(key)
            raise
        finally:
            self.lines.leave(key)

    async def _attempts(self, key: str, alter: Alter, opened: Open, send: bool) -> Commit | None:
        failure: PortError | None = None
        for number in range(ATTEMPTS):
            if number:
                await self.clock.sleep(self.random.random() * min(1.0, 0.025 * 2**number))
            try:
                warm = await self._read(key)
                if warm is None:
                    return None
                commit = self._open(key, warm, opened)
                alter(commit)
                if commit.changed:
                    warm = await self._save(key, commit, warm)
            except (Conflict, Unavailable) as exc:
                failure = exc
                continue
            await self._deliver(key, commit, warm, send)
            return commit
        raise failure or Unavailable("nothing was tried")

    async def _read(self, key: str) -> Warm | None:
        known = self.cache.get(key)
        stored = await self.store.load(key)
        if stored is None:
            self.cache.drop(key)
            return None
        if known is not None and known.tag == stored.tag:
            return known
        return Warm(stored.body, stored.tag)

    def _open(self, key: str, warm: Warm, opened: Open) -> Commit:
        commit = opened(unseal(warm.body, where=key), self.clock.now(), self.limits)
        if warm.sides:
            commit.sides = Sides({**warm.sides})
        recall(commit, warm.out)
        return commit

    async def _save(self, key: str, commit: Commit, warm: Warm) -> Warm:
        record = commit.finish()
        body = seal(record)
        tag = await self.store.save(key, body, expect=warm.tag, summary=summary_of(record))
        saved = Warm(body, tag)
        self.cache.put(key, saved)
        return saved

    async def _deliver(self, key: str, commit: Commit, warm: Warm, send: bool) -> None:
        if send:
            await arm_all(self.alarm, commit, warm.out)
            await publish_all(self.bus, commit, warm.out)
        if commit.changed:
            await tidy(self.store, self.alarm, key, commit)
