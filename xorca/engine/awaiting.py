"""Commands that somebody will answer: which reply belongs to which, and what is still open."""

from __future__ import annotations

from collections.abc import Set
from typing import Literal

import msgspec

from xorca.dsl.plan import Plan
from xorca.engine.ids import MARK
from xorca.engine.record import Awaited, Record
from xorca.events import Event

Reason = Literal["", "stale", "unasked", "no-causation"]


class Match(msgspec.Struct, frozen=True, gc=False):
    """How a reply relates to the commands of a process.

    ``reason`` is empty when it answers ``command``'s item ``item``, sent as ``emit``;
    ``by_causation`` tells whether the reply named the command itself.
    """

    command: str
    item: int = 0
    emit: str = ""
    by_causation: bool = False
    reason: Reason = ""


def match_reply(plan: Plan, record: Record, mark: str, event: Event) -> Match | None:
    """Match an event to the command that it answers; None if it answers none of this class.

    ``mark`` is that by which the emit ids of this life of the process begin.
    """
    command = plan.answers(event.type)
    if command is None:
        return None
    named = event.extensions.get("causationid")
    if type(named) is str and named.startswith(mark[:MARK]):
        return _by_causation(record, mark, command, named)
    awaited = record.awaited.get(command)
    if awaited is None:
        return Match(command, reason="unasked")
    if awaited.many:
        return Match(command, reason="no-causation")
    if not is_open(awaited, 0):
        return Match(command, reason="stale")
    return Match(command, 0, emit_of(mark, awaited, 0))


def _by_causation(record: Record, mark: str, command: str, named: str) -> Match:
    awaited = record.awaited.get(command)
    if awaited is not None:
        if awaited.count == 1 and named == f"{mark}-{awaited.revision}-{awaited.first}":
            stale = awaited.open != "1"
            return Match(command, 0, named, True, "stale" if stale else "")
        sent = f"{mark}-{awaited.revision}-"
        index = named[len(sent) :]
        if named.startswith(sent) and index.isdecimal() and len(index) < 10:
            item = int(index) - awaited.first
            if 0 <= item < (awaited.sent or awaited.count) and is_open(awaited, item):
                return Match(command, item, named, True)
    return Match(command, by_causation=True, reason="stale")


def emit_of(mark: str, awaited: Awaited, item: int) -> str:
    """Give the id under which an item was sent."""
    return f"{mark}-{awaited.revision}-{awaited.first + item}"


def is_open(awaited: Awaited, item: int) -> bool:
    """Tell whether an item was not answered yet."""
    if awaited.count == 1:
        return awaited.open == "1" and item == 0
    return bool(int(awaited.open or "0", 16) >> item & 1)


def all_answered(awaited: Awaited) -> bool:
    """Tell whether every item was answered; true for a fan-out of none."""
    return not awaited.open.strip("0")


def close(awaited: Awaited, item: int) -> None:
    """Note that an item was answered."""
    if awaited.count == 1:
        awaited.open = "0"
        return
    awaited.open = f"{int(awaited.open or '0', 16) & ~(1 << item):x}"


def reopen(awaited: Awaited, item: int) -> None:
    """Take an answer back, so that another may come in its place."""
    awaited.open = f"{int(awaited.open or '0', 16) | 1 << item:x}"


def await_command(record: Record, command: str, awaited: Awaited) -> None:
    """Await a command just sent; an older one of the same name is superseded."""
    record.awaited[command] = awaited
    if record.backlog:
        record.backlog.pop(command, None)
    if record.skipped and command in record.skipped:
        record.skipped.remove(command)


def forget_answered(record: Record, ahead: Set[str | None]) -> None:
    """Drop what was wholly answered: a later reply to it is known to be stale without it.

    A fan-out stays while a join is ``ahead`` that only asks whether all of it was answered, and
    so does the note that a command was not sent.
    """
    if record.skipped:
        record.skipped = [command for command in record.skipped if command in ahead]
    if not record.awaited:
        return
    answered = [
        command
        for command, awaited in record.awaited.items()
        if all_answered(awaited) and not (awaited.many and command in ahead)
    ]
    for command in answered:
        del record.awaited[command]
