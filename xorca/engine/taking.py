"""Letting the machine look for a way, and what becomes of an event that finds none."""

from __future__ import annotations

from xorca.engine.awaiting import Match
from xorca.engine.draft import Draft
from xorca.engine.early import ignore
from xorca.engine.gathering import is_kept, put
from xorca.engine.letters import bury
from xorca.engine.record import Entry
from xorca.engine.sending import release
from xorca.engine.transition import Transition, answer, apply_transition, prepare
from xorca.engine.verdict import Verdict
from xorca.errors import HandlerError, PayloadError
from xorca.events import Event


def take(draft: Draft, event: Event, trigger: str, match: Match | None) -> Verdict:
    """Take an event that the present state hears."""
    record = draft.record
    if match is None and record.baskets and _comes_twice(draft, event):
        return ignore(draft, event, "twice")
    move = prepare(draft, event)
    failed = fire(draft, trigger, move, event)
    if failed is not None:
        return failed
    if move.edge is None and not move.gathered:
        return _refused(draft, event, match)
    entry = record.inbox[event.key] = Entry(draft.at)
    if match is not None:
        answer(draft, match, entry)
    if move.edge is None:
        put(draft, event, match)
        draft.changed = True
        draft.note(event.type)
    else:
        apply_transition(draft, move, event, entry)
    if match is not None and match.command in record.backlog:
        release(draft, match.command, entry)
    return Verdict("applied", "gathered" if move.edge is None else move.edge.handler)


def _comes_twice(draft: Draft, event: Event) -> bool:
    """Tell whether a join has this event, which answers nothing, already."""
    alone = draft.plan.written_name(draft.record.state, event.type) is not None
    return is_kept(draft.record, event.type) and not alone


def fire(draft: Draft, trigger: str, move: Transition, event: Event) -> Verdict | None:
    """Let the machine look for a way; a handler that fails makes the event a dead letter."""
    try:
        draft.definition.machine.fire(trigger, move)
    except (HandlerError, PayloadError) as exc:
        reason = exc.reason if isinstance(exc, HandlerError) else "payload"
        entry = bury(draft, event, reason=reason, cause=str(exc))
        return Verdict("dead", reason, tuple(entry.emits), root_of(exc))
    if move.edge is None and not move.gathered and not move.guarded:
        cause = "; ".join(dict.fromkeys(move.misfits)) or "no handler takes it"
        entry = bury(draft, event, reason="payload", cause=cause)
        return Verdict("dead", "payload", tuple(entry.emits), PayloadError(cause))
    return None


def root_of(exc: Exception) -> Exception:
    """Give what a handler raised, or the error itself."""
    return exc.__cause__ if isinstance(exc.__cause__, Exception) else exc


def _refused(draft: Draft, event: Event, match: Match | None) -> Verdict:
    """Every guard said no."""
    if match is None:
        return ignore(draft, event, "guard")
    cause = f"no guard at {draft.record.state!r} lets {event.type!r} pass"
    entry = bury(draft, event, reason="no-guard", cause=cause)
    return Verdict("dead", "no-guard", tuple(entry.emits))
