"""Is it a machine that can run? Small checks over the finished graph, all of them, in order."""

from __future__ import annotations

from collections.abc import Iterator

from xorca.dsl.finders import check_finders
from xorca.dsl.names import (
    command_of,
    is_orchestrator_name,
    is_version,
)
from xorca.dsl.plan import Edge, Plan
from xorca.errors import Problem


def check_plan(plan: Plan) -> Iterator[Problem]:
    """Give every problem of a plan."""
    yield from check_names(plan)
    yield from check_starts(plan)
    yield from check_reachable(plan)
    yield from check_dead_ends(plan)
    yield from check_finals(plan)
    yield from check_ambiguity(plan)
    yield from check_fan_outs(plan)
    yield from check_leaving(plan)
    yield from check_conditional(plan)
    yield from check_finders(plan)


def check_names(plan: Plan) -> Iterator[Problem]:
    """Find a name or version of the class that a subject cannot carry."""
    if not is_orchestrator_name(plan.name):
        yield Problem(
            "X21",
            f"{plan.name!r} is no name for an orchestrator",
            "Use lower-case words of a-z, 0-9, - and _ with dots between, at most 100 characters",
            plan.place,
        )
    if not is_version(plan.version):
        cure = 'Use three numbers: version="1.0.0"'
        yield Problem("X21", f"{plan.version!r} is no version", cure, plan.place)


def check_starts(plan: Plan) -> Iterator[Problem]:
    """Find classes that nothing starts, or that one event starts in two ways."""
    starts = [edge for edge in plan.edges if edge.kind == "start"]
    if not starts:
        yield Problem(
            "X01", f"nothing starts {plan.name!r}", "Add a method with @start", plan.place
        )
    seen: dict[str, str] = {}
    for edge in starts:
        for name in edge.names:
            if name in seen:
                cause = f"{seen[name]!r} and {edge.handler!r} both start on {name!r}"
                yield Problem("X13", cause, "Keep one of them", edge.place)
            seen[name] = edge.handler


def check_reachable(plan: Plan) -> Iterator[Problem]:
    """Find states that no start leads to."""
    # Where a handler is heard nowhere, that is its problem, and told by itself.
    reached = set(plan.entries) | {e.target for e in plan.edges if e.target and not e.sources}
    for entry in tuple(reached):
        reached |= plan.successors.get(entry, frozenset())
    if not plan.entries:
        return
    for state in plan.states:
        if state.name not in reached:
            yield Problem(
                "X02",
                f"unreachable state: nothing leads to {state.name!r}",
                f"Add @on(..., to={state.name}), or remove it",
                state.place or plan.place,
            )


def check_dead_ends(plan: Plan) -> Iterator[Problem]:
    """Find states that nothing leaves though they are not final."""
    for state in plan.states:
        leaving = [e for e in plan.edges if e.target is not None and state.name in e.sources]
        if not state.final and not leaving:
            name = state.name
            yield Problem(
                "X03",
                f"dead end: nothing leaves {name!r}",
                f"Add @on(..., at={name}, to=...), or declare {name} = Final()",
                state.place or plan.place,
            )


def check_finals(plan: Plan) -> Iterator[Problem]:
    """Find edges out of a Final, and states from which no Final can be reached."""
    for edge in plan.edges:
        for source in edge.sources:
            if source in plan.finals:
                yield Problem(
                    "X04",
                    f"edge out of a Final: {edge.handler!r} is heard at {source!r}",
                    f"Leave {source!r} out of at=, or declare {source} = State()",
                    edge.place,
                )
    for state in plan.states:
        if state.final:
            continue
        after = plan.successors[state.name]
        if after and not (after & plan.finals):
            yield Problem(
                "X05",
                f"no way to a Final leads from {state.name!r}",
                "Add a handler with to=<a Final> (short form: to=end)",
                state.place or plan.place,
            )


def check_ambiguity(plan: Plan) -> Iterator[Problem]:
    """Find events that two handlers of one state would take."""
    heard: dict[tuple[str, str], Edge] = {}
    told: set[tuple[str, str]] = set()
    for edge in plan.edges:
        if edge.kind != "on" or edge.parts:
            continue
        for source in edge.sources:
            for name in edge.names:
                bare = heard.get((source, name))
                if bare is not None and (bare.handler, name) not in told:
                    told.add((bare.handler, name))
                    yield _ambiguous(edge, bare, name, source)
                if edge.guard is None:
                    heard[source, name] = edge
    yield from _ambiguous_joins(plan, heard)


