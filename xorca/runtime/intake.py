"""What every ``handle`` takes, and how it says that something must come again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xorca.errors import UndeliveredError
from xorca.events import Event, from_cloudevent, read_event
from xorca.runtime.outcome import Outcome


def read_any(given: Any) -> Event:
    """Read bytes or text of structured JSON, or a CloudEvent of the SDK (hence Any).

    Raises:
        InvalidEvent: it is none of these, or breaks a rule of CloudEvents 1.0.
    """
    if isinstance(given, (bytes, str)):
        return read_event(given)
    if isinstance(given, Event):
        return given
    if isinstance(given, bytearray):
        return read_event(bytes(given))
    if isinstance(given, memoryview):
        return read_event(given.tobytes())
    return from_cloudevent(given)


def raise_retries(outcomes: Sequence[Outcome]) -> None:
    """Raise where an event must be delivered again.

    Raises:
        UndeliveredError: at least one outcome is ``retry``.
    """
    waiting = [outcome for outcome in outcomes if outcome.status == "retry"]
    if waiting:
        shown = "; ".join(map(repr, waiting[:3]))
        cause = next((o.error for o in waiting if o.error is not None), None)
        raise UndeliveredError(
            f"{len(waiting)} event(s) must be delivered again: {shown}"
        ) from cause
