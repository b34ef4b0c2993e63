"""The processes of the soak: some live on for ever, most end and are started anew.

None of them grows: a process remembers how much it applied, and the sum of the marks of what
it applied, so that something lost, doubled or mistaken shows without a list of it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from xorca import Final, Orchestrator, State, after, all_of, anywhere, emit, on, start

SHIFT, HUB = "soak.shift", "soak.hub"
PIECES, ITEMS = 3, 5
REST, BEAT = timedelta(hours=6), timedelta(days=1)
KEPT = timedelta(days=1)
EVERY = 8
"""A hub asks something at every so many ticks."""

_SPACE = 2**48


def mark_of(token: str) -> int:
    """Give the number by which a token goes into a sum."""
    return int.from_bytes(sha256(token.encode()).digest()[:6])


def add(total: int, token: str) -> int:
    """Give the sum with one more token in it."""
    return (total + mark_of(token)) % _SPACE


@dataclass
class Orders:
    """How many rounds to go, and how many ticks to wait for."""

    rounds: int
    ticks: int


@dataclass
class Work:
    """What a service is asked: nothing but to answer."""

    item: int = 0


@dataclass
class Token:
    """An answer, or a tick, with what identifies it."""

    token: str


@dataclass
class Report:
    """What a process did in its life: applied so much, of this sum, and asked so often."""

    applied: int
    total: int
    asked: int


class Counting(Orchestrator):
    """What all of them remember."""

    applied: int = 0
    total: int = 0
    asked: int = 0

    def note(self, *tokens: str) -> None:
        """Take into account what is applied."""
        for token in tokens:
            self.total = add(self.total, token)
        self.applied += len(tokens)

    def work(self, count: int) -> list[Work]:
        """Ask something so often."""
        self.asked += count
        return [Work(item) for item in range(count)]

    def report(self) -> Report:
        """Tell what was done so far."""
        return Report(self.applied, self.total, self.asked)


class Shift(Counting, name=SHIFT, retain=KEPT):
    """Rounds of a joined fan-out, a folded one, a join of two and a deadline; ticks meanwhile."""

    rounds: int = 0
    ticks: int = 0

    fanning = State()
    folding = State()
    pairing = State()
    resting = State()
    counting = State()
    done = Final()

    @start(to=fanning)
    @emit("cmd.soak.piece")
    def begin(self, orders: Orders) -> list[Work]:
        self.rounds, self.ticks = orders.rounds, orders.ticks
        self.note(self.event.get_id())
        return self.work(PIECES)

    @on("evt.soak.piece.success", at=fanning, to=folding)
    @emit("cmd.soak.item")
    def fanned(self, pieces: list[Token]) -> list[Work]:
        self.note(*(piece.token for piece in pieces))
        return self.work(ITEMS)

    @on("evt.soak.item.success", at=folding, each=True)
    def fold(self, item: Token) -> None:
        self.note(item.token)

    @on("evt.soak.item.success", at=folding, to=pairing)
    @emit("cmd.soak.left", "cmd.soak.right")
    def folded(self) -> tuple[Work, Work]:
        left, right = self.work(2)
        return left, right

    @on(all_of("evt.soak.left.success", "evt.soak.right.success"), at=pairing, to=resting)
    def paired(self, left: Token, right: Token) -> None:
        self.note(left.token, right.token)

    @after(REST, at=resting, to=counting)
    @emit("cmd.soak.count")
    def rested(self) -> Work:
        self.note(self.event.get_id())
        return self.work(1)[0]

    def is_short(self, _: Token) -> bool:
        return self.rounds > 1

    def is_complete(self, _: Token) -> bool:
        return self.ticks == 0

    @on("evt.soak.count.success", at=counting, to=fanning, when=is_short)
    @emit("cmd.soak.piece")
    def again(self, counted: Token) -> list[Work]:
        self.note(counted.token)
        self.rounds -= 1
        return self.work(PIECES)

    @on("evt.soak.count.success", at=counting, to=done, when=is_complete)
    @emit("notif.soak.ended")
    def ended(self, counted: Token) -> Report:
        self.note(counted.token)
        return self.report()

    @on("evt.soak.count.success", at=counting, to=resting)
    def not_yet(self, counted: Token) -> None:
        self.note(counted.token)

    @on("evt.soak.tick", at=anywhere)
    def ticked(self, tick: Token) -> None:
        self.note(tick.token)
        self.ticks -= 1


class Hub(Counting, name=HUB):
    """Hears thousands of ticks, asks now and then, beats once a day, and never ends."""

    heard: int = 0
    is_asking: bool = False

    open = State()
    shut = Final()

    @start(to=open)
    def begin(self, orders: Orders) -> None:
        self.note(self.event.get_id())

    @on("evt.soak.tick", at=open)
    @emit("cmd.soak.ask", "notif.soak.heard")
    def ticked(self, tick: Token) -> tuple[Work | None, Work]:
        self.note(tick.token)
        self.heard += 1
        if self.is_asking or self.heard < EVERY:  # asked again, it would hear the last answer only
            return None, Work()
        self.heard, self.is_asking = 0, True
        return self.work(1)[0], Work()

    @on("evt.soak.ask.success", at=open)
    def told(self, answer: Token) -> None:
        self.note(answer.token)
        self.is_asking = False

    @after(BEAT, at=open, to=open)
    def beat(self) -> None:
        self.note(self.event.get_id())

    @on("evt.soak.end", at=open, to=shut)
    @emit("notif.soak.ended")
    def end(self, last: Token) -> Report:
        self.note(last.token)
        return self.report()
