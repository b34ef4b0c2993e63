"""The one file that knows ``transitions``: a Plan becomes one synchronous Machine a class.

The machine holds no model. A step hands it a private cursor whose ``state`` was set by plain
assignment, and the callbacks only call back into that cursor: nothing here awaits, and no
text from outside is ever looked up on an object.

``Any`` stands for the library's types, which it does not publish in a strict form.
"""

from __future__ import annotations

from typing import Any, Protocol

from transitions import Machine, State, Transition

from xorca.dsl.plan import Edge, Plan, heard

START = "(start)"
"""The state of a process before its start event; no method can have this name."""


class Cursor(Protocol):
    """What a step hands to the machine: where it is, and what to do on the way."""

    state: str

    def accepts(self, edge: Edge) -> bool:
        """Tell whether the event at hand may take this edge (payload and guard)."""
        ...

    def act(self, edge: Edge) -> None:
        """Run the handler of the edge."""
        ...

    def gather(self, name: str) -> None:
        """Keep the event at hand for the joins that wait for it."""
        ...


class _Move(Transition):
    """A transition that asks the cursor instead of walking through lists of callbacks.

    The order is the library's: conditions, what comes before the change, the change. What
    it leaves out are callbacks that no machine of ours has, which cost more than the rest.
    """

    def __init__(self, *args: Any, edge: Edge | None = None, part: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.edge = edge
        self.part = part

    def execute(self, event_data: Any) -> bool:
        """Take the transition if the cursor accepts it; for the library's own trigger."""
        return self.take(event_data.model)

    def take(self, cursor: Cursor) -> bool:
        """Take the transition if the cursor accepts it."""
        edge = self.edge
        if edge is None:
            cursor.gather(self.part)
            return True
        if not cursor.accepts(edge):
            return False
        cursor.act(edge)
        if self.dest is not None:
            cursor.state = self.dest
        return True


class _Machine(Machine):
    transition_cls = _Move


class CompiledMachine:
    """A class's machine, shared by all of its processes."""

    __slots__ = ("_moves", "machine")

    def __init__(self, plan: Plan) -> None:
        self.machine: Any = _Machine(
            model=None,
            states=[START, *(State(s.name, final=s.final) for s in plan.states)],
            initial=START,
            auto_transitions=False,
            send_event=True,
        )
        for edge in plan.edges:
            self._add_edge(edge)
        self._add_gathering(plan)
        # Trigger -> state -> transitions, in order: the machine's own tables.
        self._moves: dict[str, Any] = {
            name: event.transitions for name, event in self.machine.events.items()
        }

    def fire(self, trigger: str, cursor: Cursor) -> bool:
        """Take the first transition that accepts; False if none does.

        As ``machine.events[trigger].trigger(cursor)``, without what that builds for
        callbacks on every call.
        """
        for move in self._moves[trigger].get(cursor.state, ()):  # noqa: SIM110 - it is hot
            if move.take(cursor):
                return True
        return False

    def _add_edge(self, edge: Edge) -> None:
        triggers = [edge.trigger]
        if edge.kind == "on" and not edge.parts:
            triggers = [heard(name) for name in edge.names]
        sources = [START] if edge.kind == "start" else list(edge.sources)
        for trigger in triggers:
            self.machine.add_transition(trigger, sources, edge.target, edge=edge)

    def _add_gathering(self, plan: Plan) -> None:
        """Let each part of a join be kept, unless a handler of its own folds it."""
        known: set[tuple[str, str]] = set()
        for edge in (edge for edge in plan.edges if edge.parts):
            for part in edge.parts:
                for source in edge.sources:
                    folded = any(e.each for e in plan.edges_for(source, part.name))
                    if (source, part.name) not in known and not folded:
                        known.add((source, part.name))
                        self.machine.add_transition(heard(part.name), source, None, part=part.name)
