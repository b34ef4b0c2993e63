"""One attempt at the events of a subject: from a body that was read to one to be saved.

Pure like the step it drives: it is given bytes and gives bytes, and may be thrown away.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from xorca.engine.draft import Definition, Draft, Limits
from xorca.engine.inbox import Sides, knows, make_room
from xorca.engine.letters import bury
from xorca.engine.noise import Muted, count_noise, is_noisy, muted
from xorca.engine.record import ACTIVE, DELETED, FAILED, Entry, Record, seal
from xorca.engine.routing import Registry, Route
from xorca.engine.settling import Condemned, expire_deferred
from xorca.engine.starting import new_record
from xorca.engine.step import step
from xorca.engine.timing import is_timer
from xorca.engine.tombstones import elsewhere, may_be_seen, was_started
from xorca.engine.transition import NOT_POISON
from xorca.engine.verdict import Verdict
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.ports import Summary
from xorca.runtime.cache import Warm
from xorca.runtime.leaving import all_set, arm_within, recall
from xorca.runtime.room import Crowded, Overfull, TooMany, too_heavy, weigh

if TYPE_CHECKING:
    from xorca.engine.tokens import Claim
    from xorca.runtime.handling import Handling

NO_RECORD = Verdict("retry", "no-record")


class Item(msgspec.Struct, frozen=True, gc=False):
    """An event with the process it is for, and its place in what ``handle`` was given.

    ``claim`` is what its token says, where somebody brought one; ``handling`` notes what
    becomes of it, where somebody wants to know.
    """

    position: int
    event: Event
    route: Route
    starts: bool
    claim: Claim | None = None
    handling: Handling | None = None


class Work(msgspec.Struct, eq=False):
    """What is known about the events of one subject beyond a single attempt.

    ``saved`` names the side objects that are written, should this go on; ``out`` holds the ids of
    what left meanwhile, ``emptied`` says that all that could did.
    """

    items: list[Item]
    sides: dict[str, bytes] = {}
    condemned: dict[str, Condemned] = {}
    postponed: dict[str, Exception] = {}
    saved: set[str] = set()
    weighed: bool = False
    out: set[str] = set()
    emptied: bool = False

    def fail(self, exc: Exception) -> None:
        """Note that an attempt was lost: what was judged may rest on a record that is stale."""
        self.condemned.clear()
        for item in self.items:
            if item.handling is not None:
                item.handling.failed(exc)


class Attempt(msgspec.Struct, eq=False):
    """The result of stepping: verdicts in the order of the items, and what to save."""

    verdicts: list[Verdict]
    draft: Draft | None
    body: bytes | None = None

    @property
    def certain(self) -> bool:
        """Whether every verdict stands even if the record was not read afresh."""
        return all(verdict.status == "duplicate" for verdict in self.verdicts)

    def summary(self) -> Summary:
        """Give what a store may index of the record to be saved."""
        assert self.draft is not None  # there is a body to save
        record = self.draft.record
        return Summary(
            record.subject,
            record.name,
            record.version,
            record.status,
            record.state,
            record.revision,
            record.updated,
            _due(record) if record.timers or record.deferred else record.keep_until or None,
            bool(record.outbox) or (bool(record.timers) and not all_set(self.draft)),
        )


def _due(record: Record) -> float:
    if len(record.timers) == 1 and not record.deferred:
        return next(iter(record.timers.values())).due
    dues = [timer.due for timer in record.timers.values()]
    return min(dues + [deferred.expires for deferred in record.deferred])


class UnknownVersion(ConfigurationError):
    """The record is of a version that is not registered here."""


class Stepper:
    """Step events with the classes and limits of a Runtime.

    ``together`` says that the events of one attempt are for one commit, come what may;
    ``arming`` that the commit sets the wake-ups itself.
    """

    __slots__ = ("arming", "limits", "registry", "together")

    def __init__(
        self, registry: Registry, limits: Limits, *, together: bool = False, arming: bool = False
    ) -> None:
        self.registry = registry
        self.limits = limits
        self.together = together
        self.arming = arming

    def attempt(self, work: Work, warm: Warm | None, now: datetime, *, limit: int) -> Attempt:
        """Step every event of a subject on what was read.

        Raises:
            NeedSides, Condemned, Postponed: note it in ``work`` and attempt again.
            Crowded: send what is unsent, then attempt again.
            TooMany: attempt fewer of them.
            UnknownVersion, RecordError: the record is for another worker, or damaged.
        """
        draft = None if warm is None else self._open(work, warm, now)
        verdicts: list[Verdict] = []
        for item in work.items:
            if item.starts and (draft is None or draft.record.status in (FAILED, DELETED)):
                draft = self._begin(work, draft, item, now)
            one = self._one if item.handling is None else self._stepped
            verdicts.append(one(work, draft, item))
            if work.weighed and draft is not None:
                weigh(draft, item.event, verdicts[-1], limit)
        if draft is not None and draft.record.deferred:
            _expire(work, draft, verdicts)
        attempt = Attempt(verdicts, draft)
        if draft is not None and draft.changed:
            self._seal(work, attempt, draft, limit)
        return attempt

    def _open(self, work: Work, warm: Warm, now: datetime) -> Draft:
        record = warm.take(work.items[0].route.key)
        definition = self.registry.definition(record.name, record.version)
        if definition is None and record.status != ACTIVE:  # nothing runs on its version
            definition = self._any_definition(work, record.name)
        if definition is None:
            known = ", ".join(self.registry.versions(record.name)) or "none"
            raise UnknownVersion(
                f"{record.subject} is on version {record.version}, which is not registered here"
                f" (registered: {known}); deploy it beside the others"
            )
        draft = Draft(definition, record, now, self.limits)
        if warm.sides or work.sides:
            draft.sides = Sides({**warm.sides, **work.sides})
        if warm.out:
            recall(draft, warm.out)
        if work.out:
            recall(draft, work.out)
        return draft

    def _any_definition(self, work: Work, name: str) -> Definition | None:
        for item in work.items:
            if item.route.definition is not None:
                return item.route.definition
        versions = self.registry.versions(name)
        return self.registry.definition(name, versions[-1]) if versions else None

    def _begin(self, work: Work, draft: Draft | None, item: Item, now: datetime) -> Draft:
        """Open for another start: no record yet, one whose start failed, or a tombstone."""
        before = None if draft is None else draft.record
        definition = item.route.definition
        assert definition is not None  # it starts
        if draft is not None and before is not None and _is_over(before, item.event, definition):
            return draft
        record = new_record(definition, item.route.process_id, item.event, now, before=before)
        begun = Draft(definition, record, now, self.limits, Sides(work.sides))
        if record.past is not None:
            begun.sides.dropped.extend(record.past.sides)
            record.past.sides = []
        return begun

    def _stepped(self, work: Work, draft: Draft | None, item: Item) -> Verdict:
        """Step one event, watched where somebody wants to know."""
        if item.handling is None:
            return self._one(work, draft, item)
        return item.handling.step(draft, lambda: self._one(work, draft, item))

    def _one(self, work: Work, draft: Draft | None, item: Item) -> Verdict:
        event = item.event
        route = item.route
        if draft is None or not (
            item.starts or draft.record.subject == route.subject or _is_found(draft, route)
        ):
            found = None if draft is None else elsewhere(draft.record, route.subject)
            return found or NO_RECORD
        if work.postponed and event.key in work.postponed:
            return Verdict("retry", "resources", error=work.postponed[event.key])
        if work.condemned and event.key in work.condemned:
            return _condemn(draft, work.condemned[event.key])
        try:
            if item.claim is not None:
                return _step_token(draft, event, item.claim)
            return step(draft, event, starts=item.starts)
        except NOT_POISON as exc:
            work.postponed[event.key] = exc
            raise Postponed from exc

    def _seal(self, work: Work, attempt: Attempt, draft: Draft, limit: int) -> None:
        record = draft.finish()
        if self.arming and record.timers:
            arm_within(draft)
        body = seal(record)
        if len(body) > limit:
            self._see_if_less_would_do(work, draft)
        while len(body) > limit and make_room(record, draft.sides):
            body = seal(record)
        if len(body) > limit:
            self._too_large(work, attempt, len(body), limit)
        attempt.body = body

    def _see_if_less_would_do(self, work: Work, draft: Draft) -> None:
        if not work.emptied and len(draft.record.outbox) > len(draft.fresh):
            raise Crowded
        if len(work.items) > 1 and not self.together:
            raise TooMany

    def _too_large(self, work: Work, attempt: Attempt, size: int, limit: int) -> None:
        if not work.weighed and len(work.items) > 1:
            work.weighed = True  # step again and find the event that is to blame
            raise Postponed
        for item, verdict in zip(reversed(work.items), reversed(attempt.verdicts), strict=True):
            if verdict.status in ("applied", "deferred") and item.event.key not in work.condemned:
                raise too_heavy(item.event, size, limit)
        full = Overfull(f"the record has {size:,} bytes, the store takes {limit:,}")
        for item, verdict in zip(work.items, attempt.verdicts, strict=True):
            if verdict.status == "duplicate":  # it is in the record, and no fault of its own
                work.postponed[item.event.key] = full
        raise full


def _is_found(draft: Draft, route: Route) -> bool:
    """Tell whether this is the process, of whatever version, that an event's content names."""
    named = draft.process_id == route.process_id and draft.record.name == route.name
    return route.by_content and named


