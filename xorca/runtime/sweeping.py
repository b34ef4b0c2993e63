"""Sweeping a store: what was committed is sent, what is due is woken, what expired is told.

A sweep needs no classes. It works beside others and twice at once, for it changes a record
only by conditional saves, and sends only what is committed, under the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from xorca.engine.commit import Arm, Commit, Limits, noted
from xorca.engine.record import ACTIVE, Record
from xorca.engine.sweep import Sweep
from xorca.errors import ConfigurationError, PortError
from xorca.events import Event
from xorca.ports import Listed, Query, Summary
from xorca.runtime.changing import Alter, Changer
from xorca.runtime.leaving import unarmed, unsent
from xorca.runtime.letters import AT_ONCE
from xorca.runtime.sweeping_sides import sweep_sides
from xorca.runtime.swept import Swept, Tally

PAGE = 4 * AT_ONCE


async def sweep(changer: Changer, *, older_than: timedelta, names: Sequence[str] = ()) -> Swept:
    """Send what was left behind in a store, of some orchestrators or of all.

    Raises:
        ConfigurationError: there is no bus to send to, or no such time.
        PortError: the store cannot be listed.
    """
    if changer.bus is None:
        raise ConfigurationError(
            "a sweep sends what others left unsent, and there is no bus to send it to: make the"
            " Runtime with bus=..., for example Runtime([...], store=store, bus=store.channel)"
        )
    if not isinstance(older_than, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"older_than={older_than!r} is no length of time: write older_than=timedelta(minutes=2)"
        )
    if older_than < timedelta(0):
        raise ConfigurationError(f"older_than={older_than!r} is in the future; give 0 or more")
    sweeper = Sweeper(changer, older_than.total_seconds(), Tally())
    for name in names or ("",):
        await sweeper.mend_all(name)
        await sweep_sides(changer, sweeper.age, name, sweeper.tally)
    return sweeper.tally.swept()


@dataclass(frozen=True, slots=True)
class Sweeper:
    """One sweep; ``age`` is for how long a process must have been left alone, in seconds."""

    changer: Changer
    age: float
    tally: Tally

    async def mend_all(self, name: str) -> None:
        """Mend every process that may need it, page by page."""
        prefix, now = f"{name}/" if name else "", noted(self.changer.clock.now())
        least = now - self.age

        def is_left(summary: Summary) -> bool:  # what is due was seen to before
            return summary.pending and summary.updated <= least and not _is_due(summary, now)

        if await self._mend_listed(
            Query(prefix=prefix, due_before=now), lambda summary: _is_due(summary, now)
        ):
            await self._mend_listed(Query(prefix=prefix, pending=True), is_left)

    async def _mend_listed(self, query: Query, wanted: Callable[[Summary], bool]) -> bool:
        """Mend what a query lists; False if the store keeps no summaries to choose by.

        Without summaries every record is looked at, whatever was asked for.
        """
        after: str | None = ""
        chooses = True
        while after is not None:
            page = await self.changer.store.list(query, after=after, limit=PAGE)
            records = [item for item in page.items if not item.key.startswith("_")]
            chooses = chooses and all(item.summary is not None for item in records)
            chosen = [item for item in records if item.summary is None or wanted(item.summary)]
            for first in range(0, len(chosen), AT_ONCE):
                await self._mend_some(chosen[first : first + AT_ONCE])
            after = page.after
        return chooses

    async def _mend_some(self, items: Sequence[Listed]) -> None:
        """Mend a few processes at once; one that cannot be mended is noted."""
        results = await asyncio.gather(
            *(self._mend(item.key) for item in items), return_exceptions=True
        )
        for item, result in zip(items, results, strict=True):
            if isinstance(result, Exception):
                subject = item.key if item.summary is None else item.summary.subject
                self.tally.fail(subject, result)
            elif isinstance(result, BaseException):
                raise result

    async def _mend(self, key: str) -> None:
        """Send and arm what a process holds, then note durably that it is out."""
        self.tally.looked += 1
        found = await self.changer.change(key, _settle, opened=self._open, send=False)
        if not isinstance(found, Sweep):
            return  # it was deleted meanwhile
        self.tally.expired += found.expired
        out = [*await self._publish(found), *await self._arm(found)]
        if out or (found.rested and found.unmarked):
            await self.changer.change(key, _marking(out), opened=self._open, send=False)

    def _open(self, record: Record, now: datetime, limits: Limits) -> Commit:
        return Sweep(record, now, limits, before=noted(now) - self.age)

    async def _publish(self, found: Sweep) -> list[str]:
        """Publish what may have been left behind; give the ids, none if that failed."""
        events = unsent(found, set()) if found.rested else [*found.fresh.values()]
        if events and await self._tried(found, self._send(events)):
            self.tally.published += len(events)
            return [event.id for event in events]
        return []

    async def _send(self, events: Sequence[Event]) -> None:
        assert self.changer.bus is not None  # it was asked for
        await self.changer.bus.publish(events)

    async def _arm(self, found: Sweep) -> list[str]:
        """Set the wake-ups that may be lost; give their ids, none if that failed."""
        arms = unarmed(found, set()) if found.rested else found.arms
        if arms and await self._tried(found, self._set(arms)):
            self.tally.armed += len(arms)
            return [arm.event.id for arm in arms]
        return []

    async def _set(self, arms: Iterable[Arm]) -> None:
        if self.changer.alarm is None:
            raise ConfigurationError(
                "it has deadlines, and there is no alarm to set for them: give the Runtime an"
                " alarm=, or xorca sweep an --alarm"
            )
        for arm in arms:
            await self.changer.alarm.set(arm.event, arm.due)

    async def _tried(self, found: Commit, effect: Awaitable[None]) -> bool:
        try:
            await effect
        except (PortError, ConfigurationError) as exc:
            self.tally.fail(found.record.subject, exc)
            return False
        return True


def _is_due(summary: Summary, now: float) -> bool:
    return summary.status == ACTIVE and summary.due is not None and summary.due <= now


def _settle(commit: Commit) -> None:
    assert isinstance(commit, Sweep)  # it was opened so
    commit.settle()


def _marking(out: Sequence[str]) -> Alter:
    known = frozenset(out)

    def mark(commit: Commit) -> None:
        assert isinstance(commit, Sweep)  # it was opened so
        commit.note_out(known)

    return mark
