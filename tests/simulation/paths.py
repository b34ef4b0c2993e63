"""Ways through the tree of orders, each really different one once.

Two calls that have nothing to do with each other give the same world whichever is first. With
sleep sets, of such orders one is taken: a call that was tried first at a turn sleeps in the ways
after that one, until a call comes that it depends on.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.loop import Parked

SETTLING = frozenset({"ack", "nack"})
ALARMING = frozenset({"set", "cancel"})
READING = frozenset({"load", "list"})
SENDING = frozenset({"publish"})


class Redundant(Exception):
    """Whatever can go on sleeps: another way has this order in all that matters."""


def is_independent(one: Parked, other: Parked) -> bool:
    """Tell whether two calls of different workers give the same world in either order.

    What is read changes nothing, and nothing of it depends on what the bus or the broker took.
    What is saved and what is sent of one process stay in order, for the witness looks at that.
    """
    verbs = {one.verb, other.verb}
    if verbs <= SETTLING or verbs <= ALARMING:
        return False  # they share the queue, or the alarm
    if verbs <= READING or (verbs & READING and verbs & SENDING):
        return True
    return one.about != other.about


@dataclass(slots=True)
class Turn:
    """A turn on the way: who can go on, who of them sleeps, and who does go on."""

    ways: list[Parked]
    asleep: list[Parked]
    taken: Parked


class Path:
    """A way through the tree of choices; the next one differs as late as possible."""

    def __init__(self, *, reduced: bool = False) -> None:
        self.active = False
        self._reduced = reduced
        self._turns: list[Turn] = []
        self._at = 0

    @property
    def taken(self) -> list[int]:
        """Which worker went on at each turn."""
        return [turn.taken.worker for turn in self._turns]

    def choose(self, parked: list[Parked]) -> int:
        """Choose the worker that goes on; calls of one worker stand in order.

        Raises:
            Redundant: whatever can go on was tried in another way.
        """
        if not self.active:
            return 0
        if self._at == len(self._turns):
            self._turns.append(self._turn(parked))
        turn = self._turns[self._at]
        self._at += 1
        return next(at for at, call in enumerate(parked) if call.worker == turn.taken.worker)

    def _turn(self, parked: list[Parked]) -> Turn:
        first: dict[int, Parked] = {}
        for call in parked:
            first.setdefault(call.worker, call)
        ways = [first[worker] for worker in sorted(first)]
        asleep = self._asleep()
        awake = [way for way in ways if way not in asleep]
        if not awake:
            raise Redundant
        return Turn(ways, asleep, awake[0])

    def _asleep(self) -> list[Parked]:
        """Give what sleeps after the turn before: what slept there, and is not touched by it."""
        if not self._reduced or not self._turns:
            return []
        last = self._turns[-1]
        return [call for call in last.asleep if is_independent(call, last.taken)]

    def advance(self) -> bool:
        """Go to the next way; False if there is none."""
        del self._turns[self._at :]
        self._at = 0
        while self._turns:
            turn = self._turns[-1]
            later = turn.ways[turn.ways.index(turn.taken) + 1 :]
            if self._reduced:
                turn.asleep = [*turn.asleep, turn.taken]
            awake = [way for way in later if way not in turn.asleep]
            if awake:
                turn.taken = awake[0]
                return True
            self._turns.pop()
        return False
