"""The first step of a process, and starts that come to one that exists."""

from __future__ import annotations

from datetime import datetime

from xorca.engine.commit import noted
from xorca.engine.draft import Definition, Draft
from xorca.engine.early import ignore
from xorca.engine.emitting import trace_of
from xorca.engine.ids import incarnation_of, make_subject
from xorca.engine.inbox import in_pages
from xorca.engine.letters import bury
from xorca.engine.noise import refuse_noise
from xorca.engine.record import ACTIVE, DELETED, FAILED, FORMAT, Entry, Origin, Record
from xorca.engine.settling import settle
from xorca.engine.taking import fire
from xorca.engine.tombstones import note_start, was_started
from xorca.engine.transition import apply_transition, prepare
from xorca.engine.verdict import DUPLICATE, Verdict
from xorca.events import Event


def new_record(
    definition: Definition,
    process_id: str,
    start: Event,
    now: datetime,
    *,
    before: Record | None = None,
) -> Record:
    """Give the record of a process before its first step; its revision is 0.

    Where an earlier start failed, or an earlier life was deleted, what that left ``before``
    goes on: a dead letter, which events were seen, which starts are over.
    """
    plan = definition.plan
    at = noted(now)
    record = Record(
        format=FORMAT,
        subject=make_subject(plan.name, plan.version, process_id),
        name=plan.name,
        version=plan.version,
        incarnation=incarnation_of(start),
        revision=0,
        status=ACTIVE,
        state="",
        started=at,
        updated=at,
        origin=Origin(start.id, start.source, start.type, start.subject or "", trace_of(start)),
    )
    if before is not None:
        record.revision, record.past = before.revision, before.past
        record.inbox, record.outbox = before.inbox, before.outbox
        record.seen, record.seen_until, record.pages = before.seen, before.seen_until, before.pages
        record.dead, record.history, record.floor = before.dead, before.history, before.floor
        record.noise = before.noise
    return record


def start(draft: Draft, event: Event) -> Verdict:
    """Begin a process, or say that there is one already."""
    record = draft.record
    if record.status != ACTIVE or record.state:
        return _exists(draft, event)
    edge = draft.plan.starts[event.type]
    move = prepare(draft, event)
    failed = fire(draft, edge.trigger, move, event)
    if failed is not None:
        record.status = FAILED
        draft.retain()
        return failed
    entry = record.inbox[event.key] = Entry(draft.at)
    apply_transition(draft, move, event, entry)
    if record.status == ACTIVE:
        for deadline in draft.plan.lifetimes:
            draft.arm(deadline)
    return settle(draft, event, Verdict("applied", edge.handler))


def _exists(draft: Draft, event: Event) -> Verdict:
    """Answer a second start of a living or ended process; nothing of it changes."""
    record = draft.record
    if record.status == DELETED:
        return Verdict("ignored", DELETED)
    if incarnation_of(event) == record.incarnation or in_pages(record, event.key, draft.sides):
        return DUPLICATE  # it is the very start of this process, forgotten by age
    if was_started(record, event.key):
        return DUPLICATE
    edge = draft.plan.starts.get(event.type)
    acknowledged = edge is not None and edge.on_existing == "ignore"
    refuse_noise(draft, event, lost=not acknowledged)
    if acknowledged:
        note_start(record, event.key)
        return ignore(draft, event, "process-exists")
    cause = f"{record.subject} exists since another start; use another process id"
    if not event.type.startswith("cmd."):
        entry = bury(draft, event, reason="process-exists", cause=cause)
        return Verdict("dead", "process-exists", tuple(entry.emits))
    note_start(record, event.key)
    entry = record.inbox[event.key] = Entry(draft.at)
    name, data = f"evt.{event.type[4:]}.error", b'{"reason":"process-exists"}'
    caller = (event.id, event.subject)  # not the one who started the process
    trace = draft.trace or trace_of(event)
    reply = draft.emitter.reply(draft.next_id(), name, data, caller, trace)
    draft.send(reply, entry)
    return Verdict("ignored", "process-exists", tuple(entry.emits))
