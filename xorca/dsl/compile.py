"""From class to Plan: read, infer, build, check; every problem is reported at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, get_origin

from xorca.codec import ArmsCodec, MemoryCodec, codec_for, type_name
from xorca.dsl.checks import check_plan
from xorca.dsl.edges import build_edges
from xorca.dsl.inference import infer
from xorca.dsl.names import is_name, is_pattern, wire_name
from xorca.dsl.plan import Early, MemoryPlan, Plan, StatePlan
from xorca.dsl.sketch import Reading, class_place, read_class
from xorca.dsl.sources import fault_of
from xorca.errors import DefinitionError, Problem

RESERVED = frozenset(
    {"process_id", "subject", "now", "event", "attempt", "token", "region", "process"}
    | {"start_event", "_fresh", "_scene"}
)
"""Names that xorca gives to the class or to ``self``; nothing in a class may take them."""


def compile_class(
    cls: type, root: type, options: Mapping[str, Any], scope: Mapping[str, Any]
) -> Plan:
    """Compile a class.

    Args:
        cls: The subclass.
        root: Orchestrator itself.
        options: The keywords of the class statement.
        scope: The names that were visible where the class statement stands.

    Raises:
        DefinitionError: with everything that is wrong, each with code, cure and place.
    """
    place = class_place(cls)
    reading = read_class(cls, root, options["name"], scope)
    early = _early(reading, options.get("early", "defer"), place)
    states = tuple(_placed(state, place) for state in infer(reading))
    plan = Plan(
        name=options["name"],
        version=options["version"],
        doc=(cls.__doc__ or "").strip(),
        states=states,
        edges=build_edges(reading, early),
        memory=_memory(reading, cls, place),
        early=early,
        retain=_retain(reading, options.get("retain"), place),
        senders=_senders(reading, options.get("sources"), place),
        place=place,
        options={"short": not reading.states},
    )
    _check_names(reading)
    _check_existing(reading)
    _check_members(reading, states, place)
    _check_duplicates(reading, options.get("twice", ()), place)
    problems = (*reading.problems, *check_plan(plan))
    if problems:
        raise DefinitionError(f"{cls.__qualname__} is no machine yet", _in_order(problems))
    return plan


def _in_order(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(sorted(problems, key=lambda p: p.code)))


def _placed(state: StatePlan, place: str) -> StatePlan:
    return state if state.place else StatePlan(state.name, state.final, place)


def _early(reading: Reading, early: Any, place: str) -> Early:
    asked = [(s.early, s.place) for s in reading.sketches if s.early is not None]
    for value, where in ((early, place), *asked):
        if value not in ("defer", "ignore", "reject"):
            cause = f"early={value!r} is no policy for events that come early"
            reading.problem("X21", cause, 'Use "defer", "ignore" or "reject"', where)
    return early if early in ("defer", "ignore", "reject") else "defer"


def _retain(reading: Reading, retain: Any, place: str) -> timedelta | None:
    if retain is None or (isinstance(retain, timedelta) and retain > timedelta(0)):
        return retain
    cause = f"retain={retain!r} is no time to keep a process for"
    reading.problem("X30", cause, "Give a positive time: retain=timedelta(days=30)", place)
    return None


def _senders(reading: Reading, sources: Any, place: str) -> tuple[str, ...]:
    fault = fault_of(sources)
    if fault is not None:
        reading.problem("X31", *fault, place)
    return () if fault is not None or sources is None else tuple(sources)


def _check_names(reading: Reading) -> None:
    """Find names that the wire cannot carry, as written: what else is wrong hides none."""
    for sketch in reading.sketches:
        joined = sketch.join.names if sketch.join is not None else ()
        heard = map(wire_name, (*sketch.ways, *joined))
        fair = [n for n in heard if not (sketch.kind == "on" and is_pattern(n))]
        for name in dict.fromkeys((*fair, *map(wire_name, sketch.emits))):
            if not is_name(name):
                cause = f"{sketch.handler!r} uses {name!r}, which is no wire name"
                cure = "Write words of letters, digits, - and _ with dots between (`*` as a whole"
                reading.problem("X20", cause, f"{cure} word, in @on only)", sketch.place)


def _check_existing(reading: Reading) -> None:
    for sketch in reading.sketches:
        if sketch.on_existing not in ("refuse", "ignore"):
            cause = f"on_existing={sketch.on_existing!r} of {sketch.handler!r} is no policy"
            reading.problem("X21", cause, 'Use "refuse" or "ignore"', sketch.place)


def _memory(reading: Reading, cls: type, place: str) -> MemoryPlan:
    fields: dict[str, Any] = {}
    for name, annotation in reading.memory.items():
        try:
            if annotation is Final or get_origin(annotation) is Final:
                raise TypeError("memory changes; a constant is written without an annotation")
            if isinstance(codec_for(annotation), ArmsCodec):
                raise TypeError("a union of two classes cannot be told apart when it is read")
            fields[name] = annotation
        except TypeError as exc:
            cause = f"attribute {name!r} is {type_name(annotation)}, which has no JSON form ({exc})"
            cure = "Use JSON types, dataclasses, TypedDicts, Structs or pydantic models"
            reading.problem("X10", cause, cure, place)
    given = (name for name in fields if name not in RESERVED and hasattr(cls, name))
    defaults = {name: getattr(cls, name) for name in given}
    for name, default in defaults.items():
        _check_default(reading, name, default, fields[name])
    return MemoryPlan(fields, defaults, MemoryCodec(fields))


def _check_default(reading: Reading, name: str, default: Any, annotation: Any) -> None:
    place = class_place(reading.cls)
    if type(default).__name__ in ("member_descriptor", "Field"):
        cause = f"the default of {name!r} is a {type(default).__name__}, not a value"
        reading.problem("X10", cause, "Write the value itself; xorca copies it", place)
        return
    try:
        codec_for(annotation).encode(copy.deepcopy(default))
    except Exception as exc:
        cause = f"the default of {name!r} does not fit its annotation ({exc})"
        reading.problem("X10", cause, "Change one of the two", place)


def _check_members(reading: Reading, states: tuple[StatePlan, ...], place: str) -> None:
    """Find names that stand for two things, and members that shadow what xorca gives."""
    for name in sorted((reading.members | reading.memory.keys()) & RESERVED):
        cause = f"{name!r} is a name that xorca gives to self"
        reading.problem("X22", cause, "Choose another", place)
    handlers = {sketch.handler for sketch in reading.sketches}
    for name in sorted((handlers | {s.name for s in states}) & set(reading.memory)):
        reading.problem("X13", f"{name!r} is both memory and a handler", "Rename one", place)
    named: dict[int, str] = {}
    for name, state in reading.states.items():
        if id(state) in named:
            cause = f"{name!r} and {named[id(state)]!r} are one State under two names"
            reading.problem("X13", cause, "Give each its own State()", place)
        named[id(state)] = name


def _check_duplicates(reading: Reading, names: Iterable[str], place: str) -> None:
    places = {sketch.handler: sketch.place for sketch in reading.sketches}
    for name in dict.fromkeys(names):
        cause = f"{name!r} is defined twice, and Python keeps the last one only"
        reading.problem("X13", cause, "Rename one", places.get(name, place))
