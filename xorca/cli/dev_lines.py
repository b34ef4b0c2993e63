"""What ``xorca dev`` prints of each event: what came, what it changed, what was sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import click
import msgspec

from xorca.cli.causes import cause_of
from xorca.cli.printing import one_line, plain
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.engine.draft import TIMER_TYPE
from xorca.engine.ids import parse_subject
from xorca.engine.letters import DEAD_LETTER_TYPE
from xorca.errors import XorcaError
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.ports import Store
from xorca.runtime import Outcome
from xorca.runtime.reading import describe

_DATA = 80


class _Wake(msgspec.Struct):
    timer: str = ""


class Lines:
    """Print a line for each outcome that matters to whoever looks on, in order.

    The state before comes from the record: other workers of the store may have had the event
    before this one.
    """

    def __init__(
        self, store: Store, classes: Iterable[type[Orchestrator]], fleets: Iterable[Fleet]
    ) -> None:
        plans = [plan_of(cls) for cls in classes]
        self._store = store
        self._finals = {plan.name: plan.finals for plan in plans}
        self._served = {command for fleet in fleets for command in fleet.commands}
        self._served |= {name for plan in plans for name in plan.starts}
        self._queue: asyncio.Queue[Outcome] = asyncio.Queue()

    def see(self, outcome: Outcome) -> None:
        """Take an outcome to be printed."""
        if outcome.status != "foreign":
            self._queue.put_nowait(outcome)

    async def print_on(self) -> None:
        """Print what comes, until cancelled."""
        while True:
            outcome = await self._queue.get()
            try:
                await self._print(outcome)
            except Exception as exc:  # one line less, and the work goes on
                click.echo(f"{_subject(outcome)}: cannot be shown: {exc!r}", err=True)
            finally:
                self._queue.task_done()

    async def rest(self) -> None:
        """Wait until everything is printed."""
        await self._queue.join()

    async def _print(self, outcome: Outcome) -> None:
        before = await self._before(outcome)
        became = self._became(outcome, before)
        click.echo(f"{_now()}  {_subject(outcome)}  {_event(outcome)}  {became}")
        self._miss(outcome.sent)

    async def _before(self, outcome: Outcome) -> str:
        """Give the state that the event found; nothing where the record does not say."""
        if outcome.status != "applied" or not (outcome.state and outcome.raw and outcome.subject):
            return ""
        try:
            found = await describe(self._store, outcome.subject)
        except XorcaError:
            return ""
        steps = [(step.event, step.state) for step in found.timeline] if found else []
        this = (outcome.raw.type, outcome.state)
        places = [place for place, step in enumerate(steps) if step == this and place]
        return steps[places[-1] - 1][1] if places else ""

    def _became(self, outcome: Outcome, before: str) -> str:
        if outcome.status == "dead":
            text = f"✗ DEAD LETTER ({outcome.reason}): {cause_of(outcome)}"
            return click.style(text, fg="red", bold=True)
        if outcome.status == "retry":
            text = f"comes again ({outcome.reason}): {cause_of(outcome)}"
            return click.style(text, fg="yellow")
        sent = _sent(outcome.sent)
        if outcome.status == "applied":
            return f"{self._change(outcome, before)}{f'  ⇒ {sent}' if sent else ''}"
        what = "came early, and is kept" if outcome.status == "deferred" else outcome.status
        reason = f" ({outcome.reason})" if outcome.reason else ""
        return click.style(f"{what}{reason}", dim=True) + (f"  ⇒ {sent}" if sent else "")

    def _change(self, outcome: Outcome, before: str) -> str:
        state = outcome.state
        if not state:
            return "served" if outcome.sent else "heard"
        parts = parse_subject(outcome.subject or "")
        final = parts is not None and state in self._finals.get(parts.name, ())
        shown = click.style(state, fg="green" if final else "cyan", bold=final)
        return shown if before == state else f"{before} → {shown}".lstrip()

    def _miss(self, sent: Iterable[Event]) -> None:
        commands = {event.type for event in sent if event.type.startswith("cmd.")}
        for command in sorted(commands - self._served):
            self._served.add(command)  # once is enough
            text = f"nobody here serves {command}; it is kept for whoever does"
            click.echo(click.style(text, fg="yellow"))


def _now() -> str:
    return click.style(f"{datetime.now().astimezone():%H:%M:%S}", dim=True)


def _subject(outcome: Outcome) -> str:
    return click.style(plain(outcome.subject or "(no process)"), bold=True)


def _event(outcome: Outcome) -> str:
    event = outcome.raw
    if event is None:
        return "no CloudEvent"
    if event.type != TIMER_TYPE:
        return plain(event.type)
    try:
        timer = msgspec.json.decode(event.data or b"{}", type=_Wake).timer
    except msgspec.MsgspecError:
        timer = ""
    name = timer.removeprefix("after:").rpartition(":")[0]  # the rest numbers its deadlines
    return f"deadline {plain(name or timer)}".rstrip()


def _sent(events: Iterable[Event]) -> str:
    shown = [_emitted(event) for event in events if event.type != DEAD_LETTER_TYPE]
    return ", ".join(f"{text} x{n}" if n > 1 else text for text, n in Counter(shown).items())


def _emitted(event: Event) -> str:
    if event.type.startswith("cmd."):
        return plain(event.type)
    failed = event.type.endswith((".error", ".timeout"))
    name = click.style(plain(event.type), fg="red" if failed else "magenta")
    return name if event.data is None else f"{name} {one_line(_data(event), limit=_DATA)}"


def _data(event: Event) -> object:
    try:
        return msgspec.json.decode(event.data or b"null")
    except msgspec.MsgspecError:
        return None
