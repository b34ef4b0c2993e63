"""What the decorators leave on a method: plain data, read by the compiler."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from xorca.events import Topic

ATTRIBUTE = "__xorca_marks__"


class AllOf(msgspec.Struct, frozen=True):
    """A join: every one of these, one parameter each, in this order."""

    names: tuple[str | Topic[Any], ...]


Way = str | Topic[Any] | AllOf


class StartMark(msgspec.Struct, frozen=True):
    """``@start``: ``topic`` None is the class's own ``xorca.<name>.start``.

    ``process``, here and below, is whatever was written; the compiler judges it (hence Any).
    """

    topic: str | Topic[Any] | None
    to: Any
    on_existing: str
    place: str
    process: Any = None


class OnMark(msgspec.Struct, frozen=True):
    """``@on``: several ways are any of them. ``at``, ``to`` as written, None if absent."""

    ways: tuple[Way, ...]
    at: Any
    to: Any
    when: Callable[..., Any] | None
    each: bool
    first: bool
    early: str | None
    place: str
    process: Any = None


class AfterMark(msgspec.Struct, frozen=True):
    """``@after``: without ``at`` it counts from the start of the process."""

    delay: timedelta
    at: Any
    to: Any
    place: str
    process: Any = None


class EmitMark(msgspec.Struct, frozen=True):
    """``@emit``: names left to right are the returned items left to right."""

    names: tuple[str | Topic[Any], ...]
    place: str


class Marks(msgspec.Struct):
    """All decorators of one method, each list in the order written, top to bottom."""

    starts: list[StartMark] = []
    ons: list[OnMark] = []
    afters: list[AfterMark] = []
    emits: list[EmitMark] = []


def marks_of(function: Any) -> Marks | None:
    """Give the marks of a method, None if it has none."""
    found = getattr(function, ATTRIBUTE, None)
    return found if isinstance(found, Marks) else None
