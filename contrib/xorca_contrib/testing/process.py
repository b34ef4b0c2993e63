"""A process as a test plays with it: answers, other events, time, crashes, repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xorca.events import Topic
from xorca.runtime import Outcome
from xorca_contrib.testing.awaiting import answered_place
from xorca_contrib.testing.errors import XorcaTestError
from xorca_contrib.testing.making import Deliverable
from xorca_contrib.testing.process_view import ProcessView
from xorca_contrib.testing.rooms import Point
from xorca_contrib.testing.story import shown

if TYPE_CHECKING:
    from xorca_contrib.testing.orchestra import Orchestra


class Process(ProcessView):
    """One process of an orchestra."""

    def __init__(self, orchestra: Orchestra, body: bytes) -> None:
        super().__init__(body, orchestra.clock)
        self._orchestra = orchestra

    async def answer(
        self,
        event_type: str | Topic[Any],
        payload: object = None,
        *,
        item: int | None = None,
        causation: bool = True,
        id: str | None = None,
        twice: bool = False,
        expect: str | None = None,
    ) -> Outcome:
        """Answer a command that is awaited.

        Args:
            event_type: ``evt.books.fetch.success`` answers ``cmd.books.fetch``.
            payload: What the service says.
            item: Which command of a fan-out, counted from 0; by default the next without an
                answer.
            causation: Whether the service names the command that it answers (causationid).
            id: The id of the answer.
            twice: Deliver it a second time, which must change nothing.
            expect: The status of the outcome, say ``"dead"`` where the handler is to raise.

        Raises:
            XorcaTestError: it answers no awaited command; the outcome is not the expected
                one (its cause is what the handler raised); the repetition changed something.
        """
        name = str(event_type)
        place = answered_place(self._known_plan(), self._record, name, item=item)
        event = self._orchestra.event(
            name,
            payload,
            subject=self.subject,
            id=id,
            causationid=self._ids[place] if causation else None,
        )
        outcome = await self.deliver(event, expect=expect)
        if twice:
            await self._repeat([event.to_json()])
        return outcome

    async def hear(
        self,
        event_type: str | Topic[Any],
        payload: object = None,
        *,
        id: str | None = None,
        expect: str | None = None,
    ) -> Outcome:
        """Deliver an event with the subject of this process that names no command."""
        event = self._orchestra.event(str(event_type), payload, subject=self.subject, id=id)
        return await self.deliver(event, expect=expect)

    async def deliver(self, event: Deliverable, *, expect: str | None = None) -> Outcome:
        """Deliver an event as it is: a CloudEvent, or bytes or text of structured JSON."""
        return await self._orchestra.deliver(event, expect=expect)

    async def wait(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> list[Outcome]:
        """Let time pass and fire the deadlines that come due, each at its time.

        Time passes for every process of the orchestra.
        """
        return await self._orchestra.wait(days=days, hours=hours, minutes=minutes, seconds=seconds)

    def crash(self, before: Point | None = None) -> None:
        """Lose the worker; the next event goes to a fresh one, which knows what is stored.

        With ``before="save"`` or ``before="publish"`` it is lost there in the midst of the
        next event, and the event comes again, as from a broker that was not told of success.
        """
        self._orchestra.crash(before)

    async def redeliver(self) -> list[Outcome]:
        """Deliver every event so far again.

        Raises:
            XorcaTestError: something changed by it.
        """
        return await self._repeat(list(self._bodies))

    async def assert_idempotent(self) -> None:
        """Assert that no event so far, delivered again, changes or sends anything.

        They are delivered to the worker that has seen them, and then to a fresh one.

        Raises:
            XorcaTestError: something changed; the message says what.
        """
        await self.redeliver()
        self.crash()
        await self.redeliver()

    async def _repeat(self, bodies: list[bytes]) -> list[Outcome]:
        before, seen = self._snapshot(), len(self._bodies)
        outcomes = await self._orchestra.redeliver(bodies)
        del self._bodies[seen:]
        after = self._snapshot()
        changed = [
            f"{what} was {shown(before[what])} and is {shown(after[what])}"
            for what in before
            if before[what] != after[what]
        ]
        if changed:
            raise XorcaTestError(
                f"events that were delivered again changed {self.subject}: {'; '.join(changed)}"
            )
        return outcomes

    def _snapshot(self) -> dict[str, object]:
        record = self._record
        return {
            "state": record.state,
            "status": record.status,
            "visit": (record.visit, record.attempt),
            "memory": bytes(record.memory),
            "awaited": record.awaited,
            "timers": {name: timer.due for name, timer in record.timers.items()},
            "deferred": [early.key for early in record.deferred],
            "dead": [dead.key for dead in record.dead],
            "what was sent": self._orchestra.sent_count,
        }