def _is_over(record: Record, start: Event, definition: Definition) -> bool:
    """Tell whether a start was judged before, or may have been heard by a life that is over."""
    if knows(record, start.key) or was_started(record, start.key):
        return True
    return start.type in definition.plan.signals and may_be_seen(record, start)


def _step_token(draft: Draft, event: Event, claim: Claim) -> Verdict:
    from xorca.engine.tokens_taken import step_token  # only who takes tokens needs it

    return step_token(draft, event, claim)


class Postponed(Exception):
    """Something was noted in ``Work``, of an event that must come again, say; step again."""


def _expire(work: Work, draft: Draft, verdicts: list[Verdict]) -> None:
    """Settle what waited too long; what tells of it belongs to an event of this commit."""
    if not any(late.expires < draft.at for late in draft.record.deferred):
        return
    for at, (item, verdict) in enumerate(zip(work.items, verdicts, strict=True)):
        if item.claim is None and _is_settled(item, verdict):
            entry = draft.record.inbox.setdefault(item.event.key, Entry(draft.at))
            expire_deferred(draft, entry)
            emits = tuple(entry.emits)
            verdicts[at] = Verdict(verdict.status, verdict.reason, emits, verdict.error)
            return


def _is_settled(item: Item, verdict: Verdict) -> bool:
    """Tell whether an event is done with, so that its entry in the inbox stays as it is.

    An early wake-up comes once more under its id, and must not be known by then; the entry of a
    deferred event goes when its state comes, and what it carried would be left behind. Of a
    repetition another copy may be acknowledged already, and nobody would come for the rest. One
    of a flood is to stay unknown: its letter is sent by whoever delivers it, each time.
    """
    put_off = verdict.reason == "early" and is_timer(item.event)
    if verdict.reason == "flood":
        return False
    return verdict.status not in ("retry", "deferred", "duplicate") and not put_off


def _condemn(draft: Draft, condemned: Condemned) -> Verdict:
    known = draft.record.inbox.get(condemned.event.key)
    if known is not None:
        return Verdict("duplicate", "dead" if known.dead else "seen", tuple(known.emits))
    if is_noisy(draft, condemned.event):
        return muted(draft, Muted(lost=True))
    entry = bury(draft, condemned.event, reason=condemned.reason, cause=condemned.cause)
    count_noise(draft, condemned.event)
    if not draft.record.state:
        draft.record.status = FAILED
        draft.retain()
    return Verdict("dead", condemned.reason, tuple(entry.emits), condemned.error)
