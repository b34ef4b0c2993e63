"""Stepping events on a record that was read, as a commit will, without saving anything."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from xorca.engine.commit import noted
from xorca.engine.draft import Definition, Draft
from xorca.engine.inbox import NeedSides
from xorca.engine.record import Record, seal
from xorca.engine.remembering import memory_of
from xorca.engine.settling import Condemned
from xorca.engine.verdict import Verdict
from xorca.errors import RecordTooLarge
from xorca.events import Event, read_event
from xorca.ports import Clock, Store
from xorca.runtime.attempt import Item, Postponed, Stepper, Work
from xorca.runtime.cache import Warm
from xorca.runtime.outcome import Outcome
from xorca.runtime.room import Overfull
from xorca.runtime.sides import load_sides

ROOM = 0.9
"""A record of up to this part of the store's limit is sure to fit."""

EVENT = 1_000
"""What an event leaves in a record is hardly ever more than this and twice its data, in bytes."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A process as it was read, with its class."""

    key: str
    warm: Warm
    record: Record
    definition: Definition


class Trial(Stepper):
    """What a process would be after some events."""

    __slots__ = ("_clock", "_draft", "_loaded", "_size", "_store", "_work")

    def __init__(self, stepper: Stepper, loaded: Loaded, *, store: Store, clock: Clock) -> None:
        super().__init__(stepper.registry, stepper.limits, together=True)
        self._loaded, self._store, self._clock = loaded, store, clock
        self._work = Work([])
        self._work.emptied = True  # nothing is sent before the end
        self._draft: Draft | None = None
        self._size = 0  # of the record but for the memory, or more

    @property
    def key(self) -> str:
        """The storage key of the process."""
        return self._loaded.key

    @property
    def items(self) -> list[Item]:
        """The events so far."""
        return list(self._work.items)

    @property
    def record(self) -> Record:
        """The record as it would be; not to be changed."""
        return self._loaded.record if self._draft is None else self._draft.record

    @property
    def memory(self) -> dict[str, object]:
        """The attributes of the process as they would be."""
        definition = (self._draft or self._loaded).definition
        return memory_of(definition, self.record)

    async def add(self, item: Item) -> Outcome:
        """Step one more event and tell what would become of it.

        Raises:
            PortError, RecordError: nobody can tell; the event is not among ``items``.
        """
        self._work.items.append(item)
        try:
            verdict = self._go_on(item) or await self._all_again()
        except BaseException:
            self.take_back()
            raise
        return self._outcome(item, verdict)

    def take_back(self) -> None:
        """Forget the last event and what it changed."""
        self._work.items.pop()
        # What the others needed is at hand since they were stepped the first time.
        self._draft = self._attempt()[0] if self._work.items else None

    # -- stepping -----------------------------------------------------------------

    def _go_on(self, item: Item) -> Verdict | None:
        """Step on from the events before; None if all of them are to be stepped again."""
        draft = self._draft
        if draft is None or item.starts:
            return None
        draft.now = self._clock.now()
        draft.at = noted(draft.now)
        try:
            verdict = self._one(self._work, draft, item)
        except Condemned as exc:
            self._work.condemned[exc.event.key] = exc
            return None
        except (NeedSides, Postponed):
            return None
        return verdict if self._fits(draft, item, verdict) else None

    def _fits(self, draft: Draft, item: Item, verdict: Verdict) -> bool:
        """Tell whether the record surely has room in the store; weighed only where it is near."""
        record, most = draft.record, ROOM * self._store.limit
        self._size += 2 * len(item.event.data or b"") + EVENT
        emitted = [draft.fresh[key] for key in verdict.emits if key in draft.fresh]
        self._size += sum(EVENT + len(event.data or b"") for event in emitted)
        if record.backlog or self._size + _length(record.memory) > most:
            self._size = len(seal(record)) - _length(record.memory)
        return self._size + _length(record.memory) <= most

    async def _all_again(self) -> Verdict:
        while True:
            try:
                self._draft, verdicts = self._attempt()
                return verdicts[-1]
            except NeedSides as exc:
                self._work.sides |= await load_sides(self._store, self._loaded.key, exc.names)
            except Condemned as exc:
                self._work.condemned[exc.event.key] = exc
            except Postponed:
                pass

    def _attempt(self) -> tuple[Draft | None, list[Verdict]]:
        now, limit = self._clock.now(), self._store.limit
        try:
            attempt = self.attempt(self._work, self._loaded.warm, now, limit=limit)
        except Overfull as exc:
            raise RecordTooLarge(f"{exc}, and this event has no room in it") from exc
        if attempt.draft is not None:
            body = attempt.body or self._loaded.warm.body
            self._size = len(body) - _length(attempt.draft.record.memory)
        return attempt.draft, attempt.verdicts

    # -- telling ------------------------------------------------------------------

    def _outcome(self, item: Item, verdict: Verdict) -> Outcome:
        return Outcome(
            item.event,
            verdict.status,
            verdict.reason,
            subject=self.record.subject,
            state=self.record.state,
            sent=self._emitted(verdict),
            error=verdict.error,
        )

    def _emitted(self, verdict: Verdict) -> tuple[Event, ...]:
        draft, known = self._draft, self._loaded.warm.out
        if draft is None:
            return ()
        fresh, outbox = draft.fresh, draft.record.outbox
        waiting = [key for key in verdict.emits if key in outbox and key not in known]
        return tuple(fresh.get(key) or read_event(bytes(outbox[key].event)) for key in waiting)


def _length(text: msgspec.Raw) -> int:
    return len(memoryview(text))
