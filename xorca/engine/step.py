"""The pure step: a record and an event make the next record and what it will send.

Nothing here awaits, reads a clock or keeps anything between two calls; whatever a step has
to be given (side objects, say) it asks for by raising NeedSides, and is run again.
"""

from __future__ import annotations

from xorca.engine.awaiting import Match, match_reply
from xorca.engine.commit import noted
from xorca.engine.draft import Draft
from xorca.engine.early import ignore, judge_early, trigger_for
from xorca.engine.ids import incarnation_of
from xorca.engine.inbox import has_seen, in_pages
from xorca.engine.letters import bury
from xorca.engine.noise import Muted, count_noise, is_noisy, muted
from xorca.engine.record import ACTIVE, Entry
from xorca.engine.settling import settle
from xorca.engine.starting import start
from xorca.engine.taking import fire, take
from xorca.engine.timing import is_timer, take_timer
from xorca.engine.tombstones import was_started
from xorca.engine.transition import apply_transition, prepare
from xorca.engine.verdict import DUPLICATE, Verdict
from xorca.errors import RecordError
from xorca.events import Event


def step(draft: Draft, event: Event, *, starts: bool = False) -> Verdict:
    """Apply one event to a draft.

    Args:
        draft: It is changed, unless the verdict is one that changes nothing.
        event: What came.
        starts: Whether the event is one that starts processes of this class.

    Raises:
        NeedSides: side objects are missing; drop the draft, load them, step again.
        Condemned: drop the draft and step again with the event as a dead letter.
        MemoryError, RecursionError: no fault of the event; drop the draft.
        RecordError: the record is in a state that its class does not have.
    """
    record, key = draft.record, event.key
    known = record.inbox.get(key)
    if known is not None:
        return Verdict("duplicate", "dead" if known.dead else "seen", tuple(known.emits))
    if has_seen(record, key):
        return DUPLICATE
    if record.noise and is_noisy(draft, event):
        return _step_quietly(draft, event, starts)
    return _step(draft, event, starts)


def _step_quietly(draft: Draft, event: Event, starts: bool) -> Verdict:
    """Apply an event if that has an effect, and else note nothing of it."""
    draft.muted = event
    try:
        return _step(draft, event, starts)
    except Muted as caught:
        return muted(draft, caught)
    finally:
        draft.muted = None


def _step(draft: Draft, event: Event, starts: bool) -> Verdict:
    record = draft.record
    if starts and not (record.state and _is_signal(draft, event)):
        verdict = start(draft, event)
        if verdict.status != "applied":
            count_noise(draft, event)
        return verdict
    if record.status != ACTIVE:
        return Verdict("ignored", record.status)
    if record.state not in draft.plan.joins:
        raise RecordError(
            f"{record.subject} is in state {record.state!r}, which {draft.plan.name}"
            f" {draft.plan.version} does not have: raise the version when states change"
        )
    verdict = _timer(draft, event) if is_timer(event) else _take(draft, event)
    if verdict.status == "applied":
        return settle(draft, event, verdict)
    count_noise(draft, event)
    return verdict


def _is_signal(draft: Draft, event: Event) -> bool:
    """Tell whether an event that starts processes is one that this process, alive, hears."""
    record = draft.record
    if event.type not in draft.plan.signals or record.status != ACTIVE:
        return False
    # Its own start is not heard again, nor that of an earlier life.
    return incarnation_of(event) != record.incarnation and not was_started(record, event.key)


def _take(draft: Draft, event: Event) -> Verdict:
    match = match_reply(draft.plan, draft.record, draft.mark, event)
    if match is None or not match.by_causation:
        unprovable = _too_old(draft, event)
        if unprovable is not None:
            return unprovable
    if match is not None and match.reason:
        return _unmatched(draft, event, match)
    trigger = trigger_for(draft, event)
    if trigger is not None:
        return take(draft, event, trigger, match)
    if in_pages(draft.record, event.key, draft.sides):  # an answer that nobody hears, say
        return DUPLICATE
    return judge_early(draft, event, match)


def _unmatched(draft: Draft, event: Event, match: Match) -> Verdict:
    if match.reason == "no-causation":
        cause = f"{match.command!r} was sent as a list; its answers must name theirs (causationid)"
        entry = bury(draft, event, reason="no-causation", cause=cause)
        return Verdict("dead", "no-causation", tuple(entry.emits))
    if match.by_causation:
        draft.known_out(str(event.extensions.get("causationid")))
        return Verdict("ignored", match.reason)  # the same for ever: there is nothing to record
    return ignore(draft, event, match.reason)


def _too_old(draft: Draft, event: Event) -> Verdict | None:
    """Judge an event whose repetition can only be told by the inbox, as far as that reaches."""
    record = draft.record
    if record.pages and in_pages(record, event.key, draft.sides):
        return DUPLICATE
    if not record.floor:
        return None
    made = event.timestamp()
    if made is None or noted(made) > record.floor:
        return None
    cause = f"it is of {event.time}, older than what can be proven not to have been seen"
    entry = bury(draft, event, reason="stale-unprovable", cause=cause)
    return Verdict("dead", "stale-unprovable", tuple(entry.emits))


def _timer(draft: Draft, event: Event) -> Verdict:
    taken = take_timer(draft, event)
    if isinstance(taken, Verdict):
        return taken
    move = prepare(draft, event)
    failed = fire(draft, taken.trigger, move, event)
    draft.record.timers.pop(taken.trigger, None)
    if failed is not None:
        return failed
    # Its repetition is judged by the timers, as that of an answer by the awaited commands.
    entry = draft.record.inbox[event.key] = Entry(draft.at, answered=True)
    apply_transition(draft, move, event, entry)
    return Verdict("applied", taken.handler)
