"""Dead letters: an entry in the record, and an event that tells of it."""

from __future__ import annotations

import msgspec

from xorca.dsl.plan import Edge
from xorca.engine.commit import Commit
from xorca.engine.draft import Draft
from xorca.engine.emitting import MAX_EMIT, trace_of
from xorca.engine.gathering import free_places
from xorca.engine.noise import refuse_noise
from xorca.engine.record import Dead, Entry, raw
from xorca.engine.sharing import drop_letter, has_room
from xorca.events import Event, derived_id

DEAD_LETTER_TYPE = "sys.xorca.deadletter"
_CAUSE_LENGTH = 500


def dead_letter_data(event: Event | None, *, subject: str, reason: str, cause: str) -> bytes:
    """Give the data of a dead-letter event: what and why, never the payload."""
    about = {
        "subject": subject,
        "reason": reason,
        "cause": cause[:_CAUSE_LENGTH],
        "event": None
        if event is None
        else {"id": event.id, "source": event.source, "type": event.type},
    }
    return msgspec.json.encode(about)[:MAX_EMIT]


def bury(
    draft: Commit,
    event: Event,
    *,
    reason: str,
    cause: str,
    also: tuple[Event, ...] = (),
    carrier: Entry | None = None,
) -> Entry:
    """Record an event (and the other parts of its join) as dead, and tell of it.

    The event itself is kept for a redrive while there is room for it. What tells of it
    belongs to ``carrier``, the entry of the event on its way, by default its own.
    """
    refuse_noise(draft, event)
    record = draft.record
    entry = record.inbox.setdefault(event.key, Entry(draft.at))
    entry.dead = True
    events = [raw(e.to_json()) for e in (event, *also)]
    letter = Dead(
        event.key, event.id, event.source, event.type, reason, cause[:_CAUSE_LENGTH], draft.at
    )
    if _fits(draft, event.source, events):
        letter.events = events
    record.dead.append(letter)
    _make_room(draft)
    data = dead_letter_data(event, subject=record.subject, reason=reason, cause=cause)
    told = draft.emitter.event(
        draft.next_id(),
        DEAD_LETTER_TYPE,
        data,
        cause=event.id,
        trace=draft.trace or trace_of(event),
    )
    draft.send(told, carrier or entry)
    draft.note(event.type)
    return entry


def _fits(draft: Commit, source: str, events: list[msgspec.Raw]) -> bool:
    sizes = [len(memoryview(event)) for event in events]
    if any(size > draft.limits.kept_body for size in sizes):
        return False
    return has_room(draft.record, draft.limits, source, sum(sizes))


def _make_room(draft: Commit) -> None:
    record = draft.record
    while len(record.dead) > draft.limits.dead:
        oldest = drop_letter(record)
        record.dead_dropped += 1
        entry = record.inbox.get(oldest.key)
        if entry is not None:
            entry.dead = False  # it stays seen; only the redrive of it is given up


def bury_join(
    draft: Draft, edge: Edge, event: Event, *, carrier: Entry, reason: str, cause: str
) -> str | None:
    """Dead-letter all parts of a join under one entry and free their places.

    Gives the key of that entry: the event on its way if it is a part, else the last that
    came; None if nothing had arrived, so that there is nothing to bury.
    """
    parts = [
        Event(
            id=kept.id,
            source=kept.source,
            type=part.name,
            subject=draft.record.subject,
            data=bytes(kept.data),
            datacontenttype="application/json",
            extensions={"causationid": kept.emit} if kept.emit else {},
        )
        for part, kept in free_places(draft, edge)
    ]
    if not parts:
        return None
    for part in parts:
        # Their places are free again, so only the inbox can tell a repetition from now on.
        draft.record.inbox.setdefault(part.key, Entry(draft.at)).answered = False
    head = next((part for part in parts if part.key == event.key), parts[-1])
    others = tuple(part for part in parts if part is not head)
    bury(draft, head, reason=reason, cause=cause, also=others, carrier=carrier)
    return head.key


_BEGINNING = 2048


def beginning_of(given: object) -> bytes:
    """Give the beginning of what is no event, and how long it is: enough to know it again."""
    if isinstance(given, bytes | bytearray | str):
        begins = given[:_BEGINNING]
        text = begins.encode("utf-8", "surrogatepass") if isinstance(begins, str) else bytes(begins)
        return b"%b %d" % (text, len(given))
    return repr(given)[:_BEGINNING].encode("utf-8", "surrogatepass")


def loose_letter(event: Event | None, *, body: bytes, reason: str, cause: str) -> Event:
    """Make the dead-letter event of something that belongs to no record.

    Its id is derived from what it tells of, so a redelivery tells of it under the same id.
    """
    what = event.key if event is not None else derived_id("body", body.hex())
    subject = (event.subject if event is not None else None) or ""
    return Event(
        id=derived_id("dead", what, reason),
        source="/xorca/runtime",
        type=DEAD_LETTER_TYPE,
        subject=subject or None,
        data=dead_letter_data(event, subject=subject, reason=reason, cause=cause),
        datacontenttype="application/json",
    )
