"""What a Runtime, or a Fleet, says of each event that it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from xorca.engine.verdict import Status
from xorca.events import Event

if TYPE_CHECKING:
    from cloudevents.core.v1.event import CloudEvent


class Outcome(msgspec.Struct, eq=False):
    """What became of one event.

    ``status`` is one of

    - ``applied``: it changed its process, and that is stored;
    - ``duplicate``: it had done so before; what it emitted is sent again if need be;
    - ``deferred``: it came early and is stored until its state comes;
    - ``ignored``: nobody waits for it (late, stale, refused by a guard);
    - ``foreign``: it is for somebody else;
    - ``dead``: it can never be applied; a dead letter says why;
    - ``retry``: it could not be worked on now and must be delivered again.

    ``reason`` is a stable word, ``error`` the exception behind it if there is one.
    ``state`` is the state of the process afterwards.
    """

    raw: Event | None
    status: Status
    reason: str = ""
    subject: str | None = None
    state: str | None = None
    sent: tuple[Event, ...] = ()
    error: Exception | None = None

    @property
    def event(self) -> CloudEvent | None:
        """The event itself; None if what was given is no CloudEvent."""
        return None if self.raw is None else self.raw.to_cloudevent()

    @property
    def emitted(self) -> list[CloudEvent]:
        """What the event made its process emit, in order; ``sent`` holds the same, cheaper."""
        return [event.to_cloudevent() for event in self.sent]

    @property
    def ok(self) -> bool:
        """Whether the event may be acknowledged: everything but ``retry``."""
        return self.status != "retry"

    def __repr__(self) -> str:
        about = f"{self.raw.type!r} " if self.raw is not None else ""
        reason = f" ({self.reason})" if self.reason else ""
        cause = f": {self.error}" if self.error is not None else ""
        return f"<Outcome {about}{self.status}{reason}{cause}>"
