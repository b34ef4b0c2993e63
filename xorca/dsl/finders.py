"""``process=``: functions that tell from the payload of an event which process it is for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from xorca.codec import Codec, codec_for
from xorca.dsl.names import wire_name
from xorca.dsl.plan import Edge, Finder, Part, Plan
from xorca.dsl.sketch import Sketch
from xorca.errors import Problem
from xorca.events import Topic

_CURE = (
    "Give a plain function of the payload that returns the process id: outside the class, a"
    " @staticmethod above the handler, or a lambda"
)


def fault_of(sketch: Sketch) -> tuple[str, str] | None:
    """Give cause and cure where what was written for ``process=`` is no finder."""
    process = sketch.process
    if process is None:
        return None
    if sketch.kind == "after":
        cure = "Leave it out: the wake-up of a deadline knows its process"
        return "is a deadline and says process=", cure
    function = _plain(process)
    if not callable(function):
        what = process.__class__.__name__
        return f"says process=, and what stands there ({what}) cannot be called", _CURE
    if any(is_odd(part) for part in _parts_of(function) for is_odd in _ODD):
        return "says process=, and that function is async, or yields", _CURE
    if not _takes_one(function):
        return "says process=, and that function cannot be called with the payload alone", _CURE
    return None


def finders_of(
    sketch: Sketch, names: tuple[str, ...], *, arms: tuple[Codec, ...], parts: tuple[Part, ...]
) -> tuple[Finder, ...]:
    """Give how the events of a handler find their process, one for each name that it hears."""
    if sketch.process is None or fault_of(sketch) is not None:
        return ()
    function = _plain(sketch.process)
    if parts:
        return tuple(Finder(p.name, function, () if p.codec is None else (p.codec,)) for p in parts)
    told = {wire_name(way): way.payload for way in sketch.ways if isinstance(way, Topic)}
    return tuple(Finder(name, function, arms or _codecs(told.get(name))) for name in names)


def check_finders(plan: Plan) -> Iterator[Problem]:
    """Find events whose process two handlers would look for in different ways."""
    first: dict[str, tuple[Edge, Finder]] = {}
    for edge in plan.edges:
        for finder in edge.finders:
            other, found = first.setdefault(finder.name, (edge, finder))
            if found.function != finder.function:
                yield Problem(
                    "X28",
                    f"{other.handler!r} and {edge.handler!r} find the process of {finder.name!r}"
                    " in different ways",
                    "Give both the same function: an event is for one process, whatever state"
                    " that is in",
                    edge.place,
                )


def _plain(process: Any) -> Any:
    return process.__func__ if isinstance(process, staticmethod) else process


def _codecs(annotation: Any) -> tuple[Codec, ...]:
    """Give the codec of a topic's payload, none where it has no JSON form."""
    try:
        return () if annotation is None else (codec_for(annotation),)
    except TypeError:
        return ()


_ODD: tuple[Callable[[Any], bool], ...] = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)


def _parts_of(function: Any) -> tuple[Any, ...]:
    """Give a function, or an object and what runs when it is called."""
    return function, None if isinstance(function, type) else type(function).__call__


def _takes_one(function: Any) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True  # written in C, and says nothing of itself
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True
