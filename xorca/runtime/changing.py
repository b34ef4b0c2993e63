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
from xorca.engine.inbox import NeedSides, Sides, make_room
from xorca.engine.record import ACTIVE, Record, seal, unseal
from xorca.errors import Conflict, PortError, PublishFailed, Unavailable
from xorca.ports import Alarm, Bus, Clock, Store
from xorca.runtime.cache import Cache, Warm
from xorca.runtime.delivery import arm_all, publish_all, tidy
from xorca.runtime.ends import Ends
from xorca.runtime.leaving import recall, unsent
from xorca.runtime.lines import Lines
from xorca.runtime.sides import SideGone, load_sides, save_sides
from xorca.runtime.summary import summary_of

ATTEMPTS = 8

Open = Callable[[Record, datetime, Limits], Commit]
"""Make the commit of a record: a plain one, or a Draft where handlers are to run."""

Alter = Callable[[Commit], None]
"""Change a record; ``commit.changed`` says whether it did. May be called more than once.

It may raise NeedSides, and SendFirst.
"""


class SendFirst(Exception):
    """What was committed must be out before this change; send it, then alter again."""


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
    ends: Ends = field(default_factory=Ends)

    async def change(
        self, key: str, alter: Alter, *, opened: Open = plain_commit, send: bool = True
    ) -> Commit | None:
        """Change the record under a key and send what that leads to; None if there is none.

        What was committed before and is not known to be out is sent as well, whether or not
        ``alter`` changes anything. Without ``send`` nothing is published or armed.

        Raises:
            PublishFailed: the change stands, and what it leads to is yet to be sent: change
                again, or sweep. After SendFirst: nothing was changed.
            Conflict, Unavailable: others were quicker eight times, or the store is away.
            RecordError: what is stored cannot be trusted.
        """
        await self.lines.enter(key)
        try:
            return await self._attempts(key, alter, opened, send)
        except PublishFailed:
            raise  # what is warm is committed all the same
        except PortError:
            self.cache.drop(key)
            raise
        finally:
            self.lines.leave(key)

    async def _attempts(self, key: str, alter: Alter, opened: Open, send: bool) -> Commit | None:
        failure: PortError | SideGone | None = None
        for number in range(ATTEMPTS):
            if number:
                await self.clock.sleep(self.random.random() * min(1.0, 0.025 * 2**number))
            try:
                warm = await self._read(key)
                if warm is None:
                    return None
                commit = await self._altered(key, warm, alter, opened)
                if commit.changed:
                    warm = await self._save(key, commit, warm)
            except (Conflict, Unavailable, SideGone) as exc:
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

    async def _altered(self, key: str, warm: Warm, alter: Alter, opened: Open) -> Commit:
        """Open and alter until nothing is missing."""
        sides, has_sent = {**warm.sides}, False
        while True:
            commit = self._open(key, warm, opened)
            commit.sides = Sides(sides)
            try:
                alter(commit)
                if commit.changed:
                    commit.finish()
                return commit
            except NeedSides as exc:
                sides |= await load_sides(self.store, key, exc.names)
            except SendFirst:
                await self._send_first(key, warm, opened, again=has_sent)
                has_sent = True

    def _open(self, key: str, warm: Warm, opened: Open) -> Commit:
        commit = opened(unseal(warm.body, where=key), self.clock.now(), self.limits)
        recall(commit, warm.out)
        return commit

    async def _send_first(self, key: str, warm: Warm, opened: Open, *, again: bool) -> None:
        """Send what was committed before; a commit that is thrown away tells what that is."""
        commit = self._open(key, warm, opened)
        waiting = tuple(event.id for event in unsent(commit, warm.out))
        what = f"{len(waiting)} event(s) of {commit.record.subject} are not known to have been sent"
        if self.bus is None:
            raise PublishFailed(f"{what}, and there is no bus to send them to", failed=waiting)
        if again:
            raise PublishFailed(f"{what}, although the bus has just taken them", failed=waiting)
        try:
            await publish_all(self.bus, commit, warm.out)
        except PortError as exc:
            raise PublishFailed(f"{what}, and sending them failed: {exc}", failed=waiting) from exc

    async def _save(self, key: str, commit: Commit, warm: Warm) -> Warm:
        record, sides = commit.record, commit.sides
        body = seal(record)
        while len(body) > self.store.limit and make_room(record, sides):
            body = seal(record)
        await save_sides(self.store, key, sides.written)
        tag = await self.store.save(key, body, expect=warm.tag, summary=summary_of(record))
        saved = Warm(body, tag, sides.kept([page.name for page in record.pages]))
        self.cache.put(key, saved)
        return saved

    async def _deliver(self, key: str, commit: Commit, warm: Warm, send: bool) -> None:
        if self.ends.waiting and commit.record.status != ACTIVE:
            self.ends.tell(key)
        try:
            if send:
                await arm_all(self.alarm, commit, warm.out)
                await publish_all(self.bus, commit, warm.out)
        except PortError as exc:
            left = tuple(event.id for event in unsent(commit, warm.out))
            raise PublishFailed(
                f"what is stored of {commit.record.subject} stands, and {len(left)} event(s) of it"
                f" are yet to be sent: {exc}",
                failed=left,
            ) from exc
        finally:
            if commit.changed:
                await tidy(self.store, self.alarm, key, commit)
