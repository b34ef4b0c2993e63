"""When a record would be larger than its store takes, and which event is to blame."""

from __future__ import annotations

from xorca.engine.draft import Draft
from xorca.engine.inbox import make_room
from xorca.engine.record import seal
from xorca.engine.settling import Condemned
from xorca.engine.verdict import Verdict
from xorca.events import Event


class TooMuch(Exception):
    """The record has no room for what an attempt would put into it."""


class Crowded(TooMuch):
    """There may be room once what the record has yet to send has left it."""


class TooMany(TooMuch):
    """There is no room for all these events at once, though there may be for one by one.

    What each of them emits stands in it until the next commit, when it has left.
    """


class Overfull(TooMuch):
    """Not even a dead letter fits into the record any more."""


def weigh(draft: Draft, event: Event, verdict: Verdict, limit: int) -> None:
    """Condemn the event by which the record outgrows the store."""
    if verdict.status in ("applied", "deferred"):
        size = len(seal(draft.record))
        while size > limit and make_room(draft.record, draft.sides):
            size = len(seal(draft.record))
        if size > limit:
            raise too_heavy(event, size, limit)


def too_heavy(event: Event, size: int, limit: int) -> Condemned:
    """Give what condemns an event by which a record would be of that size."""
    cause = f"its record would have {size:,} bytes, the store takes {limit:,}"
    return Condemned(event, reason="record-too-large", cause=cause)
