"""Who sends: the source of a fleet's events, and the clock that stamps them."""

from __future__ import annotations

from dataclasses import dataclass

from xorca.engine.emitting import rfc3339
from xorca.ports import Clock


@dataclass(frozen=True, slots=True)
class Sender:
    """The source of what is sent, and its clock."""

    source: str
    clock: Clock

    def time(self) -> str:
        """Give the present as events carry it."""
        return rfc3339(self.clock.now().timestamp())
