"""Reading what is stored of processes, without a Runtime and without changing anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from xorca.engine.awaiting import emit_of, is_open
from xorca.engine.ids import identity, parse_subject, storage_key
from xorca.engine.record import DELETED, Awaited, Record, unseal
from xorca.errors import RecordError
from xorca.ports import Listed, Query, Store, Summary
from xorca.providers.listing import matches
from xorca.runtime.summary import summary_of


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the short history: what came, and the state after it."""

    revision: int
    at: datetime
    event: str
    state: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that somebody will answer; ``open`` of its ``count`` items were not answered.

    ``ids`` are the events that carry the open items, as far as they were sent.
    """

    command: str
    open: int
    count: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A timer that runs; ``armed`` tells whether its wake-up is known to be set."""

    name: str
    due: datetime
    armed: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """An event in the outbox: committed, and not known to be out."""

    id: str
    type: str
    revision: int


@dataclass(frozen=True, slots=True)
class Early:
    """An event that came before its state; it is given up when it expires."""

    id: str
    source: str
    type: str
    at: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; ``kept`` tells whether the event itself is there for a redrive."""

    id: str
    source: str
    type: str
    reason: str
    cause: str
    at: datetime
    kept: bool


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that is stored of one process, for people and programs to read."""

    subject: str
    name: str
    version: str
    process_id: str
    status: str
    state: str
    revision: int
    started: datetime
    updated: datetime
    memory: Mapping[str, Any]  # as JSON holds it: the class itself need not be at hand
    timeline: tuple[Moment, ...]
    commands: tuple[Pending, ...]
    gathered: Mapping[str, int]
    timers: tuple[Deadline, ...]
    outbox: tuple[Unsent, ...]
    deferred: tuple[Early, ...]
    dead: tuple[Letter, ...]
    reason: str = ""  # why it was cancelled
    keep_until: datetime | None = None  # when it may be pruned, once it has ended


async def describe(store: Store, subject: str) -> Description | None:
    """Describe the process of a subject; None if there is none, or it was deleted.

    Raises:
        RecordError: what is stored cannot be trusted.
    """
    parts = parse_subject(subject)
    if parts is None:
        return None
    key = storage_key(parts.name, parts.process_id)
    stored = await store.load(key)
    if stored is None:
        return None
    record = unseal(stored.body, where=key)
    there = record.subject == subject and record.status != DELETED
    return description_of(record) if there else None


async def processes(store: Store, query: Query | None = None) -> AsyncIterator[Summary]:
    """Give the processes that a query asks for, in the order of their keys.

    Where the store keeps no summaries the records themselves are read, page by page. What
    was deleted is given only to a query for the status ``deleted``.

    Raises:
        RecordError: after all others were given, where a record cannot be trusted.
    """
    asked, after = query or Query(), ""
    unread: list[RecordError] = []
    while True:
        page = await store.list(asked, after=after)
        for item in page.items:
            summary = await _summary(store, item, unread)
            if summary is not None and matches(asked, summary) and _is_shown(asked, summary):
                yield summary
        if page.after is None:
            break
        after = page.after
    if unread:
        raise unread[0]


def _is_shown(asked: Query, summary: Summary) -> bool:
    return summary.status != DELETED or asked.status == DELETED


async def _summary(store: Store, item: Listed, unread: list[RecordError]) -> Summary | None:
    if item.key.startswith("_"):  # side objects and the like, no records
        return None
    if item.summary is not None:
        return item.summary
    stored = await store.load(item.key)
    try:
        return None if stored is None else summary_of(unseal(stored.body, where=item.key))
    except RecordError as exc:  # the others are asked for, too
        unread.append(exc)
        return None


def description_of(record: Record) -> Description:
    """Describe a record."""
    process_id, mark = identity(record.subject, record.name, record.incarnation)
    return Description(
        subject=record.subject,
        name=record.name,
        version=record.version,
        process_id=process_id,
        status=record.status,
        state=record.state,
        revision=record.revision,
        started=_time(record.started),
        updated=_time(record.updated),
        memory=msgspec.json.decode(record.memory),
        timeline=tuple(Moment(s.revision, _time(s.at), s.event, s.state) for s in record.history),
        commands=tuple(_pending(mark, name, found) for name, found in record.awaited.items()),
        gathered={name: len(basket.items) for name, basket in record.baskets.items()},
        timers=tuple(
            Deadline(name, _time(timer.due), timer.set) for name, timer in record.timers.items()
        ),
        outbox=_outbox(record),
        deferred=tuple(_early(one.event, one.at, one.expires) for one in record.deferred),
        dead=tuple(
            Letter(d.id, d.source, d.type, d.reason, d.cause, _time(d.at), bool(d.events))
            for d in record.dead
        ),
        reason=record.reason,
        keep_until=_time(record.keep_until) if record.keep_until else None,
    )


def _pending(mark: str, command: str, awaited: Awaited) -> Pending:
    open_items = [item for item in range(awaited.count) if is_open(awaited, item)]
    sent = awaited.sent or awaited.count
    ids = tuple(emit_of(mark, awaited, item) for item in open_items if item < sent)
    return Pending(command, len(open_items), awaited.count, ids)


class _Head(msgspec.Struct):
    id: str
    source: str
    type: str


_head = msgspec.json.Decoder(_Head).decode


def _outbox(record: Record) -> tuple[Unsent, ...]:
    found = [Unsent(key, _head(out.event).type, out.revision) for key, out in record.outbox.items()]
    return tuple(sorted(found, key=lambda unsent: unsent.revision))


def _early(event: msgspec.Raw, at: float, expires: float) -> Early:
    head = _head(event)
    return Early(head.id, head.source, head.type, _time(at), _time(expires))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
