"""Events that the present state does not take: deferred, ignored or dead-lettered."""

from __future__ import annotations

from xorca.dsl.plan import Early, Edge, Plan
from xorca.engine.awaiting import Match
from xorca.engine.draft import Draft
from xorca.engine.letters import bury
from xorca.engine.noise import refuse_noise
from xorca.engine.record import Deferred, Entry, raw
from xorca.engine.sharing import has_place, has_room
from xorca.engine.verdict import Verdict
from xorca.events import Event


def judge_early(draft: Draft, event: Event, match: Match | None) -> Verdict:
    """Decide about an event that the present state does not take, and record it."""
    plan, state = draft.plan, draft.record.state
    takers = takers_of(plan, event.type)
    if not takers:
        cause = f"no state of {plan.name} {plan.version} hears {event.type!r}"
        entry = bury(draft, event, reason="not-heard", cause=cause)
        return Verdict("dead", "not-heard", tuple(entry.emits))
    later = {name: edges for name, edges in takers.items() if name in plan.successors[state]}
    if not later:
        return ignore(draft, event, "late")
    policy = _policy(later)
    if policy == "ignore":
        return ignore(draft, event, "early")
    if policy == "reject":
        cause = f"{state!r} does not take {event.type!r} and early events are rejected"
        entry = bury(draft, event, reason="early", cause=cause)
        return Verdict("dead", "early", tuple(entry.emits))
    return _defer(draft, event, match)


def takers_of(plan: Plan, name: str) -> dict[str, tuple[Edge, ...]]:
    """Give the states that take an event, each with the edges by which it does."""
    takers: dict[str, tuple[Edge, ...]] = {}
    for state in plan.states:
        written = plan.written_name(state.name, name)
        edges = plan.edges_for(state.name, written) if written is not None else ()
        joins = tuple(
            e for e in plan.joins[state.name] if any(part.name == name for part in e.parts)
        )
        if edges or joins:
            takers[state.name] = edges + joins
    return takers


def _policy(later: dict[str, tuple[Edge, ...]]) -> Early:
    return next(edge.early for edges in later.values() for edge in edges)


def ignore(draft: Draft, event: Event, reason: str) -> Verdict:
    """Note that an event was seen and changed nothing."""
    refuse_noise(draft, event, lost=False)
    draft.record.inbox[event.key] = Entry(draft.at)
    draft.changed = True
    return Verdict("ignored", reason)


def _defer(draft: Draft, event: Event, match: Match | None) -> Verdict:
    refuse_noise(draft, event)
    record, limits = draft.record, draft.limits
    body = event.to_json()
    room = has_place(record, limits, event.source)
    if not (room and has_room(record, limits, event.source, len(body))):
        cause = f"{len(record.deferred)} events wait for a later state already"
        entry = bury(draft, event, reason="deferred-full", cause=cause)
        return Verdict("dead", "deferred-full", tuple(entry.emits))
    if len(body) > limits.kept_body:
        cause = f"it came early and has {len(body):,} bytes, more than {limits.kept_body:,}"
        entry = bury(draft, event, reason="deferred-large", cause=cause)
        return Verdict("dead", "deferred-large", tuple(entry.emits))
    answers = match.emit if match is not None else ""
    expires = draft.at + limits.defer_for
    record.deferred.append(Deferred(event.key, raw(body), draft.at, expires, answers))
    record.inbox[event.key] = Entry(draft.at, answered=bool(match and match.by_causation))
    draft.changed = True
    return Verdict("deferred", "early")


def trigger_for(draft: Draft, event: Event) -> str | None:
    """Give the trigger by which the present state takes an event, None if it does not."""
    return draft.plan.trigger(draft.record.state, event.type)
