"""From sketches to edges: payloads, joins and emits, each checked against its annotations."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import CO_VARARGS, iscoroutinefunction
from typing import Any, get_args, get_origin

from xorca.codec import Codec, codec_for, list_item, type_name, union_arms
from xorca.dsl.finders import fault_of, finders_of
from xorca.dsl.inference import commands
from xorca.dsl.marks import AllOf
from xorca.dsl.names import command_of, wire_name
from xorca.dsl.plan import Edge, EmitPlan, Part
from xorca.dsl.sketch import MISSING, Param, Reading, Sketch
from xorca.events import Topic

_NOTHING = (None, type(None), MISSING)


def build_edges(reading: Reading, early: str) -> tuple[Edge, ...]:
    """Give the edges of a class; whatever does not fit is noted as a problem."""
    kinds = _emit_kinds(reading)
    builder = _Builder(reading, kinds)
    return tuple(builder.edge(i, sketch, early) for i, sketch in enumerate(reading.sketches))


def _emit_kinds(reading: Reading) -> dict[str, set[str]]:
    """Give for each command the ways in which handlers send it: one, optional, many."""
    kinds: dict[str, set[str]] = {}
    for sketch in reading.sketches:
        for name, annotation in zip(map(wire_name, sketch.emits), _items(sketch), strict=False):
            kinds.setdefault(name, set()).add(_emit_kind(annotation)[0])
    return kinds


def _items(sketch: Sketch) -> tuple[Any, ...]:
    """Give what a handler returns for each name that it emits, as far as it says so."""
    returns = sketch.returns
    if len(sketch.emits) == 1:
        return (returns,)
    return get_args(returns) if get_origin(returns) is tuple else ()


def _emit_kind(annotation: Any) -> tuple[Any, Any]:
    item = list_item(annotation)
    if item is not None:
        return "many", item
    arms = tuple(arm for arm in union_arms(annotation) if arm is not type(None))
    if len(arms) < len(union_arms(annotation)) and arms:
        inner: Any = arms[0]
        for arm in arms[1:]:
            inner = inner | arm
        return "optional", inner
    return "one", annotation


class _Builder:
    def __init__(self, reading: Reading, kinds: Mapping[str, set[str]]) -> None:
        self._reading = reading
        self._kinds = kinds
        self._every_command = {c for s in reading.sketches for c in commands(s)}

    def edge(self, index: int, sketch: Sketch, early: str) -> Edge:
        self._guard_shape(sketch)
        self._process_shape(sketch)
        parts = self._parts(sketch)
        arms = () if parts or sketch.join is not None else self._arms(sketch)
        own_start = f"xorca.{self._reading.name}.start"
        names = tuple(dict.fromkeys(map(wire_name, sketch.ways)))
        if sketch.kind == "start" and not names:
            names = (own_start,)
        return Edge(
            index=index,
            kind=sketch.kind,  # type: ignore[arg-type]
            handler=sketch.handler,
            function=sketch.function,
            ordinal=self._ordinal(sketch),
            takes_payload=bool(sketch.params),
            names=() if parts else names,
            sources=sketch.sources,
            target=sketch.target,
            arms=arms,
            parts=parts,
            emits=self._emits(sketch),
            guard=sketch.guard,
            each=sketch.each,
            first=sketch.first,
            early=sketch.early or early,  # type: ignore[arg-type]
            delay=sketch.delay,
            whole_life=sketch.whole_life,
            on_existing=sketch.on_existing,  # type: ignore[arg-type]
            finders=finders_of(sketch, names, arms=arms, parts=parts),
            place=sketch.place,
        )

    def _ordinal(self, sketch: Sketch) -> int:
        same = [s for s in self._reading.sketches if s.handler == sketch.handler]
        return next(i for i, other in enumerate(same) if other is sketch)

    # -- payloads -----------------------------------------------------------

    def _arms(self, sketch: Sketch) -> tuple[Codec, ...]:
        if sketch.kind == "after":
            if sketch.params:
                self._problem("X23", sketch, "is a deadline but takes a payload", "Take self alone")
            return ()
        if len(sketch.params) > 1:
            cure = "Take one payload, or name the events in all_of(...), one parameter each"
            self._problem("X23", sketch, "takes several payloads but is no join", cure)
            return ()
        if not sketch.params and not any(p.annotation is not MISSING for p in sketch.guard_params):
            return ()
        param = (sketch.params or sketch.guard_params)[0]
        annotation = self._annotation(sketch, param, sketch.ways)
        if annotation is MISSING:
            return ()
        arms = (self._codec(sketch, param.name, a) for a in union_arms(annotation))
        return tuple(arm for arm in arms if arm is not None)

    def _annotation(self, sketch: Sketch, param: Param, ways: tuple[str | Topic[Any], ...]) -> Any:
        if param.annotation is not MISSING:
            return param.annotation
        topics = [way.payload for way in ways if isinstance(way, Topic)]
        if len(topics) == 1 and len(ways) == 1:
            return topics[0]
        if not any(p.code == "X09" and param.name in p.cause for p in self._reading.problems):
            cause = f"takes {param.name!r} without saying its type"
            cure = "Annotate it: a dataclass, TypedDict, msgspec Struct or pydantic model"
            self._problem("X10", sketch, cause, cure)
        return MISSING

    def _codec(self, sketch: Sketch, what: str, annotation: Any) -> Codec | None:
        try:
            return codec_for(annotation)
        except TypeError as exc:
            cause = f"uses {type_name(annotation)} for {what!r}, which has no JSON form ({exc})"
            cure = "Use a dataclass, TypedDict, msgspec Struct or pydantic model of JSON types"
            self._problem("X10", sketch, cause, cure)
            return None

    # -- joins --------------------------------------------------------------

    def _parts(self, sketch: Sketch) -> tuple[Part, ...]:
        if sketch.join is not None:
            return self._join_parts(sketch, sketch.join)
        if sketch.kind != "on" or sketch.each or sketch.first or not sketch.ways:
            return ()
        name = wire_name(sketch.ways[0])
        item = list_item(sketch.params[0].annotation) if len(sketch.params) == 1 else None
        counts = not sketch.params and name.endswith(".success") and self._fans_out(name)
        if item is None and not counts:
            return ()
        if len(sketch.ways) > 1:
            cause = "gathers a list but hears several names"
            self._problem("X08", sketch, cause, "Use all_of(...) with one parameter a name")
            return ()
        return (self._part(sketch, name, sketch.params[0] if sketch.params else None),)

    def _join_parts(self, sketch: Sketch, join: AllOf) -> tuple[Part, ...]:
        names = tuple(map(wire_name, join.names))
        if sketch.each or sketch.first:
            cause = "is a join and says each=True or first=True"
            self._problem("X08", sketch, cause, "Leave it out: a join waits for all of its events")
        if any("*" in name for name in names) or len(set(names)) < len(names):
            cause = "joins a pattern, or one name twice"
            self._problem("X08", sketch, cause, "Name each event of all_of(...) once, in full")
            return ()
        counted = [n for n in names if not sketch.params and self._fans_out(n)]
        if len(sketch.params) != len(names) - len(counted):
            cause = f"joins {len(names)} events but takes {len(sketch.params)} payloads"
            self._problem("X08", sketch, cause, "Take one parameter for each name, in that order")
            return ()
        params = iter(sketch.params)
        return tuple(
            self._part(sketch, n, None if n in counted else next(params), way)
            for n, way in zip(names, join.names, strict=True)
        )

    def _fans_out(self, name: str) -> bool:
        return "many" in self._kinds.get(command_of(name) or "", ())

    def _part(
        self, sketch: Sketch, name: str, param: Param | None, way: str | Topic[Any] = ""
    ) -> Part:
        command = command_of(name)
        if command not in self._every_command:
            command = None
        if param is None:
            return Part(name, "count", None, command)
        annotation = self._annotation(sketch, param, (way or name,))
        kind, inner = _emit_kind(annotation)
        if kind == "many" and not self._fans_out(name):
            asked = repr(command_of(name)) if command_of(name) else "such events"
            cause = f"gathers a list of {name!r}, but no handler sends {asked} as one"
            cure = "Return list[...] where the command is emitted, or take one payload (a list as"
            self._problem("X14", sketch, cause, cure + " plain payload goes into a class)")
        sent = self._kinds.get(command or "", set())
        if "optional" in sent and kind == "one":
            cause = f"joins {name!r}, whose command is not always sent"
            self._problem("X08", sketch, cause, f"Make its parameter {type_name(inner)} | None")
        if kind != "many" and sent == {"many"} and name.endswith(".success"):
            cause = f"joins {name!r}, whose command is sent as a list, and takes one answer"
            self._problem("X08", sketch, cause, f"Make its parameter list[{type_name(inner)}]")
        codec = None if inner is MISSING else self._codec(sketch, param.name, inner)
        kinds: dict[Any, Any] = {"many": "list", "optional": "optional", "one": "one"}
        return Part(name, kinds[kind], codec, command)

    # -- emits --------------------------------------------------------------

    def _emits(self, sketch: Sketch) -> tuple[EmitPlan, ...]:
        names = tuple(map(wire_name, sketch.emits))
        if not names:
            if sketch.returns not in _NOTHING:
                cause = f"returns {type_name(sketch.returns)} but emits nothing"
                self._problem("X07", sketch, cause, "Add @emit(<name>), or return None")
            return ()
        annotations = self._emit_annotations(sketch, names)
        plans: list[EmitPlan] = []
        for name, annotation in zip(names, annotations, strict=False):
            kind, inner = _emit_kind(annotation)
            if kind != "many" and any(map(list_item, union_arms(annotation))):
                cause = f"emits {name!r} as {type_name(annotation)}, a list among other things"
                cure = "Return the list alone, an empty one for nothing; a list as plain payload"
                self._problem("X07", sketch, cause, cure + " goes into a class")
            codec = self._codec(sketch, name, inner)
            if codec is not None:
                command, answer = name.startswith("cmd."), name.startswith("evt.")
                plans.append(EmitPlan(name, kind, codec, command, answer))
        return tuple(plans)

    def _emit_annotations(self, sketch: Sketch, names: tuple[str, ...]) -> tuple[Any, ...]:
        payloads = tuple(way.payload for way in sketch.emits if isinstance(way, Topic))
        if sketch.returns is MISSING and len(payloads) == len(names):
            return payloads
        if sketch.returns is MISSING:
            unresolved = [p.cause for p in self._reading.problems if p.code == "X09"]
            if not any(sketch.handler in cause for cause in unresolved):
                cause = "emits but does not say what it returns"
                self._problem("X10", sketch, cause, "Annotate the payload: -> <its class>")
            return ()
        items = _items(sketch)
        if len(items) != len(names) or any(item in (..., None, type(None)) for item in items):
            cause = f"emits {len(names)} event(s) but returns {type_name(sketch.returns)}"
            cure = "Return one payload" if len(names) == 1 else f"Return a tuple of {len(names)}"
            cure += ", names left to right = items left to right"
            self._problem("X07", sketch, cause, cure)
            return ()
        return items

    # -- shape --------------------------------------------------------------

    def _guard_shape(self, sketch: Sketch) -> None:
        if iscoroutinefunction(sketch.guard):
            self._problem("X11", sketch, "has an async guard", "Write `def`: a guard decides")
        kind: type = type(sketch.guard)
        if kind in (staticmethod, classmethod):
            cause = f"has a guard that is a {kind.__name__}"
            self._problem("X23", sketch, cause, "A guard takes self, or self and all payloads")
        code = getattr(sketch.guard, "__code__", None)
        if code is None or code.co_argcount == 1 or code.co_flags & CO_VARARGS:
            return
        most, defaults = code.co_argcount, getattr(sketch.guard, "__defaults__", None) or ()
        given = 1 + (len(sketch.params) if sketch.join is not None else 1)
        if not most - len(defaults) <= given <= most:
            cause = f"has a guard of {most} parameters"
            cure = "A guard takes self, or self and all payloads"
            self._problem("X23", sketch, cause, cure)

    def _process_shape(self, sketch: Sketch) -> None:
        fault = fault_of(sketch)
        if fault is not None:
            self._problem("X27", sketch, *fault)

    def _problem(self, code: str, sketch: Sketch, cause: str, cure: str) -> None:
        self._reading.problem(code, f"{sketch.handler!r} {cause}", cure, sketch.place)
