"""The Plan: what a class is compiled to. Frozen data, with the questions that stepping asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

import msgspec

from xorca.codec import Codec, MemoryCodec
from xorca.dsl.names import command_of, matches, specificity

EdgeKind = Literal["start", "on", "after"]
PartKind = Literal["one", "optional", "list", "count"]
EmitKind = Literal["one", "optional", "many"]
Early = Literal["defer", "ignore", "reject"]


MEMO = 4096
"""How many names from outside a plan remembers; outside text must not grow it without end."""


class StatePlan(msgspec.Struct, frozen=True):
    """A state; ``place`` is where it was written."""

    name: str
    final: bool = False
    place: str = ""


class Part(msgspec.Struct, frozen=True):
    """One event of a join. ``command`` is what it answers, None if nothing of this class."""

    name: str
    kind: PartKind
    codec: Codec | None
    command: str | None


class EmitPlan(msgspec.Struct, frozen=True):
    """One name that a handler emits, and how often: always, perhaps, or once an item.

    A command is expected to be answered; an answer goes to whoever started the process.
    """

    name: str
    kind: EmitKind
    codec: Codec
    is_command: bool
    is_answer: bool


class Finder(msgspec.Struct, frozen=True):
    """How an event that does not carry our subject finds its process, as ``process=`` says.

    ``name`` is as written, perhaps a pattern; ``codecs`` are the payload types to try, in
    order, before ``function`` is called.
    """

    name: str
    function: Callable[[Any], Any]
    codecs: tuple[Codec, ...]


class Edge(msgspec.Struct, frozen=True):
    """One way from some states to one state (``target`` None: stay), through a handler.

    ``arms`` are the payload types to try, in order; none means that the handler takes no
    payload. ``parts`` is not empty for a join. ``index`` is its place in ``Plan.edges``,
    ``ordinal`` its place among the edges of one handler. A handler that takes no payload may
    have a guard that does: then ``takes_payload`` is false and ``arms`` is the guard's.
    """

    index: int
    kind: EdgeKind
    handler: str
    function: Callable[..., Any]
    ordinal: int = 0
    takes_payload: bool = True
    names: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    target: str | None = None
    arms: tuple[Codec, ...] = ()
    parts: tuple[Part, ...] = ()
    emits: tuple[EmitPlan, ...] = ()
    guard: Callable[..., Any] | None = None
    each: bool = False
    first: bool = False
    early: Early = "defer"
    delay: timedelta | None = None
    whole_life: bool = False
    on_existing: Literal["refuse", "ignore"] = "refuse"
    finders: tuple[Finder, ...] = ()
    place: str = ""

    @property
    def trigger(self) -> str:
        """The trigger of an edge that no event name names: a join or a deadline."""
        return f"{'join' if self.parts else self.kind}:{self.handler}:{self.ordinal}"


class MemoryPlan(msgspec.Struct, frozen=True):
    """The declared attributes, their codec and their defaults."""

    fields: Mapping[str, Any]
    defaults: Mapping[str, Any]
    codec: MemoryCodec


class Plan(msgspec.Struct, frozen=True, dict=True):
    """A compiled orchestrator. Equal classes give equal plans in both forms.

    ``retain`` is how long a process is kept after its end; None: until somebody deletes it.
    ``senders`` are patterns of the sources that are heard; none: all of them.
    """

    name: str
    version: str
    doc: str
    states: tuple[StatePlan, ...]
    edges: tuple[Edge, ...]
    memory: MemoryPlan
    early: Early = "defer"
    retain: timedelta | None = None
    senders: tuple[str, ...] = ()
    place: str = ""
    options: Mapping[str, Any] = {}

    @cached_property
    def finals(self) -> frozenset[str]:
        """The names of the final states."""
        return frozenset(state.name for state in self.states if state.final)

    @cached_property
    def starts(self) -> dict[str, Edge]:
        """The start edges by the name that each hears."""
        return {name: edge for edge in self.edges if edge.kind == "start" for name in edge.names}

    @cached_property
    def signals(self) -> frozenset[str]:
        """The names that start a process, and that one which lives hears, by their content."""
        found: dict[str, set[str]] = {"start": set(), "on": set()}
        for edge in self.edges:
            if edge.finders:
                found[edge.kind].update(finder.name for finder in edge.finders)
        return frozenset(found["start"] & found["on"])

    @cached_property
    def commands(self) -> frozenset[str]:
        """Every command that some handler may send."""
        return frozenset(emit.name for edge in self.edges for emit in edge.emits if emit.is_command)

    @cached_property
    def joins(self) -> dict[str, tuple[Edge, ...]]:
        """The joins of each state, in the order written."""
        return {
            state.name: tuple(e for e in self.edges if e.parts and state.name in e.sources)
            for state in self.states
        }

    @cached_property
    def joined(self) -> dict[str, frozenset[str | None]]:
        """The commands whose answers the joins of each state wait for."""
        return {
            state: frozenset(part.command for edge in edges for part in edge.parts)
            for state, edges in self.joins.items()
        }

    @cached_property
    def joined_ahead(self) -> dict[str, frozenset[str | None]]:
        """The commands whose answers the joins of each state, or of one after it, wait for."""
        joined, after = self.joined, self.successors
        return {
            state: joined[state].union(*(joined[later] for later in after[state]))
            for state in joined
        }

    @cached_property
    def deadlines(self) -> dict[str, tuple[Edge, ...]]:
        """The ``@after`` edges that are armed on entering each state."""
        return {
            state.name: tuple(
                e
                for e in self.edges
                if e.kind == "after" and not e.whole_life and state.name in e.sources
            )
            for state in self.states
        }

    @cached_property
    def lifetimes(self) -> tuple[Edge, ...]:
        """The ``@after`` edges that count from the start of the process."""
        return tuple(e for e in self.edges if e.kind == "after" and e.whole_life)

    @cached_property
    def timers(self) -> dict[str, Edge]:
        """The ``@after`` edges by the name of their timer."""
        return {edge.trigger: edge for edge in self.edges if edge.kind == "after"}

    @cached_property
    def has_deadlines(self) -> bool:
        """Whether this class needs an Alarm."""
        return any(edge.kind == "after" for edge in self.edges)

    @cached_property
    def _heard(self) -> dict[str, dict[str, list[Edge]]]:
        """State -> written name or pattern -> the edges that it may take, in order."""
        heard: dict[str, dict[str, list[Edge]]] = {state.name: {} for state in self.states}
        for edge in self.edges:
            if edge.kind == "on":
                for source in edge.sources:
                    for name in edge.names:
                        heard[source].setdefault(name, []).append(edge)
        return heard

    @cached_property
    def _written(self) -> tuple[frozenset[str], tuple[str, ...]]:
        names = {name for edge in self.edges if edge.kind == "on" for name in edge.names}
        patterns = sorted((n for n in names if "*" in n), key=lambda n: (*specificity(n), n))
        return frozenset(names.difference(patterns)), tuple(patterns)

    @cached_property
    def _taken(self) -> dict[tuple[str, str], str | None]:
        return {}

    def written_name(self, state: str, name: str) -> str | None:
        """Give the name or pattern by which a state hears an event; an exact name wins."""
        try:
            return self._taken[state, name]
        except KeyError:
            pass
        heard = self._heard[state]
        found = name if name in heard else None
        if found is None:
            found = next((p for p in self._written[1] if p in heard and matches(p, name)), None)
        if len(self._taken) < MEMO:
            self._taken[state, name] = found
        return found

    def trigger(self, state: str, name: str) -> str | None:
        """Give the machine's trigger for an event in a state, None if it hears no such event."""
        try:
            return self._triggers[state, name]
        except KeyError:
            pass
        parts = {part.name for edge in self.joins[state] for part in edge.parts}
        written = name if name in parts else self.written_name(state, name)
        found = None if written is None else heard(written)
        if len(self._triggers) < MEMO:
            self._triggers[state, name] = found
        return found

    @cached_property
    def _triggers(self) -> dict[tuple[str, str], str | None]:
        return {}

    def edges_for(self, state: str, written: str) -> tuple[Edge, ...]:
        """Give the edges of a state for a name or pattern as it was written."""
        return tuple(self._heard[state].get(written, ()))

    def hears(self, name: str) -> bool:
        """Tell whether any state hears an event of this name."""
        exact, patterns = self._written
        if name in exact or name in self._parts:
            return True
        return any(matches(pattern, name) for pattern in patterns)

    @cached_property
    def _parts(self) -> frozenset[str]:
        return frozenset(part.name for edge in self.edges for part in edge.parts)

    def answers(self, name: str) -> str | None:
        """Give the command of this class that an event name answers, None if there is none."""
        try:
            return self._answered[name]
        except KeyError:
            pass
        command = command_of(name)
        found = command if command in self.commands else None
        if len(self._answered) < MEMO:
            self._answered[name] = found
        return found

    @cached_property
    def _answered(self) -> dict[str, str | None]:
        return {}

    @cached_property
    def successors(self) -> dict[str, frozenset[str]]:
        """The states that can come after each state, by one or more transitions."""
        direct = {
            state.name: {e.target for e in self.edges if state.name in e.sources and e.target}
            for state in self.states
        }
        return {state: frozenset(_closure(state, direct)) for state in direct}

    @cached_property
    def entries(self) -> frozenset[str]:
        """The states that a start leads to."""
        return frozenset(e.target for e in self.edges if e.kind == "start" and e.target)


def heard(name: str) -> str:
    """Give the trigger of a wire name or pattern; the prefix keeps it apart from ours."""
    return f"on:{name}"


def _closure(state: str, direct: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = list(direct[state])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(direct.get(name, ()))
    return found