def _ambiguous(edge: Edge, bare: Edge, name: str, source: str) -> Problem:
    return Problem(
        "X06",
        f"{bare.handler!r} takes every {name!r} at {source!r}, so {edge.handler!r} never would",
        "Give the first one when=<a guard>; only the last may be bare",
        edge.place,
    )


def _ambiguous_joins(plan: Plan, heard: dict[tuple[str, str], Edge]) -> Iterator[Problem]:
    complete: dict[tuple[str, tuple[str, ...]], Edge] = {}
    for edge in (e for e in plan.edges if e.parts):
        names = tuple(sorted(part.name for part in edge.parts))
        for source in edge.sources:
            bare = complete.get((source, names))
            if bare is not None:
                yield _ambiguous(edge, bare, " + ".join(names), source)
            if edge.guard is None:
                complete[source, names] = edge
            for part in edge.parts:
                single = heard.get((source, part.name))
                if single is not None and not (single.each and part.kind == "count"):
                    yield Problem(
                        "X06",
                        f"{single.handler!r} takes {part.name!r} at {source!r}, and"
                        f" {edge.handler!r} waits for it too",
                        "Keep one; to fold each answer before a join that takes no parameter,"
                        " say each=True",
                        edge.place,
                    )


def _sent_on_entry(plan: Plan, state: str) -> Iterator[list[str]]:
    """Give for each way into a state the commands that it sends; a fan-out counts twice."""
    staying = {
        emit.name
        for edge in plan.edges
        if edge.target is None and state in edge.sources
        for emit in edge.emits
        if emit.is_command
    }
    for edge in plan.edges:
        if edge.target == state:
            sent = [e.name for e in edge.emits if e.is_command]
            many = [e.name for e in edge.emits if e.is_command and e.kind == "many"]
            yield [*sent, *many, *sorted(staying.difference(sent))]


def check_fan_outs(plan: Plan) -> Iterator[Problem]:
    """Find ``each=True`` where no command was sent as a list."""
    many = {e.name for edge in plan.edges for e in edge.emits if e.kind == "many"}
    for edge in plan.edges:
        if edge.each and not any(command_of(name) in many for name in edge.names):
            yield Problem(
                "X14",
                f"{edge.handler!r} says each=True, but no handler sends its command as a list",
                "Return list[...] where the command is emitted, or leave each=True out",
                edge.place,
            )
        if edge.each and edge.target is not None:
            yield Problem(
                "X18",
                f"{edge.handler!r} folds each answer and leaves the state at the first",
                "Use to=stay, and a join without parameters to go on",
                edge.place,
            )


def check_leaving(plan: Plan) -> Iterator[Problem]:
    """Find answers that leave a state before the others of its commands are answered."""
    for edge in plan.edges:
        if edge.kind != "on" or edge.parts or edge.first or edge.each or edge.target is None:
            continue
        for name in edge.names:
            command = command_of(name)
            if name.endswith(".success") and _leaves_others(plan, edge, command):
                yield Problem(
                    "X18",
                    f"{edge.handler!r} leaves on {name!r} although several commands were sent",
                    "Wait for all of them with all_of(...) (a fan-out: a list[...] parameter), or"
                    " say first=True",
                    edge.place,
                )
                break


def _leaves_others(plan: Plan, edge: Edge, command: str | None) -> bool:
    return any(
        command in sent and len(sent) > 1
        for source in edge.sources
        for sent in _sent_on_entry(plan, source)
    )


def check_conditional(plan: Plan) -> Iterator[Problem]:
    """Find waiting states of the short form that might wait for nothing."""
    if not plan.options.get("short"):
        return
    for edge in plan.edges:
        sent = [emit for emit in edge.emits if emit.is_command]
        waits = edge.target == edge.handler and edge.target not in plan.finals
        if waits and sent and all(emit.kind == "optional" for emit in sent):
            yield Problem(
                "X17",
                f"every command of {edge.handler!r} is conditional, so it might wait for nothing",
                "Send one always, or use the explicit form with a State for each case",
                edge.place,
            )
