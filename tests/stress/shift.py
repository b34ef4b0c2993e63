"""The process that is hammered: it writes down everything that it ever applied.

A round is a fan-out with its join, a join of two different answers, and a short deadline. A
``tick`` may come at any moment. Every answer carries the id of its command, so that the
memory shows what was applied: a token that stands in it twice was applied twice, and one
that does not was lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xorca import Final, Orchestrator, State, after, all_of, anywhere, emit, on, start

NAME = "hammer.shift"
WIDTH = 3
REST = timedelta(milliseconds=40)


@dataclass
class Orders:
    """How many rounds to go, and how many ticks to wait for."""

    rounds: int
    ticks: int


@dataclass
class Work:
    """What a service is asked: nothing but to answer."""

    round: int
    item: int = 0


@dataclass
class Token:
    """An answer, or a tick, with what identifies it."""

    token: str


@dataclass
class Report:
    """What a shift ends with."""

    count: int


class Shift(Orchestrator, name=NAME):
    """Go through the rounds, hear the ticks, and forget nothing."""

    applied: list[str] = []
    count: int = 0
    ticks: int = 0
    rounds: int = 0
    round: int = 0

    fanning = State()
    pairing = State()
    resting = State()
    counting = State()
    done = Final()

    @start(to=fanning)
    @emit("cmd.hammer.piece")
    def begin(self, orders: Orders) -> list[Work]:
        self.rounds, self.ticks = orders.rounds, orders.ticks
        self.note(self.event.get_id())
        return self.pieces()

    @on("evt.hammer.piece.success", at=fanning, to=pairing)
    @emit("cmd.hammer.left", "cmd.hammer.right")
    def fanned(self, pieces: list[Token]) -> tuple[Work, Work]:
        self.note(*(piece.token for piece in pieces))
        return Work(self.round), Work(self.round)

    @on(all_of("evt.hammer.left.success", "evt.hammer.right.success"), at=pairing, to=resting)
    def paired(self, left: Token, right: Token) -> None:
        self.note(left.token, right.token)

    @after(REST, at=resting, to=counting)
    @emit("cmd.hammer.count")
    def rested(self) -> Work:
        self.note(self.event.get_id())
        return Work(self.round)

    def is_short(self, _: Token) -> bool:
        return self.round + 1 < self.rounds

    def is_complete(self, _: Token) -> bool:
        return self.ticks == 0

    @on("evt.hammer.count.success", at=counting, to=fanning, when=is_short)
    @emit("cmd.hammer.piece")
    def again(self, counted: Token) -> list[Work]:
        self.note(counted.token)
        self.round += 1
        return self.pieces()

    @on("evt.hammer.count.success", at=counting, to=done, when=is_complete)
    @emit("notif.hammer.done")
    def ended(self, counted: Token) -> Report:
        self.note(counted.token)
        return Report(self.count)

    @on("evt.hammer.count.success", at=counting, to=resting)
    def not_yet(self, counted: Token) -> None:
        self.note(counted.token)

    @on("evt.hammer.tick", at=anywhere)
    def ticked(self, tick: Token) -> None:
        self.note(tick.token)
        self.ticks -= 1

    def pieces(self) -> list[Work]:
        return [Work(self.round, item) for item in range(WIDTH)]

    def note(self, *tokens: str) -> None:
        """Write down what was applied, in a list and in a counter."""
        self.applied += tokens
        self.count += len(tokens)


WAYS = frozenset(
    {
        ("fanning", "pairing"),
        ("pairing", "resting"),
        ("resting", "counting"),
        ("counting", "fanning"),
        ("counting", "resting"),
        ("counting", "done"),
    }
)
"""The edges of the machine, written out once more: the check must not ask what it checks."""
