"""Taking the parts of an invocation: each gets its outcomes, whatever happens to the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Protocol

from xorca.events import Event
from xorca.handlers.aws_lambda.deadline import Deadline
from xorca.handlers.aws_lambda.reading import Part
from xorca.handlers.trigger import Member, Refused
from xorca.ports import Bus
from xorca.runtime.outcome import Outcome
from xorca.telemetry.lines import say

PORTION = 64
"""How many processes are worked on at once, and how many events of one go into one commit."""


class Handling(Protocol):
    """What takes events: a Runtime or a Fleet."""

    @property
    def bus(self) -> Bus | None:
        """Where emitted events go; None: to whoever sent the event."""
        ...

    async def handle(self, *events: Event) -> list[Outcome]:
        """Give one outcome an event, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A part with one outcome for each of its members."""

    part: Part
    outcomes: list[Outcome]

    @property
    def again(self) -> bool:
        """Whether the message must come again."""
        return any(not outcome.ok for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes the parts of one invocation.

    ``invocation`` is its id, the same when Lambda tries again. ``lane_of`` gives the process
    that an event is for: events of one go into one commit, the others are begun and given up
    each by itself. ``gives_back`` says that a message that holds no event goes back to its
    queue instead of being dead-lettered, and ``tells`` that what is refused is told to the
    caller alone.
    """

    work: Handling
    deadline: Deadline
    invocation: str
    lane_of: Callable[[Event], object]
    gives_back: bool = False
    tells: bool = False

    async def take(self, parts: Sequence[Part]) -> list[Taken]:
        """Take parts side by side; those of one FIFO group one after the other."""
        groups: dict[str, list[int]] = {}
        for at, part in enumerate(parts):
            groups.setdefault(part.group, []).append(at)
        found: list[Taken | None] = [None] * len(parts)

        async def take(group: str, places: list[int]) -> None:
            chosen = [parts[at] for at in places]
            taken = await (self._in_order(chosen) if group else self._together(chosen))
            for at, one in zip(places, taken, strict=True):
                found[at] = one

        await asyncio.gather(*(take(group, places) for group, places in groups.items()))
        return [one for one in found if one is not None]

    async def _in_order(self, parts: list[Part]) -> list[Taken]:
        """Take the messages of a group; after one that must come again, all must."""
        found: list[Taken] = []
        blocked = False
        for _, run in groupby(parts, key=self._lane_of_part):
            several = list(run)
            if blocked:
                found += map(_behind, several)
                continue
            taken = await self._together(several)
            found += taken
            blocked = any(one.again for one in taken)
        return _all_behind(found)

    async def _together(self, parts: Sequence[Part]) -> list[Taken]:
        members = [member for part in parts for member in part.members]
        events = [member for member in members if isinstance(member, Event)]
        refused = [member for member in members if isinstance(member, Refused)]
        done = await asyncio.gather(self._work_on(events), self._refuse(refused))
        worked, dropped = map(iter, done)
        return [
            Taken(
                part,
                [next(worked if isinstance(each, Event) else dropped) for each in part.members],
            )
            for part in parts
        ]

    async def _work_on(self, events: Sequence[Event]) -> list[Outcome]:
        """Work on lanes side by side; one that is not done in time costs no other its outcome."""
        lanes: dict[object, list[int]] = {}
        for at, event in enumerate(events):
            lanes.setdefault(self.lane_of(event), []).append(at)
        found: dict[int, Outcome] = {}
        slots = asyncio.Semaphore(PORTION)

        async def work(places: list[int]) -> None:
            for first in range(0, len(places), PORTION):
                chosen = places[first : first + PORTION]
                portion = [events[at] for at in chosen]
                async with slots:
                    done = await self._guarded(portion, partial(self.work.handle, *portion))
                found.update(zip(chosen, done, strict=True))

        await asyncio.gather(*map(work, lanes.values()))
        return [found[at] for at in range(len(events))]

    def _lane_of_part(self, part: Part) -> object:
        """Give the one lane of a message, else what equals nothing.

        Messages in a row that share it go into one commit.
        """
        lanes = {self.lane_of(each) for each in part.members if isinstance(each, Event)}
        return lanes.pop() if len(lanes) == 1 else object()

    async def _refuse(self, refused: Sequence[Refused]) -> list[Outcome]:
        if not refused:
            return []
        from xorca.handlers.aws_lambda.refusing import dead, publish_letters, returned

        if self.gives_back:
            return [returned(each) for each in refused]
        outcomes = [dead(each, self.invocation) for each in refused]
        bus = self.work.bus
        if bus is None or self.tells:
            return outcomes
        return await self._guarded(refused, partial(publish_letters, bus, outcomes))

    async def _guarded(
        self, members: Sequence[Member], work: Callable[[], Awaitable[list[Outcome]]]
    ) -> list[Outcome]:
        """Do a piece of work unless the time is over; what fails must come again."""
        if self.deadline.has_passed():
            return [_put_off(member, "deadline") for member in members]
        try:
            async with asyncio.timeout_at(self.deadline.at):
                return await work()
        except TimeoutError as exc:
            message = f"{len(members)} event(s) were not done in time and must come again"
            say(logging.WARNING, "lambda.deadline", message)
            return [_put_off(member, "deadline", exc) for member in members]
        except (asyncio.CancelledError, SystemExit) as exc:
            if _is_asked_to_end():
                raise
            return _failed(members, RuntimeError(f"something in it raised {exc!r}"))
        except Exception as exc:  # a fault of ours must not cost what is already done
            return _failed(members, exc)


def _is_asked_to_end() -> bool:
    """Whether this task is being cancelled, and not only something that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failed(members: Sequence[Member], error: Exception) -> list[Outcome]:
    say(logging.ERROR, "internal", "a part of an invocation failed", error=error)
    return [_put_off(member, "internal", error) for member in members]


def _put_off(member: Member, reason: str, error: Exception | None = None) -> Outcome:
    """Give the outcome of what was not begun, or not ended."""
    event = member if isinstance(member, Event) else None
    subject = None if event is None else event.subject
    return Outcome(event, "retry", reason, subject=subject, error=error)


def _behind(part: Part) -> Taken:
    return Taken(part, [_put_off(member, "behind") for member in part.members])


def _all_behind(taken: list[Taken]) -> list[Taken]:
    """See to it that after the first message that must come again, every other must, too."""
    found: list[Taken] = []
    blocked = False
    for one in taken:
        if blocked and not one.again:
            found.append(_behind(one.part))
            continue
        blocked = blocked or one.again
        found.append(one)
    return found
