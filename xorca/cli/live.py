"""What a run shows while it lasts: the way of each process, and what it tells the world."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from xorca.cli.printing import one_line, plain
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.engine.ids import parse_subject
from xorca.events import Event
from xorca.runtime import Outcome


class Live:
    """Print as outcomes come. The way of a process grows on its line until another speaks.

    ``served`` are the commands that somebody here takes; ``hide_ids`` prints ``…`` for
    process ids that nobody chose and nobody can look up later; ``others`` says that workers
    elsewhere may serve what nobody serves here.
    """

    def __init__(
        self,
        classes: tuple[type[Orchestrator], ...],
        *,
        served: set[str],
        hide_ids: bool,
        others: bool,
    ) -> None:
        self.finals = {plan_of(cls).name: plan_of(cls).finals for cls in classes}
        self.unserved: list[str] = []
        self._served, self._hide_ids, self._others = served, hide_ids, others
        self._states: dict[str, str] = {}
        self._speaking = ""

    def see(self, outcome: Outcome) -> None:
        """Print what is new in an outcome."""
        subject = outcome.subject or ""
        if outcome.status != "applied" or not outcome.state:
            return
        if self._states.get(subject) != outcome.state:
            self._go(subject, outcome.state)
        for event in outcome.sent:
            self._tell(event)

    def catch_up(self, subject: str, states: Sequence[str]) -> None:
        """Print the rest of a way that another worker has seen; ``states`` is all of it."""
        known, rest = self._states.get(subject), list(states)
        if known in rest:
            rest = rest[len(rest) - rest[::-1].index(known) :]
        for state in rest:
            if self._states.get(subject) != state:
                self._go(subject, state)

    def close_line(self) -> None:
        """End the line that is still growing."""
        if self._speaking:
            click.echo()
        self._speaking = ""

    def _go(self, subject: str, state: str) -> None:
        before, parts = self._states.get(subject), parse_subject(subject)
        final = parts is not None and state in self.finals.get(parts.name, ())
        shown = click.style(state, fg="green" if final else "cyan", bold=final)
        self._states[subject] = state
        if self._speaking == subject:
            click.echo(f" → {shown}", nl=False)
            return
        self.close_line()
        head = f"{parts.name}/{parts.version}/…" if self._hide_ids and parts else subject
        way = f"{before} → {shown}" if before else shown
        click.echo(f"{click.style(plain(head), bold=True)}  {way}", nl=False)
        self._speaking = subject

    def _miss(self, command: str) -> None:
        self.unserved.append(command)
        if self._others:
            self.close_line()
            click.echo(f"nobody here serves {command}; another worker of this store may", err=True)

    def _tell(self, event: Event) -> None:
        if event.type.startswith("cmd."):
            if event.type not in self._served and event.type not in self.unserved:
                self._miss(event.type)
            return
        if event.type.startswith("sys."):
            return
        self.close_line()
        data = one_line(msgspec.json.decode(event.data)) if event.data is not None else ""
        click.echo(f"{click.style(event.type, fg='magenta')}  {data}".rstrip())
