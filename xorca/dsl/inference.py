"""Where handlers lead and where they are heard, when the class does not say it.

In the short form a method that emits a ``cmd.*`` is a waiting state of its own name; in both
forms an answer without ``at=`` is heard wherever its command was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from xorca.dsl.names import command_of, is_pattern, may_answer, wire_name
from xorca.dsl.plan import StatePlan
from xorca.dsl.sketch import Reading, Sketch
from xorca.dsl.states import State, anywhere, end, state_name, stay


def infer(reading: Reading) -> tuple[StatePlan, ...]:
    """Give the states, and fill in target and sources of every sketch."""
    explicit = bool(reading.states)
    states = {name: StatePlan(name, state.is_final) for name, state in reading.states.items()}
    for sketch in reading.sketches:
        _declare(states, sketch, explicit=explicit)
    for sketch in reading.sketches:
        sketch.target = _target(reading, states, sketch, explicit=explicit)
    for sketch in reading.sketches:
        _written_sources(reading, states, sketch)
    _answer_sources(reading, states)
    return tuple(states.values())


def commands(sketch: Sketch) -> tuple[str, ...]:
    """Give the commands that a handler may send."""
    return tuple(n for n in map(wire_name, sketch.emits) if n.startswith("cmd."))


def _waits(sketch: Sketch, *, explicit: bool) -> bool:
    return not explicit and sketch.to is None and bool(commands(sketch))


def _declare(states: dict[str, StatePlan], sketch: Sketch, *, explicit: bool) -> None:
    """Add the state that a method of the short form is, or that ``to=end`` names."""
    if sketch.to is end:
        states[sketch.handler] = StatePlan(sketch.handler, True, sketch.place)
    elif _waits(sketch, explicit=explicit):
        states.setdefault(sketch.handler, StatePlan(sketch.handler, False, sketch.place))


def _target(
    reading: Reading, states: dict[str, StatePlan], sketch: Sketch, *, explicit: bool
) -> str | None:
    if sketch.to is end or _waits(sketch, explicit=explicit):
        return sketch.handler
    if sketch.to is None:
        _missing_target(reading, sketch, explicit=explicit)
        return None
    if sketch.to is stay:
        if sketch.kind == "start":
            _problem_start(reading, sketch)
        return None
    return _known(reading, states, sketch.to, sketch)


def _missing_target(reading: Reading, sketch: Sketch, *, explicit: bool) -> None:
    if sketch.kind == "start":
        _problem_start(reading, sketch)
    elif not explicit:
        reading.problem(
            "X16",
            f"{sketch.handler!r} sends no command, so it is no waiting state, and says not where"
            " it leads",
            "Add to=end (the process ends there) or to=stay (it remains where it is)",
            sketch.place,
        )


def _problem_start(reading: Reading, sketch: Sketch) -> None:
    reading.problem(
        "X16",
        f"the start {sketch.handler!r} leads to no state",
        "Add to=<a State>, or let it emit a cmd.* (short form), or to=end",
        sketch.place,
    )


def _known(
    reading: Reading, states: dict[str, StatePlan], place: Any, sketch: Sketch
) -> str | None:
    """Give the name of a state of this class; note a problem and give None otherwise."""
    name = state_name(place)
    own = reading.states.get(name or "")
    foreign = isinstance(place, State) and own is not place
    if name in states and not foreign:
        return name
    shown = f"{place.owner.__name__}.{name}" if foreign and place.owner else (name or repr(place))
    reading.problem(
        "X12",
        f"{shown!r}, named by {sketch.handler!r}, is no state of this class",
        f"Use one of: {', '.join(sorted(states)) or 'none is declared'}",
        sketch.place,
    )
    return None


def _written_sources(reading: Reading, states: dict[str, StatePlan], sketch: Sketch) -> None:
    open_states = tuple(name for name, state in states.items() if not state.final)
    if sketch.kind == "after" and (sketch.at is None or sketch.at is anywhere):
        sketch.sources, sketch.whole_life = open_states, True
    elif sketch.at is anywhere:
        sketch.sources = open_states
    elif sketch.at is not None:
        several = isinstance(sketch.at, (tuple, list))
        places = cast("tuple[Any, ...]", sketch.at if several else (sketch.at,))
        names = [_known(reading, states, place, sketch) for place in places]
        sketch.sources = tuple(dict.fromkeys(name for name in names if name))
        if not places:
            _problem_nowhere(reading, sketch)


def _problem_nowhere(reading: Reading, sketch: Sketch) -> None:
    reading.problem(
        "X19",
        f"{sketch.handler!r} is heard in none of the states: its at= is empty",
        "Say where it is heard: at=<a state>, or at=anywhere",
        sketch.place,
    )


def _answer_sources(reading: Reading, states: dict[str, StatePlan]) -> None:
    """Fill in where answers without ``at=`` are heard; stay handlers may send more commands."""
    open_ones = [s for s in reading.sketches if s.kind == "on" and s.at is None]
    everything = {command for sketch in reading.sketches for command in commands(sketch)}
    waiting = [name for name in states if not states[name].final]
    changed = True
    while changed:
        changed = False
        sent = sent_in(reading.sketches, states)
        for sketch in open_ones:
            found = tuple(name for name in waiting if _hears(sketch, sent[name], everything))
            changed = changed or found != sketch.sources
            sketch.sources = found
    for sketch in open_ones:
        _check_answers(reading, sketch, everything)


def sent_in(sketches: Iterable[Sketch], states: Iterable[str]) -> dict[str, set[str]]:
    """Give for each state the commands sent on entry to it or by handlers that stay in it."""
    sent: dict[str, set[str]] = {name: set() for name in states}
    for sketch in sketches:
        places = sketch.sources if sketch.target is None else (sketch.target,)
        for place in places:
            sent[place].update(commands(sketch))
    return sent


def _answers_one(way: str, sent: set[str]) -> bool:
    if is_pattern(way):
        return any(may_answer(way, command) for command in sent)
    return command_of(way) in sent


def _hears(sketch: Sketch, sent: set[str], everything: set[str]) -> bool:
    if sketch.join is None:
        return any(_answers_one(wire_name(way), sent) for way in sketch.ways)
    answered = {command_of(wire_name(way)) for way in sketch.join.names} & everything
    return bool(answered) and answered <= sent


def _check_answers(reading: Reading, sketch: Sketch, everything: set[str]) -> None:
    ways = sketch.ways if sketch.join is None else sketch.join.names
    strays = [w for w in map(wire_name, ways) if not _answers_one(w, everything)]
    if sketch.join is not None and sketch.sources:
        return
    for way in strays or ([] if sketch.sources else [wire_name(ways[0])] if ways else []):
        reading.problem(
            "X19",
            f"{sketch.handler!r} hears {way!r}, which answers no command sent where it could be"
            " heard",
            "Say where it is heard: at=<a state>, or at=anywhere",
            sketch.place,
        )
