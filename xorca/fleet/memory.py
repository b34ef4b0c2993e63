"""The memory of a fleet: what was answered once is answered again, and not executed again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from xorca.errors import Conflict, PayloadError, PortError, RecordError, RecordTooLarge
from xorca.events import Event
from xorca.fleet.pruning import prune
from xorca.fleet.remembered import Place, Remembered, again, note, seal, summary_of, unseal
from xorca.fleet.unsaved import Unsaved
from xorca.ports import Clock, Store
from xorca.runtime.outcome import Outcome
from xorca.telemetry.lines import say

PAUSES = (0.0, 0.05, 0.25, 1.0)
"""How long to wait before each attempt to remember, in seconds."""

UNSAVED = 8 * 1_048_576
"""How many bytes of answers that could not be remembered are kept in this process."""


class Memory:
    """What the events of one fleet were answered with, in a store.

    An entry is written once and never changed. Of two workers that handled one event at
    once the first to write is right, and the other gives that answer too.
    """

    def __init__(self, place: Place, store: Store, clock: Clock, *, remember: timedelta) -> None:
        self._place, self._store, self._clock = place, store, clock
        self._remember = remember.total_seconds()
        self._unsaved = Unsaved(UNSAVED)

    async def once(self, event: Event, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Give what is remembered of an event; else work on it and remember the outcome.

        An outcome that asks for a redelivery is not remembered.
        """
        key = self._place.key(event)
        try:
            stored = await self._store.load(key)
            if stored is not None:
                self._unsaved.drop(key)
                found = self._again(key, stored.body, event)
                _say(logging.INFO, "memory.answered", event, "was answered before")
                return found
        except (PortError, RecordError) as exc:
            return _unread(event, exc)
        body = self._unsaved.get(key)
        if body is not None:  # it was worked on here, and could not be written
            return await self._keep(key, body, self._again(key, body, event))
        outcome = await work()
        if not outcome.ok:
            return outcome
        try:
            body = seal(self._note(outcome))
        except PayloadError as exc:
            return _forgotten(outcome, exc)
        return await self._keep(key, body, outcome)

    async def prune(self) -> int:
        """Delete what need not be remembered any more; give how many that were."""
        now = self._clock.now().timestamp()
        return await prune(self._store, self._place.prefix, now=now)

    # -- one entry ----------------------------------------------------------------

    def _note(self, outcome: Outcome) -> Remembered:
        at = self._clock.now().timestamp()
        return note(self._place, outcome, at=at, until=at + self._remember)

    def _again(self, key: str, body: bytes, event: Event) -> Outcome:
        return again(unseal(body, where=key), self._place, event)

    async def _keep(self, key: str, body: bytes, outcome: Outcome) -> Outcome:
        """Remember an outcome; give it, or that of another worker who was quicker."""
        event = outcome.raw
        assert event is not None  # it was handled
        # Whatever ends this before it is written, a redelivery to this process need not
        # run the handler again.
        self._unsaved.put(key, body)
        try:
            stands = await self._write(key, body)
            found = outcome if stands == body else self._again(key, stands, event)
        except RecordTooLarge as exc:
            found = _forgotten(outcome, exc)
        except RecordError as exc:
            found = _unread(event, exc)
        except PortError as exc:
            return _unwritten(event, exc)
        self._unsaved.drop(key)
        if found is not outcome and found.ok:
            told = "was worked on twice at once; the first answer stands"
            _say(logging.WARNING, "memory.twice", event, told)
        return found

    async def _write(self, key: str, body: bytes) -> bytes:
        """Write an entry where there is none; give the bytes of the one that is there then.

        Raises:
            RecordTooLarge: the store does not take so much.
            PortError: it failed every time, and is perhaps not there.
        """
        summary = summary_of(unseal(body, where=key))
        failure: PortError = Conflict(f"{key!r} was created and deleted by turns")
        for pause in PAUSES:
            if pause:
                await self._clock.sleep(pause)
            try:
                await self._store.save(key, body, expect=None, summary=summary)
                return body
            except RecordTooLarge:
                raise
            except PortError as exc:
                failure = exc
            # Lost race, or lost response: only what is stored tells.
            try:
                stored = await self._store.load(key)
            except PortError as exc:
                failure = exc
                continue
            if stored is not None:
                return stored.body
        raise failure


def _unread(event: Event, exc: PortError | RecordError) -> Outcome:
    """Have an event wait, of which nobody can tell whether it was answered."""
    reason = "record" if isinstance(exc, RecordError) else "store"
    return Outcome(event, "retry", reason, subject=event.subject, error=exc)


def _unwritten(event: Event, exc: PortError) -> Outcome:
    """Have an event come again; nobody but this process knows that it was worked on."""
    told = "was worked on, and its answer could not be remembered, so it may be worked on again"
    _say(logging.ERROR, "memory.unwritten", event, told, exc)
    return Outcome(event, "retry", "not-remembered", subject=event.subject, error=exc)


def _forgotten(outcome: Outcome, exc: Exception) -> Outcome:
    """Answer, though the answer will not be known if the event comes again."""
    event = outcome.raw
    assert event is not None  # it was handled
    told = "has an answer that is sent and not remembered, so a duplicate would be worked on again"
    _say(logging.WARNING, "memory.forgotten", event, f"{told}: {exc}")
    return outcome


def _say(level: int, what: str, event: Event, said: str, error: Exception | None = None) -> None:
    fields = {"subject": event.subject, "event_type": event.type, "event_id": event.id}
    say(level, what, f"{event.subject}: {event.type} {said}", fields, error=error)
