"""The world of the soak: a clock that hurries, an alarm, services that answer, and a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

import msgspec

from tests.stress.soak_books import Account, Books
from tests.stress.soak_machines import HUB, SHIFT, Hub, Orders, Shift
from xorca.events import Event, from_cloudevent

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
ROUNDS, TICKS, HASTE = 2, 4, 0.25
SPREAD = 500
"""By so many events may one be overtaken, or its copy come later."""


class Letter(NamedTuple):
    """An event on its way, in little room: ``at`` is its time, ``token`` what it answers."""

    name: str
    subject: str
    id: str
    token: str
    at: float


@dataclass(slots=True)
class HurriedClock:
    """Time that goes by with the work: so many seconds an event."""

    seconds: float = 0.0

    def now(self) -> datetime:
        """Give the time."""
        return BEGIN + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        """Wait as long as anybody does."""
        await asyncio.sleep(seconds)


class Town:
    """The queue of what is on its way, the bus and the alarm that fill it, and who answers.

    Delivery is in any order, and some of it comes twice.
    """

    def __init__(self, *, subjects: int, hubs: int, twice: float, seed: int) -> None:
        self.clock = HurriedClock()
        self.books = Books()
        self.random = Random(seed)
        self.is_closing = False
        self._ready: list[tuple[float, int, Event | Letter]] = []
        self._due: list[tuple[float, int, Event]] = []
        self._twice, self._count = twice, 0
        self._hubs: list[str] = []
        for number in range(hubs):
            self._begin(HUB, f"hub-{number}", ticks=0)
        for number in range(subjects - hubs):
            self._begin(SHIFT, f"{number}-1", ticks=TICKS)

    # -- what the runtime asks for ---------------------------------------------------------

    async def publish(self, events: Sequence[Event]) -> None:
        """Take events, and have the services answer."""
        for event in events:
            subject = event.subject or ""
            if event.type.startswith("cmd."):
                self.books.commands(subject, event.id)
                self._put(self._answer(event))
                self._tick_of_shift(subject)
            elif event.type == "notif.soak.ended":
                self._over(subject, event.data or b"")
            elif event.type != "notif.soak.heard":
                self.books.wrong.append(f"{event.type}: {event.payload()}")

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver an event at its time."""
        subject = event.subject or ""
        self._count += 1
        if subject.startswith(HUB) and subject not in self._hubs:
            self._hubs.append(subject)
        heappush(self._due, ((due - BEGIN).total_seconds(), self._count, event))

    async def cancel(self, event_id: str) -> None:
        """Forget nothing: what comes all the same finds nothing to do."""

    @property
    def waiting(self) -> int:
        """How much is on its way, or set for later."""
        return len(self._ready) + len(self._due)

    # -- what is on its way ----------------------------------------------------------------

    def take(self, most: int) -> list[Event]:
        """Give some of what is on its way, of whatever process."""
        while self._due and self._due[0][0] <= self.clock.seconds:
            self._wake(heappop(self._due)[2])
        ready = self._ready
        return [_event(heappop(ready)[2]) for _ in range(min(most, len(ready)))]

    def back(self, event: Event) -> None:
        """Have an event come again."""
        self._queue(event)

    def hear(self) -> None:
        """Let a hub hear something."""
        if self._hubs:
            self._tick(self.random.choice(self._hubs))

    def close(self) -> None:
        """Start nothing any more, and end the hubs once they have heard all."""
        self.is_closing = True

    def shut(self) -> None:
        """End the hubs."""
        for subject in self._hubs:
            self._tell("evt.soak.end", subject, f"end-{subject}")

    def wait(self) -> bool:
        """Let time go by until something is due; False where nothing is."""
        while self._due and self._due[0][2].subject not in self.books.accounts:
            heappop(self._due)
        if not self._due:
            return False
        self.clock.seconds = max(self.clock.seconds, self._due[0][0])
        return True

    def _wake(self, event: Event) -> None:
        """Deliver a deadline; a process that waits for it has to apply it."""
        self.books.asks(event.subject or "", event.id)
        self._put(event)

    def _put(self, event: Event | Letter) -> None:
        self._queue(event)
        if self.random.random() < self._twice:
            self._queue(event)

    def _queue(self, event: Event | Letter) -> None:
        self._count += 1
        heappush(self._ready, (self._count + self.random.random() * SPREAD, self._count, event))

    def _begin(self, name: str, process_id: str, *, ticks: int) -> None:
        subject = f"{name}/1.0.0/{process_id}"
        account = self.books.accounts[subject] = Account(ticks=ticks)
        id, cls = f"start-{process_id}", Hub if name == HUB else Shift
        orders = Orders(self.random.randint(1, ROUNDS), ticks)
        made = cls.start_event(orders, process_id=process_id, id=id, source="/soak")
        account.owes(id)
        self._put(from_cloudevent(made))

    def _tick_of_shift(self, subject: str) -> None:
        account = self.books.accounts.get(subject)
        if account is not None and account.ticks and self.random.random() < HASTE:
            account.ticks -= 1
            self._tick(subject)

    def _tick(self, subject: str) -> None:
        self._count += 1
        self._tell("evt.soak.tick", subject, f"tick-{self._count}")

    def _tell(self, name: str, subject: str, id: str) -> None:
        self.books.accounts[subject].owes(id)
        self._put(Letter(name, subject, id, id, self.clock.seconds))

    def _over(self, subject: str, data: bytes) -> None:
        if self.books.closes(subject, data) and subject.startswith(SHIFT) and not self.is_closing:
            slot, _, life = subject.rpartition("/")[2].partition("-")
            self._begin(SHIFT, f"{slot}-{int(life) + 1}", ticks=TICKS)

    def _answer(self, command: Event) -> Letter:
        name, id = f"evt.{command.type[4:]}.success", f"r-{command.id}"
        return Letter(name, command.subject or "", id, command.id, self.clock.seconds)


def _event(given: Event | Letter) -> Event:
    """Make an event of what is on its way, the same one every time."""
    if isinstance(given, Event):
        return given
    made = BEGIN + timedelta(seconds=given.at)
    return Event(
        id=given.id,
        source="/soak",
        type=given.name,
        subject=given.subject,
        time=made.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        data=msgspec.json.encode({"token": given.token}),
        datacontenttype="application/json",
        extensions={"causationid": given.token} if given.token != given.id else {},
    )
