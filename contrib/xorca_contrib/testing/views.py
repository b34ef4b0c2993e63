"""Ways to look at a process; none of them can change it.

``Any`` stands for the values of the user's own attributes and payloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import SimpleNamespace
from typing import Any, NamedTuple, NoReturn

from xorca.codec import Codec, encode_json
from xorca.dsl.plan import Plan
from xorca.errors import PayloadError
from xorca.events import Event


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that can never be applied: its name, why, and what was raised if anything was."""

    type: str
    reason: str
    cause: str
    error: Exception | None = None


class Sent(NamedTuple):
    """What a process sent; equal to the plain pair ``(name, payload)``."""

    name: str
    payload: Any


class MemoryView(SimpleNamespace):
    """The attributes of a process as they are stored: ``memory.book_id``.

    ``memory["book_id"]`` is the same; a view is equal to a dict with the same values.
    """

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __getattr__(self, name: str) -> NoReturn:
        near = get_close_matches(name, vars(self), n=1)
        known = ", ".join(vars(self)) or "none"
        hint = f" (did you mean {near[0]!r}?)" if near else f": it has {known}"
        raise AttributeError(f"the process keeps no attribute {name!r}{hint}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{name!r} cannot be set from outside: a process changes by the events that it hears"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MemoryView):
            return vars(self) == vars(other)
        return isinstance(other, Mapping) and vars(self) == other

    __hash__ = None  # it holds lists and dicts


class PayloadReader:
    """Decode what a process sends by the types that its handlers say they return."""

    def __init__(self, plan: Plan) -> None:
        self._codecs: dict[str, dict[str, Codec]] = {}
        for edge in plan.edges:
            for emit in edge.emits:
                self._codecs.setdefault(emit.name, {})[edge.handler] = emit.codec

    def read(self, event: Event, handler: str = "") -> Any:
        """Give the payload; where several handlers send the name, ``handler`` is tried first.

        A type that gives the very bytes back is better than one that only takes them.
        """
        codecs = self._codecs.get(event.type, {})
        ordered = sorted(codecs, key=lambda name: name != handler)
        fitting = [value for name in ordered for value in _decoded(codecs[name], event)]
        exact = (value for value in fitting if encode_json(value) == event.data)
        return next(exact, fitting[0]) if fitting else event.payload()


def _decoded(codec: Codec, event: Event) -> list[Any]:
    try:
        return [codec.decode(event.data)]
    except PayloadError:
        return []
