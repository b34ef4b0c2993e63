"""The dead letters of a store, and the records that they lie in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from xorca.engine.ids import parse_subject
from xorca.engine.record import Dead, Record, unseal
from xorca.errors import PortError, RecordError
from xorca.ports import Query, Store
from xorca.runtime.naming import check_found, key_of, not_found
from xorca.telemetry.lines import say

AT_ONCE = 32
"""How many records are read at the same time."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that its process could not take: which, why, and when it was given up.

    ``kept`` tells whether the event itself is there, so that it can be redriven.
    """

    subject: str
    id: str
    source: str
    type: str
    reason: str
    cause: str
    at: datetime
    kept: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A record with where it lies."""

    key: str
    process_id: str
    record: Record


async def find(store: Store, subject: str) -> Found:
    """Read the record of a subject.

    Raises:
        ProcessNotFound: there is none, or it was deleted.
        RecordError: what is stored cannot be trusted.
    """
    key = key_of(subject)
    stored = await store.load(key)
    if stored is None:
        raise not_found(subject)
    record = unseal(stored.body, where=key)
    check_found(record, subject)
    parts = parse_subject(subject)
    assert parts is not None  # it has a key
    return Found(key, parts.process_id, record)


async def dead_letters(
    store: Store,
    *,
    name: str = "",
    subject: str = "",
    tell: Callable[[str, Exception], None] | None = None,
) -> AsyncIterator[DeadLetter]:
    """Give the dead letters of a store, of one orchestrator, or of one process.

    Records are read page by page. Of one that cannot be read ``tell`` is told, with its key;
    without it there is a line in the log. The others follow.

    Raises:
        ProcessNotFound: there is no process of that subject.
    """
    if subject:
        for letter in _letters((await find(store, subject)).record):
            yield letter
        return
    query, after = Query(prefix=f"{name}/" if name else "", name=name), ""
    while True:
        page = await store.list(query, after=after, limit=AT_ONCE)
        keys = [item.key for item in page.items if not item.key.startswith("_")]
        reading = [_read(store, key, tell or _log) for key in keys]
        for letters in await asyncio.gather(*reading):
            for letter in letters:
                yield letter
        if page.after is None:
            return
        after = page.after


async def _read(store: Store, key: str, tell: Callable[[str, Exception], None]) -> list[DeadLetter]:
    try:
        stored = await store.load(key)
        return [] if stored is None else _letters(unseal(stored.body, where=key))
    except (PortError, RecordError) as exc:
        tell(key, exc)
        return []


def _log(key: str, exc: Exception) -> None:
    message = f"the dead letters of {key} cannot be read"
    say(logging.ERROR, "letters.unread", message, {"key": key}, error=exc)


def _letters(record: Record) -> list[DeadLetter]:
    return [_letter(record.subject, dead) for dead in record.dead]


def _letter(subject: str, dead: Dead) -> DeadLetter:
    at = datetime.fromtimestamp(dead.at, UTC)
    kept = bool(dead.events)
    return DeadLetter(subject, dead.id, dead.source, dead.type, dead.reason, dead.cause, at, kept)
