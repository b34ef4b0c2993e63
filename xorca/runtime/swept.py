"""What a sweep did, and what it could not do."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from xorca.telemetry.lines import say

SHOWN = 100
"""How many failures a report names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A process that could not be swept, or not wholly, and why; a key where no name is known."""

    subject: str
    cause: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    ``looked`` counts the processes whose record was read, ``published`` events that were sent,
    ``armed`` wake-ups that were set, ``expired`` deferred events that were given up, ``sides``
    side objects that were removed. ``failures`` counts what could not be done, and ``failed``
    names the first hundred of it; nothing of that is lost, and the next sweep tries again.
    """

    looked: int = 0
    published: int = 0
    armed: int = 0
    expired: int = 0
    sides: int = 0
    failures: int = 0
    failed: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Tally:
    """A report in the making."""

    looked: int = 0
    published: int = 0
    armed: int = 0
    expired: int = 0
    sides: int = 0
    failures: int = 0
    failed: list[Fault] = field(default_factory=list[Fault])

    def fail(self, subject: str, error: Exception) -> None:
        """Note what could not be done."""
        fields = {"subject": subject}
        say(logging.WARNING, "sweep.failed", f"{subject}: not swept", fields, error=error)
        self.failures += 1
        if len(self.failed) < SHOWN:
            self.failed.append(Fault(subject, str(error) or type(error).__name__))

    def swept(self) -> Swept:
        """Give the report."""
        return Swept(
            self.looked,
            self.published,
            self.armed,
            self.expired,
            self.sides,
            self.failures,
            tuple(self.failed),
        )
