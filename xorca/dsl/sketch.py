"""A first reading of a class: its handlers as written, annotations resolved, nothing inferred."""

from __future__ import annotations

import inspect
import sys
import types
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, get_origin, get_type_hints

import msgspec

from xorca.dsl.marks import AfterMark, AllOf, EmitMark, Marks, OnMark, StartMark, marks_of
from xorca.dsl.states import State
from xorca.errors import Problem
from xorca.events import Topic

MISSING: Any = object()


class Param(msgspec.Struct, frozen=True):
    """A payload parameter: its name and resolved annotation (MISSING if there is none)."""

    name: str
    annotation: Any


class Sketch(msgspec.Struct):
    """One mark of one handler, on its way to become an Edge."""

    kind: str
    handler: str
    function: Callable[..., Any]
    place: str
    at: Any
    to: Any
    params: tuple[Param, ...]
    returns: Any
    emits: tuple[str | Topic[Any], ...]
    ways: tuple[str | Topic[Any], ...] = ()
    join: AllOf | None = None
    guard: Callable[..., Any] | None = None
    guard_params: tuple[Param, ...] = ()
    each: bool = False
    first: bool = False
    early: str | None = None
    delay: timedelta | None = None
    on_existing: str = "refuse"
    process: Any = None
    sources: tuple[str, ...] = ()
    target: str | None = None
    whole_life: bool = False


class Reading(msgspec.Struct):
    """Everything that was read of a class, and what was wrong with it."""

    cls: type
    name: str
    states: dict[str, State]
    members: frozenset[str] = frozenset()
    sketches: list[Sketch] = []
    memory: dict[str, Any] = {}
    problems: list[Problem] = []

    def problem(self, code: str, cause: str, cure: str, place: str) -> None:
        """Note something wrong."""
        self.problems.append(Problem(code, cause, cure, place))


def place_of(function: Any) -> str:
    """Give file:line of a function, of the innermost where it is wrapped."""
    code = getattr(inspect.unwrap(function), "__code__", None) or function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def class_place(cls: type) -> str:
    """Give file:line of a class, or its name where there is no source."""
    try:
        return f"{inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return f"class {cls.__qualname__}"


def lineage(cls: type, root: type) -> Iterator[type]:
    """Give the classes from the most distant ancestor down to ``cls``, without the root.

    Plain classes count too: a mixin need not derive from the root.
    """
    return (c for c in reversed(cls.__mro__) if c not in root.__mro__)


def read_class(cls: type, root: type, name: str, scope: Mapping[str, Any]) -> Reading:
    """Read handlers, states and memory of a class and of those it inherits from.

    ``scope`` holds the names that were visible where the class statement stands.
    """
    members: dict[str, Any] = {}
    for ancestor in lineage(cls, root):
        members.update(vars(ancestor))
    states = {key: value for key, value in members.items() if isinstance(value, State)}
    reading = Reading(cls, name, states, frozenset(members))
    resolver = Resolver(reading, scope, members)
    for key, value in members.items():
        marks = marks_of(value) or _hidden_marks(value)
        if marks is not None:
            _read_handler(reading, resolver, key, value, marks)
    _read_constructor(reading, vars(cls).get("__init__"))
    for ancestor in lineage(cls, root):
        _read_memory(reading, resolver, ancestor)
    return reading


def _read_constructor(reading: Reading, function: object) -> None:
    if isinstance(function, types.FunctionType):
        reading.problem(
            "X23",
            "'__init__' is never called: a process is made from what is stored of it",
            "Give the attributes defaults, or set them in the method of @start",
            place_of(function),
        )


def _hidden_marks(member: Any) -> Marks | None:
    """Give the marks of a function that was made a property or a static method after."""
    inner = getattr(member, "__func__", None) or getattr(member, "fget", None)
    return marks_of(inner) if isinstance(member, staticmethod | classmethod | property) else None


class Resolver:
    """Turn annotations, also those written as strings, into types."""

    def __init__(
        self, reading: Reading, scope: Mapping[str, Any], members: Mapping[str, Any]
    ) -> None:
        self._reading = reading
        self._scope = {**scope, **members}
        self._members = dict(members)

    def resolve(self, annotation: Any, owner: Any, what: str, place: str) -> Any:
        """Give the type of an annotation; note a problem and give MISSING if there is none."""
        # A class, for ClassVar may stand in a class alone.
        holder = type("Holder", (), {"__annotations__": {"it": annotation}})
        try:
            hints = get_type_hints(holder, *self._names(owner), include_extras=True)
        except Exception as exc:
            self._reading.problem(
                "X09",
                f"the annotation of {what} cannot be resolved ({exc})",
                "Import or define the type at module level, above the class",
                place,
            )
            return MISSING
        return hints["it"]

    def _names(self, owner: Any) -> tuple[dict[str, Any], Any]:
        """Give what stands around an owner: its module's names, and what goes before them.

        The scope is that of the class statement; what was inherited from another module
        means that module's names first.
        """
        names = _module_names(owner)
        if owner.__module__ == self._reading.cls.__module__:
            return names, self._scope
        return names, ChainMap(self._members, names, self._scope)


