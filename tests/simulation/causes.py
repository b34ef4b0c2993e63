"""Whether a dead letter has a cause that there is, and stays until it is redriven."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tests.simulation.lives import Life
from tests.simulation.ports import BEGIN_SECONDS
from tests.simulation.sight import Dead, Head, Sight, read_told
from xorca.events import Event

if TYPE_CHECKING:
    from tests.simulation.ledger import Ledger
    from tests.simulation.world import World

LETTER = "sys.xorca.deadletter"
LARGE = 1_000_000
PLACES, LETTERS, DELIVERIES = 20, 15, 10
"""Fewer are never too many: deferred events, letters; and so often an orphan comes."""

APART = 7.0
"""How far the clocks of those who write one record, and of who sends, may be apart (seconds)."""

RAISING: dict[str, object] = {"handler-raised": 13, "guard-raised": 14, "payload": "x"}
"""What the data of poison says."""

TYPES = {
    "early": ("evt.word.said",),
    "not-heard": (
        *("evt.ghost.said", "evt.book.", "evt.rest.do.", "evt.two.do."),
        "evt.help.give.error",
    ),
}
"""How the types begin of what no state hears, and of what may not come early."""


class _Said(msgspec.Struct):
    n: object = None


_said = msgspec.json.Decoder(_Said).decode


def check_letters(ledger: Ledger, life: Life, sight: Sight) -> None:
    """Judge the letters that are new in a record, and miss those that are gone (I6)."""
    last = life.last
    before = {(dead.id, dead.at) for dead in last.dead} if last is not None else set[object]()
    for dead in sight.dead:
        if (dead.id, dead.at) not in before:
            if dead.id in life.timers:
                life.fallen[dead.id] = life.timers[dead.id]
            complaint = _complaint(ledger, last, sight, dead)
            if complaint:
                ledger.wrong(
                    "I6", f"{sight.subject}: {dead.id} is dead ({dead.reason}): {complaint}"
                )
    if last is None or sight.updated != last.updated:  # a sweep leaves that as it is
        _check_floor(ledger, sight)
    if last is None or "deleted" in (last.status, sight.status) or ledger.redriven[life.key]:
        return
    gone = before - {(dead.id, dead.at) for dead in sight.dead}
    if gone and len(last.dead) < LETTERS:
        ledger.wrong("I6", f"{sight.subject}: nobody redrove {gone}, and the letters are gone")


def _complaint(ledger: Ledger, last: Sight | None, sight: Sight, dead: Dead) -> str:
    reason = dead.reason
    if reason in RAISING and sight.name == "sim.notes":
        wanted = RAISING[reason]
        return "" if wanted in [_n(event) for event in dead.events] else "nothing in it fails"
    if reason in TYPES:
        return "" if dead.type.startswith(TYPES[reason]) else "it is heard"
    if reason == "never-accepted":
        waited = {one.event.id: one.expires for one in last.deferred} if last is not None else {}
        return "" if waited.get(dead.id, sight.updated) < sight.updated else "its time is not over"
    right = {
        "process-exists": bool(sight.state),
        "deferred-full": len(sight.deferred) >= PLACES,
        "record-too-large": ledger.schedule.store_limit < LARGE,
        "stale-unprovable": reason == "stale-unprovable" and _is_old(last, sight, dead),
    }
    return "" if right.get(reason, True) else "that is not so"


def _is_old(last: Sight | None, sight: Sight, dead: Dead) -> bool:
    """Tell whether an event is older than what was forgotten; for want of its body, it is.

    One that died of something else was new then, and is when it is redriven.
    """
    if last is not None and any(one.id == dead.id and one.reason in RAISING for one in last.dead):
        return False
    if not dead.events:
        return True
    return datetime.fromisoformat(dead.events[0].time).timestamp() <= sight.floor


def _n(event: Head) -> object:
    return _said(event.data).n


def _check_floor(ledger: Ledger, sight: Sight) -> None:
    """What is refused as too old is older than is kept, but at the size limit and after a life."""
    if sight.past is not None or ledger.schedule.store_limit < LARGE:
        return
    if sight.floor > max(0.0, sight.updated - ledger.schedule.limits.horizon + APART):
        ledger.wrong("I6", f"{sight.subject}: what is not old cannot be proven new any more")


def check_loose(world: World, event: Event) -> None:
    """Judge what tells of an event of which no record tells; its id is always the same (I5, I6)."""
    ledger, told = world.ledger, read_told(event.data or b"{}")
    if event.type != LETTER or event.source != "/xorca/runtime" or told.event is None:
        return
    about, limits = told.event["id"], world.schedule.limits
    if ledger.letter_ids.setdefault((about, told.reason), event.id) != event.id:
        ledger.wrong("I5", f"{about} ({told.reason}) is told of under another id")
    if told.reason == "no-record" and world.broker.taken[about] < DELIVERIES:
        made = world.broker.delivered[about].timestamp()
        age = 0.0 if made is None else BEGIN_SECONDS + world.loop.now - made.timestamp()
        if age < limits.defer_for - APART:
            ledger.wrong("I6", f"{about} came {age:.0f} s ago, and its start may still come")
    if told.reason == "record-too-large" and world.schedule.store_limit >= LARGE:
        ledger.wrong("I6", f"{about} has room")
    life = ledger.by_subject.get(event.subject or "")
    if told.reason == "flood" and life is not None and len(life.recorded) < limits.noise:
        ledger.wrong("I6", f"{about} is refused as one too many of {len(life.recorded)}")
