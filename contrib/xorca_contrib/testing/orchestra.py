"""The stage, the world around it, and time.

``Any`` stands for payloads, which may be of any type.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from xorca import Orchestrator
from xorca.dsl.orchestrator import plan_of
from xorca.events import Event
from xorca.runtime import Outcome
from xorca_contrib.testing.clock import VirtualClock, duration
from xorca_contrib.testing.errors import TROUBLE, XorcaTestError, check_outcome, trouble
from xorca_contrib.testing.fleet import ScriptedFleet, unscripted
from xorca_contrib.testing.making import Deliverable, make_event
from xorca_contrib.testing.process import Process
from xorca_contrib.testing.rooms import Point
from xorca_contrib.testing.stage import Stage
from xorca_contrib.testing.story import shown, told

PATIENCE = 10_000
"""How many deliveries one event may cause before the test is told that it goes on for ever."""


class Orchestra:
    """Start orchestrators and play the world around them.

    Commands that start a class which is served here go to it, and its answers go back; other
    commands are answered by the test, or after ``run`` by ``fleet``.
    """

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.fleet = ScriptedFleet()
        self._stage = Stage(self.clock, lambda body: Process(self, body))
        self._automatic = False
        self._made = 0

    # -- orchestrators ----------------------------------------------------------

    def serve(self, *classes: type[Orchestrator]) -> None:
        """Make classes known without starting them, so that commands can start them."""
        self._stage.serve(*classes)

    async def start(
        self,
        cls: type[Orchestrator],
        payload: object = None,
        *,
        process_id: str | None = None,
        version: str | None = None,
        id: str | None = None,
        expect: str | None = None,
    ) -> Process:
        """Start a process; its commands wait for the test to answer them.

        Args:
            cls: The class; from now on it is served.
            payload: What its ``@start`` takes.
            process_id: Any text; by default derived from the start event, as always.
            version: Another version than that of ``cls``, among those that are served.
            id: The id of the start event.
            expect: The status of the outcome, where it is not to be ``applied``.

        Raises:
            PayloadError: no ``@start`` of the class takes this payload.
            XorcaTestError: the start came to nothing; the cause is the handler's error.
        """
        self.serve(cls)
        event = cls.start_event(
            payload,
            process_id=process_id,
            version=version or plan_of(cls).version,
            id=id or self._new_id("start"),
        )
        outcome = await self.deliver(event, expect=expect)
        process = self._stage.process_of(outcome)
        if process is None:
            raise XorcaTestError(f"no process came of the start: {outcome!r}")
        return process

    async def run(
        self,
        cls: type[Orchestrator],
        payload: object = None,
        *,
        process_id: str | None = None,
        version: str | None = None,
    ) -> Process:
        """Start a process and let ``fleet`` answer until nothing is left to be answered.

        From now on the fleet answers whatever is sent, after a later ``wait`` too. No time
        passes by itself.

        Raises:
            XorcaTestError: a command has no script, or an event became a dead letter.
        """
        self._automatic = True
        return await self.start(cls, payload, process_id=process_id, version=version)

    @property
    def processes(self) -> list[Process]:
        """Every process so far, in the order of their starts."""
        return list(self._stage.processes.values())

    def process(self, cls: type[Orchestrator], process_id: str | None = None) -> Process:
        """Give the process of a class, say one that a command has started.

        Raises:
            XorcaTestError: there is none, or several and no ``process_id`` says which.
        """
        name = plan_of(cls).name
        found = [
            process
            for process in self._stage.processes.values()
            if process.name == name and process_id in (None, process.process_id)
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join(process.subject for process in self._stage.processes.values()) or "none"
        raise XorcaTestError(
            f"{len(found)} processes of {name!r} fit, and one was asked for; there are: {known}."
            " Give process_id=..., or see to it that it is started: orchestra.serve(...)"
        )

    # -- events -----------------------------------------------------------------

    def event(
        self,
        event_type: str,
        payload: object = None,
        *,
        subject: str | None = None,
        id: str | None = None,
        causationid: str | None = None,
    ) -> Event:
        """Make an event of the present time.

        Raises:
            XorcaTestError: the payload has no JSON form.
        """
        return make_event(
            event_type,
            payload,
            id=id or self._new_id("event"),
            at=self.clock.now(),
            subject=subject,
            causationid=causationid,
        )

    async def deliver(self, event: Deliverable, *, expect: str | None = None) -> Outcome:
        """Deliver an event (a CloudEvent, or bytes or text of structured JSON) and what follows.

        Raises:
            XorcaTestError: the outcome is not ``expect``; without it, it is dead, foreign or
                to be tried again; or this befell an event that followed.
        """
        outcome = await self._stage.hand_over(event)
        troubles = await self._settle()
        check_outcome(outcome, expect)
        _raise_first(troubles)
        return outcome

    async def resume(self, token: str, payload: object = None) -> Outcome:
        """Bring a continuation token, as whoever it was given to would, and what follows.

        Raises:
            TokenRefused, PayloadError: as of ``Runtime.resume``.
            XorcaTestError: the outcome is dead or foreign, or an event that followed died.
        """
        outcome = await self._stage.resume(token, payload)
        troubles = await self._settle()
        check_outcome(outcome, None)
        _raise_first(troubles)
        return outcome

    async def redeliver(self, bodies: list[bytes]) -> list[Outcome]:
        """Deliver events that were delivered before; the caller judges what they changed."""
        return [await self._stage.hand_over(body) for body in bodies]

    async def wait(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> list[Outcome]:
        """Let time pass, from one due deadline to the next, and fire each at its time.

        Raises:
            XorcaTestError: a deadline's handler raised, or an event that followed died.
        """
        until = self.clock.now() + duration(
            days=days, hours=hours, minutes=minutes, seconds=seconds
        )
        alarm = self._stage.alarm
        outcomes: list[Outcome] = []
        troubles: list[Outcome] = []
        while (due := alarm.next_due()) is not None and due <= until.timestamp():
            self.clock.set(max(self.clock.now(), datetime.fromtimestamp(due, UTC)))
            for event in alarm.due(due):
                outcomes.append(await self._stage.hand_over(event))
                troubles += await self._settle()
        self.clock.set(max(until, self.clock.now()))
        for outcome in outcomes:
            check_outcome(outcome, None)
        _raise_first(troubles)
        return outcomes

    def crash(self, before: Point | None = None) -> None:
        """Lose the worker with all that it holds in memory; a fresh one goes on.

        Args:
            before: ``"save"`` or ``"publish"``: lose it only then, in the middle of the next
                event, which comes again to the fresh one.
        """
        self._stage.crash(before)

    # -- looking back -----------------------------------------------------------

    @property
    def sent_count(self) -> int:
        """How many different events were sent by all processes."""
        return self._stage.sent_count

    @property
    def story(self) -> str:
        """What every process went through, and what reached none."""
        stories = [_story_of(process) for process in self._stage.processes.values()]
        if self._stage.elsewhere:
            stories.append(told("for no process", self._stage.elsewhere, since=self.clock.began))
        return "\n\n".join(stories) or "no process was started"

    # -- the inside -------------------------------------------------------------

    def _new_id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}"

    async def _settle(self) -> list[Outcome]:
        """Deliver what was sent to whom it is for, until nothing is left; give what failed."""
        troubles: list[Outcome] = []
        strangers: dict[str, str] = {}
        for _ in range(PATIENCE):
            if not self._stage.queue:
                break
            event, payload = self._stage.queue.popleft()
            answer = await self._answer_to(event, payload, strangers)
            if answer is not None:
                outcome = await self._stage.hand_over(answer)
                troubles += [outcome] if outcome.status in TROUBLE else []
        else:
            raise XorcaTestError(
                f"the processes did not come to rest after {PATIENCE:,} deliveries: does a"
                " command go out again at each of its answers?"
            )
        if strangers and not troubles:
            raise unscripted(strangers)
        return troubles

    async def _answer_to(
        self, event: Event, payload: Any, strangers: dict[str, str]
    ) -> Event | None:
        """Give what is to be delivered because an event was sent: itself, or its answer."""
        if self._stage.serves(event):
            return event
        if not (self._automatic and event.type.startswith("cmd.")):
            return None
        if not self.fleet.knows(event.type):
            strangers.setdefault(event.type, shown(payload))
            return None
        reply = await self.fleet.hear(event.type, payload)
        if reply is None:
            return None
        return self.event(reply.name, reply.payload, subject=event.subject, causationid=event.id)


def _story_of(process: Process) -> str:
    try:
        return process.story
    except Exception as exc:  # a story must never fail the report of a test
        return f"{process!r}, whose story cannot be told: {type(exc).__name__}: {exc}"


def _raise_first(troubles: list[Outcome]) -> None:
    if troubles:
        raise trouble(troubles[0])
