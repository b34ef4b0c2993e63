"""Deadlines: which wake-ups are due, stale, or early."""

from __future__ import annotations

import msgspec

from xorca.dsl.plan import Edge
from xorca.engine.draft import TIMER_TYPE, Draft
from xorca.engine.verdict import Verdict
from xorca.events import Event


class _Wake(msgspec.Struct):
    timer: str
    visit: int


_decode = msgspec.json.Decoder(_Wake).decode


def is_timer(event: Event) -> bool:
    """Tell whether an event is the wake-up of a deadline."""
    return event.type == TIMER_TYPE


def take_timer(draft: Draft, event: Event) -> Edge | Verdict:
    """Give the edge whose deadline has come, or what becomes of the wake-up instead."""
    try:
        wake = _decode(event.data or b"")
    except msgspec.MsgspecError:
        return Verdict("ignored", "no-timer")
    timer = draft.record.timers.get(wake.timer)
    edge = draft.plan.timers.get(wake.timer)
    if timer is None or edge is None or timer.visit != wake.visit:
        return Verdict("ignored", "stale")
    if timer.due > draft.at + draft.limits.skew:
        draft.rearm(wake.timer)
        return Verdict("ignored", "early")
    return edge
