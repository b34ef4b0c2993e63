"""The same process written by hand: transitions, msgspec and SQLite, and no protocol.

It has typed payloads, ids and times on what it sends, one durable write an event, group
commits, and a row for the deadline of the process while it lives. It has no inbox, no outbox,
no condition on the write, no checksum and no version: it loses commands in a crash and
applies a redelivered event twice.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import msgspec
from transitions import Machine

from tests.benchmarks.books import Sent
from xorca.providers.local.connection import _CHECKPOINT_PAGES, _READER_CACHE, _SETTINGS
from xorca.providers.local.schema import PAGE_SIZE

MINUTES_15 = 900.0
START = "xorca.books.summary.start"


class Came(msgspec.Struct):
    """An event as it comes."""

    id: str
    source: str
    type: str
    subject: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    processid: str = ""


class Leaving(msgspec.Struct):
    """An event as it goes out; data is any of the payloads below."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    causationid: str
    data: Any


class State(msgspec.Struct):
    """What is stored of a process."""

    state: str = "new"
    book_id: str = ""
    summary: str = ""
    verdicts: dict[str, bool] = {}


class Book(msgspec.Struct):
    book_id: str


class Text(msgspec.Struct):
    text: str


class Summary(msgspec.Struct):
    summary: str


class Verdict(msgspec.Struct):
    ok: bool


class Result(msgspec.Struct):
    book_id: str
    summary: str
    ok: bool


_read_event = msgspec.json.Decoder(Came).decode
_read_state = msgspec.json.Decoder(State).decode
_read_book = msgspec.json.Decoder(Book).decode
_read_text = msgspec.json.Decoder(Text).decode
_read_summary = msgspec.json.Decoder(Summary).decode
_read_verdict = msgspec.json.Decoder(Verdict).decode
_write = msgspec.json.Encoder().encode


class Cursor:
    """The model of the machine: a state that is on its way, the event, and what it sends."""

    __slots__ = ("came", "out", "state", "stored")

    def __init__(self, came: Came, stored: State) -> None:
        self.came, self.stored, self.state = came, stored, stored.state
        self.out: list[tuple[str, msgspec.Struct]] = []


# The model of transitions' EventData is of no type that it could tell: hence Any below.


def _begin(data: Any) -> None:
    at: Cursor = data.model
    at.stored.book_id = _read_book(at.came.data).book_id
    at.out.append(("cmd.books.fetch", Book(at.stored.book_id)))


def _summarise(data: Any) -> None:
    at: Cursor = data.model
    at.out.append(("cmd.summary.create", Text(_read_text(at.came.data).text)))


def _check(data: Any) -> None:
    at: Cursor = data.model
    at.stored.summary = _read_summary(at.came.data).summary
    at.out.append(("cmd.grammar.check", Text(at.stored.summary)))
    at.out.append(("cmd.regulations.check", Text(at.stored.summary)))


def _note(data: Any) -> None:
    at: Cursor = data.model
    at.stored.verdicts[at.came.type] = _read_verdict(at.came.data).ok


def _is_second(data: Any) -> bool:
    at: Cursor = data.model
    return len(at.stored.verdicts.keys() | {at.came.type}) == 2


def _finish(data: Any) -> None:
    _note(data)
    at: Cursor = data.model
    ok = all(at.stored.verdicts.values())
    at.out.append(("notif.books.summarised", Result(at.stored.book_id, at.stored.summary, ok)))


def _machine() -> Machine:
    states = ["new", "begin", "summarise", "check", "finish"]
    machine = Machine(
        model=None, states=states, initial="new", auto_transitions=False, send_event=True
    )
    machine.add_transition(START, "new", "begin", before=[_begin])
    machine.add_transition("evt.books.fetch.success", "begin", "summarise", before=[_summarise])
    machine.add_transition("evt.summary.create.success", "summarise", "check", before=[_check])
    for name in ("evt.grammar.check.success", "evt.regulations.check.success"):
        machine.add_transition(name, "check", "finish", conditions=[_is_second], before=[_finish])
        machine.add_transition(name, "check", None, before=[_note])
    return machine


_EVENTS = _machine().events
_SELECT = "SELECT body FROM state WHERE key = ?"
_ARM = "INSERT INTO deadline VALUES (?, ?)"
_DISARM = "DELETE FROM deadline WHERE key = ?"
_SAVE = "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"


class ByHand:
    """Handle events over one file; writes of one turn of the loop are committed together."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        checkpoint = f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}"
        first = (f"PRAGMA page_size = {PAGE_SIZE}", "PRAGMA journal_mode = WAL")
        cache = f"PRAGMA cache_size = -{_READER_CACHE}"
        for statement in (*first, *_SETTINGS, checkpoint, cache):
            self._connection.execute(statement)
        self._connection.execute("CREATE TABLE state (key TEXT PRIMARY KEY, body BLOB NOT NULL)")
        self._connection.execute("CREATE TABLE deadline (key TEXT PRIMARY KEY, due REAL NOT NULL)")
        self._connection.execute("CREATE INDEX deadline_due ON deadline (due)")
        self._cursor = self._connection.cursor()
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._armed: list[tuple[str, float]] = []
        self._disarmed: list[tuple[str]] = []
        self._numbers = itertools.count()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    async def handle(self, body: bytes) -> tuple[str, Sequence[Sent]]:
        """Read, step, save and send."""
        came = _read_event(body)
        subject = came.subject or f"books.summary/1.0.0/{came.processid}"
        row = self._cursor.execute(_SELECT, (subject,)).fetchone()
        at = Cursor(came, _read_state(row[0]) if row else State())
        _EVENTS[came.type].trigger(at)
        at.stored.state = at.state
        if row is None:
            self._armed.append((subject, time() + MINUTES_15))
        elif at.state == "finish":
            self._disarmed.append((subject,))
        await self._save(subject, _write(at.stored))
        return at.state, self._send(at, subject)

    async def _save(self, key: str, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        saved: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((key, body, saved))
        await saved

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        armed, self._armed = self._armed, []
        disarmed, self._disarmed = self._disarmed, []
        self._cursor.execute("BEGIN IMMEDIATE")
        self._cursor.executemany(_SAVE, [(key, body) for key, body, _ in waiting])
        if armed:
            self._cursor.executemany(_ARM, armed)
        if disarmed:
            self._cursor.executemany(_DISARM, disarmed)
        self._cursor.execute("COMMIT")
        for _, _, saved in waiting:
            saved.set_result(None)

    def _send(self, at: Cursor, subject: str) -> list[Sent]:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        return [self._event(at, subject, name, payload, time=moment) for name, payload in at.out]

    def _event(
        self, at: Cursor, subject: str, name: str, payload: msgspec.Struct, *, time: str
    ) -> Sent:
        emit_id = f"{at.came.id}-{next(self._numbers)}"
        _write(
            Leaving(
                "1.0",
                emit_id,
                "/books",
                name,
                subject,
                time,
                "application/json",
                at.came.id,
                payload,
            )
        )
        return Sent(emit_id, name, subject)
