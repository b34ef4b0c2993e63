"""The receiving side of a room's own channel: what is waiting, taken and given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.providers.patterns import check_pattern

VISIBILITY = 30.0
RETENTION = 3600.0
MAX_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a group took; ``attempts`` counts this one, the receipt gives it back."""

    event: Event
    attempts: int
    receipt: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a group was given too often, with the last cause that was named."""

    event: Event
    group: str
    attempts: int
    cause: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many deliveries wait, are being worked on, are dead; how many timers are set."""

    waiting: int = 0
    in_flight: int = 0
    dead: int = 0
    timers: int = 0


class Channel(Protocol):
    """A Bus that can be read: each group of workers is given every event that it wants.

    A delivery that is not acknowledged within its visibility is given again. The same
    (source, id) published while the channel knows it is stored once.
    """

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep the events, in order, for every group that wants them."""
        ...

    async def subscribe(self, group: str, patterns: Sequence[str]) -> None:
        """Add to what a group wants; events that no group wanted yet come to it too."""
        ...

    async def unsubscribe(self, group: str) -> None:
        """Forget a group together with everything that waits for it."""
        ...

    async def receive(
        self, group: str, *, limit: int = 32, visibility: float = VISIBILITY
    ) -> list[Delivery]:
        """Take up to ``limit`` events, hidden from others for ``visibility`` seconds."""
        ...

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Say that the work is done; the deliveries never come again."""
        ...

    async def nack(
        self, deliveries: Sequence[Delivery], *, delay: float = 0.0, cause: str = ""
    ) -> None:
        """Give deliveries back; they come again after ``delay`` seconds."""
        ...

    async def extend(self, deliveries: Sequence[Delivery], *, visibility: float) -> None:
        """Hide deliveries that are still worked on for ``visibility`` seconds from now.

        One that somebody else was given meanwhile stays his.
        """
        ...

    async def wait(self, timeout: float, *, group: str = "") -> bool:
        """Wait until there may be something to receive; False after ``timeout`` seconds.

        Without a group: for any of the groups that this object has received for.
        """
        ...

    async def counts(self, group: str = "") -> Counts:
        """Count the deliveries of one group, or of all."""
        ...

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Give the oldest dead deliveries; they stay until they are revived."""
        ...

    async def revive(self, letters: Sequence[DeadLetter]) -> int:
        """Deliver dead letters anew; give how many were still there."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the text of a receipt says; an attempt fences those before it."""

    group: str
    place: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.place}:{self.attempt}:{self.group}"

    @classmethod
    def read(cls, text: str) -> Receipt:
        """Read the text of a receipt.

        Raises:
            ConfigurationError: this is no receipt of such a channel.
        """
        place, _, rest = text.partition(":")
        attempt, _, group = rest.partition(":")
        try:
            return cls(group, int(place), int(attempt))
        except ValueError:
            raise ConfigurationError(
                f"{text[:60]!r} is no receipt of this channel; pass the Delivery objects "
                "that receive() gave"
            ) from None


def check_subscription(group: str, patterns: Sequence[str]) -> None:
    """Refuse a group without a name and what is no pattern.

    Raises:
        ConfigurationError: as above.
    """
    if not group:
        raise ConfigurationError("a group needs a name; give the workers' common one")
    if isinstance(patterns, str):
        raise ConfigurationError(f"patterns must be a list of names: write [{patterns!r}]")
    for pattern in patterns:
        check_pattern(pattern)


def no_ack(attempts: int) -> str:
    """Give the cause of a delivery that died without anybody naming one."""
    return f"delivered {attempts} times and never acknowledged"