def _module_names(owner: Any) -> dict[str, Any]:
    """Give the names of the module of a function or class, though nobody may know the module."""
    if isinstance(owner, type) and owner.__module__ in sys.modules:
        return vars(sys.modules[owner.__module__])
    inside = (owner, *vars(owner).values()) if isinstance(owner, type) else (owner,)
    functions = (item for item in inside if isinstance(item, types.FunctionType))
    found = next(functions, None)
    return {} if found is None else inspect.unwrap(found).__globals__


def _read_handler(
    reading: Reading, resolver: Resolver, name: str, function: Any, marks: Marks
) -> None:
    if not isinstance(function, types.FunctionType):
        cause = f"handler {name!r} is a {type(function).__name__}"
        reading.problem("X23", cause, "Write a plain method of self", _mark_place(marks))
        return
    place = place_of(function)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        reading.problem(
            "X11",
            f"handler {name!r} is async",
            "Write `def`: a handler decides and does no I/O; emit a command to a service instead",
            place,
        )
    params, returns = _signature(reading, resolver, name, function)
    emits = tuple(way for mark in marks.emits for way in mark.names)
    common = {"handler": name, "function": function, "params": params, "returns": returns}
    every: list[StartMark | OnMark | AfterMark] = [*marks.starts, *marks.ons, *marks.afters]
    found = [Sketch(**common, emits=emits, **fields) for mark in every for fields in _fields(mark)]
    for sketch in found:
        if not params and hasattr(sketch.guard, "__code__"):
            sketch.guard_params, _ = _signature(reading, resolver, name, sketch.guard)
    if not found:
        reading.problem(
            "X26",
            f"{name!r} has @emit alone and is never called",
            "Add @start, @on(...) or @after(...) above it",
            _mark_place(marks),
        )
    reading.sketches.extend(found)


def _mark_place(marks: Marks) -> str:
    every: list[StartMark | OnMark | AfterMark | EmitMark]
    every = [*marks.starts, *marks.ons, *marks.afters, *marks.emits]
    return every[0].place


def _fields(mark: StartMark | OnMark | AfterMark) -> Iterator[dict[str, Any]]:
    fields: dict[str, Any] = {"at": None, "to": mark.to, "place": mark.place}
    fields["process"] = mark.process
    if isinstance(mark, StartMark):
        ways = () if mark.topic is None else (mark.topic,)
        yield {**fields, "kind": "start", "ways": ways, "on_existing": mark.on_existing}
        return
    fields["at"] = mark.at
    if isinstance(mark, AfterMark):
        yield {**fields, "kind": "after", "delay": mark.delay}
        return
    fields |= {"kind": "on", "guard": mark.when, "each": mark.each}
    fields |= {"first": mark.first, "early": mark.early}
    plain = tuple(way for way in mark.ways if not isinstance(way, AllOf))
    if plain:
        yield {**fields, "ways": plain}
    for way in mark.ways:
        if isinstance(way, AllOf):
            yield {**fields, "join": way}


def _signature(
    reading: Reading, resolver: Resolver, name: str, function: Any
) -> tuple[tuple[Param, ...], Any]:
    code, annotations = function.__code__, function.__annotations__
    place = place_of(function)
    if not code.co_argcount or code.co_flags & inspect.CO_GENERATOR:
        reading.problem(
            "X23",
            f"handler {name!r} takes no self, or yields",
            "Write a plain method of self that returns what is emitted",
            place,
        )
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) or code.co_kwonlyargcount:
        reading.problem(
            "X23",
            f"handler {name!r} takes *args, **kwargs or keyword-only parameters",
            "Give it self and one plain parameter for each payload",
            place,
        )
    params: list[Param] = []
    for param in code.co_varnames[1 : code.co_argcount]:
        annotation = MISSING
        if param in annotations:
            what = f"{param!r} in {name!r}"
            annotation = resolver.resolve(annotations[param], function, what, place)
        params.append(Param(param, annotation))
    returns = MISSING
    if "return" in annotations:
        returns = resolver.resolve(annotations["return"], function, f"what {name!r} returns", place)
    return tuple(params), returns


def _read_memory(reading: Reading, resolver: Resolver, owner: type) -> None:
    for name, written in vars(owner).get("__annotations__", {}).items():
        if isinstance(vars(owner).get(name), State) or name.startswith("__"):
            continue
        place = class_place(owner) if isinstance(written, str) else ""
        annotation = resolver.resolve(written, owner, f"attribute {name!r}", place)
        if annotation is ClassVar or get_origin(annotation) is ClassVar:
            continue
        if annotation is not MISSING:
            reading.memory[name] = annotation
