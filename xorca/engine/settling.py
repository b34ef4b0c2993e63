"""Coming to rest: joins that are complete, and deferred events whose state has come."""

from __future__ import annotations

from xorca.dsl.plan import Edge
from xorca.engine.awaiting import match_reply
from xorca.engine.commit import Commit
from xorca.engine.draft import Draft
from xorca.engine.early import trigger_for
from xorca.engine.gathering import complete_joins, consume, payloads_of
from xorca.engine.letters import bury, bury_join
from xorca.engine.record import ENDED, Deferred, Entry
from xorca.engine.taking import root_of, take
from xorca.engine.transition import apply_transition, prepare
from xorca.engine.verdict import Verdict
from xorca.errors import HandlerError, PayloadError
from xorca.events import Event, read_event


class Condemned(Exception):
    """An event must be dead-lettered and nothing of its step kept; step again without it."""

    def __init__(
        self, event: Event, *, reason: str, cause: str, error: Exception | None = None
    ) -> None:
        super().__init__(cause)
        self.event, self.reason, self.cause, self.error = event, reason, cause, error


def settle(draft: Draft, event: Event, verdict: Verdict) -> Verdict:
    """Take joins and deferred events until nothing is left to take.

    Whatever they emit belongs to ``event``, which is still on its way: a redelivery of it
    repairs what was not sent. Gives what became of the event in the end.

    Raises:
        Condemned: the event led to something that cannot be kept.
    """
    record, joins = draft.record, draft.plan.joins
    if not (record.deferred or joins[record.state]):  # nothing waits here, as nearly always
        sent = record.inbox[event.key].emits
        return Verdict("applied", verdict.reason, tuple(sent)) if sent else verdict
    for _ in range(draft.limits.cascade):
        if record.status == ENDED or not (record.deferred or joins[record.state]):
            break
        joined = _complete(draft, event)
        if joined is not None:
            verdict = joined
        elif not _undefer(draft, event):
            break
    else:
        cause = f"{draft.plan.name} did not come to rest after {draft.limits.cascade} transitions"
        raise Condemned(event, reason="endless", cause=cause)
    entry = record.inbox.get(event.key)
    if entry is None or not entry.emits:
        return verdict
    emits = tuple(entry.emits)
    return Verdict(verdict.status, verdict.reason, emits, verdict.error)


def _entry(draft: Draft, event: Event) -> Entry:
    return draft.record.inbox.setdefault(event.key, Entry(draft.at))


def _complete(draft: Draft, event: Event) -> Verdict | None:
    """Take the first complete join whose guard agrees; None if there was nothing to do.

    The verdict is "dead" where the event itself went with its join, else "applied".
    """
    complete = complete_joins(draft)
    for edge in complete:
        try:
            move = prepare(draft, event, payloads_of(draft, edge))
            if not draft.definition.machine.fire(edge.trigger, move):
                continue
        except (HandlerError, PayloadError) as exc:
            reason = exc.reason if isinstance(exc, HandlerError) else "payload"
            return _failed_join(draft, edge, event, reason=reason, error=exc)
        consume(draft, edge)
        draft.unnote(event.type)
        apply_transition(draft, move, event, _entry(draft, event))
        return Verdict("applied", edge.handler)
    if not complete:
        return None
    error = PayloadError(f"no guard at {draft.record.state!r} lets the join pass")
    return _failed_join(draft, complete[-1], event, reason="no-guard", error=error)


def _failed_join(
    draft: Draft, edge: Edge, event: Event, *, reason: str, error: Exception
) -> Verdict:
    cause = str(error)
    buried = bury_join(draft, edge, event, carrier=_entry(draft, event), reason=reason, cause=cause)
    if buried is None:
        raise Condemned(event, reason=reason, cause=cause, error=root_of(error))
    if buried == event.key:
        return Verdict("dead", reason, error=root_of(error))
    return Verdict("applied", "gathered")


def _undefer(draft: Draft, event: Event) -> bool:
    """Apply the first deferred event that the present state takes; True if there was one."""
    for at, deferred in enumerate(draft.record.deferred):
        early = read_event(bytes(deferred.event))
        if deferred.expires < draft.at or trigger_for(draft, early) is None:
            continue
        del draft.record.deferred[at]
        _take_deferred(draft, deferred, early, event)
        return True
    return False


def _take_deferred(draft: Draft, deferred: Deferred, early: Event, event: Event) -> None:
    record = draft.record
    match = match_reply(draft.plan, record, draft.mark, early)
    if match is not None and (match.reason or match.emit != deferred.answers):
        return  # the command it answered was answered or sent again since
    trigger = trigger_for(draft, early)
    assert trigger is not None  # the caller has asked
    take(draft, early, trigger, match)
    done = record.inbox.get(early.key)
    if done is not None and done.emits:
        _entry(draft, event).emits.extend(done.emits)
        done.emits = []


def expire_deferred(draft: Commit, carrier: Entry | None = None) -> None:
    """Dead-letter what waited too long for its state; ``carrier`` is as of ``bury``."""
    waiting = draft.record.deferred
    late = [deferred for deferred in waiting if deferred.expires < draft.at]
    draft.record.deferred = [d for d in waiting if d.expires >= draft.at]
    for deferred in late:
        event = read_event(bytes(deferred.event))
        cause = f"its state did not come within {draft.limits.defer_for:.0f} s"
        bury(draft, event, reason="never-accepted", cause=cause, carrier=carrier)
