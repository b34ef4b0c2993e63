"""Deadlines: which wake-ups are due, stale, or early."""

from __future__ import annotations

import msgspec

from xorca.dsl.plan import Edge
from xorca.engine.draft import TIMER_TYPE, Draft
from xorca.engine.record import Timer
from xorca.engine.verdict import Verdict
from xorca.events import Event

MOST_AHEAD = 5.0
"""By so many seconds at most a wake-up is put off for a clock that is ahead of ours."""


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
    if timer is None or edge is None or timer.visit != wake.visit or not _is_ours(draft, event):
        return Verdict("ignored", "stale")
    if timer.due > draft.at + draft.limits.skew:
        # The alarm's clock is ahead of ours: the same time again would come at once, and again.
        draft.rearm(wake.timer, later=min(timer.due - draft.at, MOST_AHEAD))
        return Verdict("ignored", "early")
    return edge


def _is_ours(draft: Draft, event: Event) -> bool:
    """Tell whether a wake-up is of this life: an earlier one of the same id had timers, too."""
    return event.id.startswith(draft.mark)


def set_back(draft: Draft, event: Event) -> None:
    """Put back the timer of a wake-up whose handler failed, for another step of it.

    The timer went when it fired. While its visit lasts nothing else did its work; when the
    process has moved on, the wake-up finds no timer and is stale.
    """
    try:
        wake = _decode(event.data or b"")
    except msgspec.MsgspecError:
        return
    edge, timers = draft.plan.timers.get(wake.timer), draft.record.timers
    if edge is None or wake.timer in timers:
        return
    visit = 0 if edge.whole_life else draft.record.visit
    if wake.visit == visit:
        timers[wake.timer] = Timer(draft.at, visit, set=True)
