"""The commit protocol for one subject: load, step, one conditional save, publish."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random

from xorca.engine.commit import Commit
from xorca.engine.draft import Draft
from xorca.engine.ids import side_key
from xorca.engine.inbox import NeedSides
from xorca.engine.letters import loose_letter
from xorca.engine.record import ACTIVE, Record, unseal
from xorca.engine.settling import Condemned
from xorca.engine.verdict import Verdict
from xorca.errors import Conflict, LeaseHeld, PortError, RecordError, RecordTooLarge, Unavailable
from xorca.events import Event
from xorca.ports import Alarm, ArmingStore, Bus, Clock, Lease, Store, Summary, WakeUp
from xorca.runtime.attempt import (
    Attempt,
    Item,
    Postponed,
    Stepper,
    UnknownVersion,
    Work,
)
from xorca.runtime.cache import Cache, Warm
from xorca.runtime.delivery import arm_all, publish_all, tidy
from xorca.runtime.ends import Ends
from xorca.runtime.leaving import all_set, unsent
from xorca.runtime.lines import Lines
from xorca.runtime.outcome import Outcome
from xorca.runtime.room import Overfull, TooMany, TooMuch
from xorca.runtime.sides import SideGone, load_sides, save_side
from xorca.superseded import Superseded
from xorca.telemetry.lines import say

ATTEMPTS = 8
LEASE_TTL, LEASE_WAIT = 30.0, 5.0
_AGAIN = (PortError, RecordError, UnknownVersion)


@dataclass(slots=True)
class SubjectWorker:
    """Work on subjects, one commit at a time for each."""

    stepper: Stepper
    store: Store
    bus: Bus | None
    alarm: Alarm | None
    lease: Lease | None
    clock: Clock
    random: Random
    cache: Cache
    arming: ArmingStore | None = None
    lines: Lines = field(default_factory=Lines)
    ends: Ends = field(default_factory=Ends)

    def confirm(self, key: str, emit_ids: list[str]) -> None:
        """Remember that events left by another way."""
        warm = self.cache.get(key)
        if warm is not None:
            warm.out.update(emit_ids)

    async def run(self, key: str, items: list[Item], *, publish: bool) -> list[Outcome]:
        """Apply the events of one subject and give their outcomes in the same order."""
        if not self.lines.is_first(key):
            await self.lines.enter(key)
        try:
            if self.lease is None:
                return await self._attempts(key, items, publish=publish)
            async with AsyncExitStack() as stack:
                await self._hold(stack, self.lease, key)
                return await self._attempts(key, items, publish=publish)
        except _AGAIN as exc:
            return self._put_off(key, items, exc)
        finally:
            self.lines.leave(key)

    def _put_off(
        self, key: str, items: list[Item], exc: Exception, *, reason: str = ""
    ) -> list[Outcome]:
        """Have events come again."""
        self.cache.drop(key)
        verdict = Verdict("retry", reason or _reason(exc), error=exc)
        return [_outcome(item, verdict, None) for item in items]

    async def _hold(self, stack: AsyncExitStack, lease: Lease, key: str) -> None:
        try:
            await stack.enter_async_context(lease.hold(key, ttl=LEASE_TTL, wait=LEASE_WAIT))
        except (LeaseHeld, Unavailable) as exc:
            say(logging.INFO, "lease.skipped", f"{key}: going on without its lease", error=exc)

    async def _attempts(self, key: str, items: list[Item], *, publish: bool) -> list[Outcome]:
        work = Work(items)
        failure: PortError | SideGone | None = None
        for number in range(ATTEMPTS):
            if number > 1:  # the first time, a start may only have been tried in the dark
                await self._pause(number, failure)
            warm, attempt = None if number else self.cache.get(key), None
            try:
                if warm is not None or (not number and items[0].starts):
                    attempt = self._try_step(work, warm) or await self._step(key, work, warm)
                if attempt is None or not (attempt.body is not None or attempt.certain):
                    # What may not rest on a cached record is read and done again.
                    warm = await self._read(key, warm, failure if number == 1 else None)
                    attempt = await self._step(key, work, warm)
                if attempt.body is not None:
                    if attempt.draft is not None and attempt.draft.sides.written:
                        await self._save_sides(key, work, attempt.draft.sides.written)
                    tag = await self._saving(key, attempt, warm)
                    warm = self._keep(key, attempt, attempt.body, tag)
            except TooMuch as exc:
                outcomes = await self._relieve(key, work, warm, exc, publish=publish)
                if outcomes is not None:
                    return outcomes
                continue
            except (Conflict, Unavailable, SideGone) as exc:
                # Lost race, time-out, lost response: the outcome is unknown. Only a fresh
                # read tells, and only what is stored is answered from.
                work.fail(exc)
                self.cache.drop(key)
                failure = exc
                continue
            return await self._deliver(work, attempt, warm, key=key, publish=publish)
        raise failure or Unavailable("nothing was tried")

    # -- too much for a record ----------------------------------------------------

    async def _relieve(
        self, key: str, work: Work, warm: Warm | None, exc: TooMuch, *, publish: bool
    ) -> list[Outcome] | None:
        """Do something about a record that would be too large; None asks to try again."""
        if isinstance(exc, TooMany):
            return await self._halves(key, work.items, publish=publish)
        if isinstance(exc, Overfull):
            subject = work.items[0].route.subject
            say(logging.ERROR, "record.full", f"{subject}: {exc}", {"subject": subject})
            return _overfull(work)
        work.emptied = True
        try:
            if warm is not None and publish:
                await self._empty(key, work, warm)
        except PortError as failed:
            return self._put_off(key, work.items, failed, reason="publish")
        return None

    async def _empty(self, key: str, work: Work, warm: Warm) -> None:
        """Send what a record has yet to send."""
        commit = Commit(warm.take(key), self.clock.now(), self.stepper.limits)
        await publish_all(self.bus, commit, warm.out)
        work.out |= warm.out

    async def _halves(self, key: str, items: list[Item], *, publish: bool) -> list[Outcome]:
        """Apply the first half of some events, send what it emits, and then the other."""
        middle = len(items) // 2
        done = await self._attempts(key, items[:middle], publish=publish)
        try:
            return done + await self._attempts(key, items[middle:], publish=publish)
        except _AGAIN as exc:
            return done + self._put_off(key, items[middle:], exc)

    async def _pause(self, number: int, failure: PortError | SideGone | None) -> None:
        """Wait before one more try, unless it would be as vain as the last."""
        if self.lease is not None and isinstance(failure, LeaseHeld):
            raise failure  # the lease was waited for, and nobody saves without it while it is held
        await self.clock.sleep(self.random.random() * min(1.0, 0.025 * 2**number))

    # -- load, step, save -------------------------------------------------------

    async def _read(self, key: str, known: Warm | None, lost: Exception | None) -> Warm | None:
        stored = Superseded.found_by(self.store, key, lost) or await self.store.load(key)
        if stored is None:
            return None
        record = unseal(stored.body, where=key)
        if known is None or known.tag != stored.tag:
            known = Warm(stored.body, stored.tag, record=record)
        self.cache.put(key, known)  # what is sent by it need not be sent again
        return known

    def _try_step(self, work: Work, warm: Warm | None) -> Attempt | None:
        """Step once; None if something must be seen to first."""
        try:
            return self.stepper.attempt(work, warm, self.clock.now(), limit=self.store.limit)
        except Condemned as exc:
            work.condemned[exc.event.key] = exc
        except (NeedSides, Postponed):
            pass
        return None

    async def _step(self, key: str, work: Work, warm: Warm | None) -> Attempt:
        """Step until nothing is missing; raises Overfull if not even a dead letter fits."""
        while True:
            try:
                return self.stepper.attempt(work, warm, self.clock.now(), limit=self.store.limit)
            except NeedSides as exc:
                work.sides |= await load_sides(self.store, key, exc.names)
            except Condemned as exc:
                work.condemned[exc.event.key] = exc
            except Postponed:
                pass

    def _saving(self, key: str, attempt: Attempt, warm: Warm | None) -> Awaitable[str]:
        """Save on the condition that nobody did since the read."""
        body, draft = attempt.body, attempt.draft
        assert body is not None
        assert draft is not None
        expect, summary = None if warm is None else warm.tag, attempt.summary()
        if self.stepper.arming and draft.arms:
            return self._save_arming(key, draft, body, expect, summary)
        return self.store.save(key, body, expect=expect, summary=summary)

    async def _save_arming(
        self, key: str, draft: Draft, body: bytes, expect: str | None, summary: Summary
    ) -> str:
        """Save, and set the wake-ups in the same commit."""
        assert self.arming is not None  # the stepper was told so
        wake_ups = [WakeUp(arm.event, arm.due) for arm in draft.arms]
        tag = await self.arming.save_arming(key, body, wake_ups, expect=expect, summary=summary)
        draft.arms = []  # they are set
        return tag

    def _keep(self, key: str, attempt: Attempt, body: bytes, tag: str) -> Warm:
        """Keep what was committed for the next event."""
        draft = attempt.draft
        assert draft is not None  # there is a body
        record = draft.record
        saved = Warm(body, tag, record=record if record.status == ACTIVE else None)
        if record.pages:
            saved.sides = draft.sides.kept([page.name for page in record.pages])
        self.cache.put(key, saved)
        return saved

    async def _save_sides(self, key: str, work: Work, written: dict[str, bytes]) -> None:
        """Write what the record refers to before it does, each once however often we try."""
        for name, side in written.items():
            if name not in work.saved:
                await save_side(self.store, side_key(key, name), side)
                work.saved.add(name)

    # -- publish ------------------------------------------------------------------

    async def _deliver(
        self, work: Work, attempt: Attempt, warm: Warm | None, *, key: str, publish: bool
    ) -> list[Outcome]:
        draft = attempt.draft
        if draft is None:
            pairs = zip(work.items, attempt.verdicts, strict=True)
            return [_outcome(item, verdict, None) for item, verdict in pairs]
        if self.ends.waiting and draft.record.status != ACTIVE:
            self.ends.tell(key)
        known = warm.out if warm is not None else set[str]()
        saved = attempt.body is not None
        waiting = unsent(draft, known) if saved else _asked_again(attempt, draft, known)
        failure: PortError | None = None
        try:
            if draft.record.timers and (draft.arms or not all_set(draft)):
                await arm_all(self.alarm, draft, known)
            if publish and self.bus is not None and waiting:
                await self.bus.publish(waiting)
                for event in waiting:
                    known.add(event.id)
        except PortError as exc:
            failure = exc
        if attempt.body is not None and (draft.disarms or draft.sides.dropped):
            await tidy(self.store, self.alarm, key, draft)
        if len(work.items) == 1 and failure is None and draft.fresh and attempt.body is not None:
            (verdict,) = attempt.verdicts
            if len(verdict.emits) == len(waiting):  # all of it is this event's, as nearly always
                return [_outcome(work.items[0], verdict, draft.record, tuple(waiting))]
        return _outcomes(work, attempt, draft, waiting, failure)


def _asked_again(attempt: Attempt, draft: Draft, known: set[str]) -> list[Event]:
    """Give what events that changed nothing have to send: what they emitted, and all before it.

    An answer that is ignored sends nothing, least of all its command: two processes that are
    over would answer each other for ever.
    """
    outbox = draft.record.outbox
    emits = [emit_id for verdict in attempt.verdicts for emit_id in verdict.emits]
    last = max([outbox[emit_id].revision for emit_id in emits if emit_id in outbox], default=0)
    return [event for event in unsent(draft, known) if outbox[event.id].revision <= last]


def _outcomes(
    work: Work,
    attempt: Attempt,
    draft: Draft,
    waiting: list[Event],
    failure: PortError | None,
) -> list[Outcome]:
    by_id = {event.id: event for event in waiting}
    owned = {emit_id for verdict in attempt.verdicts for emit_id in verdict.emits}
    # What the commit itself gave rise to (a deferred event that expired) goes with the first.
    extra = tuple([event for key, event in draft.fresh.items() if key not in owned])
    outcomes: list[Outcome] = []
    for item, verdict in zip(work.items, attempt.verdicts, strict=True):
        sent = tuple([by_id[emit_id] for emit_id in verdict.emits if emit_id in by_id])
        unsafe = failure is not None and verdict.status != "retry"
        said = Verdict("retry", "publish", error=failure) if unsafe else verdict
        outcomes.append(_outcome(item, said, draft.record, sent + extra))
        extra = ()
    return outcomes


def _outcome(
    item: Item, verdict: Verdict, record: Record | None, sent: tuple[Event, ...] = ()
) -> Outcome:
    return Outcome(
        item.event,
        verdict.status,
        verdict.reason,
        subject=record.subject if record is not None else item.route.subject,
        state=record.state if record is not None else None,
        sent=sent,
        error=verdict.error,
    )


def _overfull(work: Work) -> list[Outcome]:
    """Give up on events for which the record has no room; loose letters tell of them."""
    cause = "the record is at the size limit of its store and takes no further event"
    return [_given_up(item, cause, work.postponed.get(item.event.key)) for item in work.items]


def _given_up(item: Item, cause: str, postponed: Exception | None) -> Outcome:
    event, reason, subject = item.event, "record-too-large", item.route.subject
    if postponed is not None:
        return Outcome(event, "retry", reason, subject=subject, error=postponed)
    letter = loose_letter(event, body=b"", reason=reason, cause=cause)
    error = RecordTooLarge(cause)
    return Outcome(event, "dead", reason, subject=subject, sent=(letter,), error=error)


def _reason(exc: Exception) -> str:
    if isinstance(exc, UnknownVersion):
        return "unknown-version"
    if isinstance(exc, RecordError):
        return "record"
    return "contention" if isinstance(exc, Conflict) else "store"
