"""The nouns of the language: states, the small words, and joins."""

from __future__ import annotations

from typing import Any, Final as _Final


class State:
    """A named waiting state of an orchestrator in the explicit form."""

    __slots__ = ("name", "owner")
    is_final: bool = False

    def __init__(self) -> None:
        self.name = ""
        self.owner: type | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        if not self.name:
            self.name, self.owner = name, owner

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name or '?'})"


class Final(State):
    """A state in which a process has ended; nothing leaves it."""

    __slots__ = ()
    is_final = True


class Word:
    """One of the small words; each is a single object, compared by identity."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> str:
        return self.text


class End(Word):
    """The type of ``end``."""


class Stay(Word):
    """The type of ``stay``."""


class Anywhere(Word):
    """The type of ``anywhere``."""


end: _Final = End("end")
"""``to=end``: the process ends, in a final state named after the method."""

stay: _Final = Stay("stay")
"""``to=stay``: note something and remain; the state and its timers go on."""

anywhere: _Final = Anywhere("anywhere")
"""``at=anywhere``: in every state that is not final."""


def state_name(place: Any) -> str | None:
    """Give the name that ``at=`` or ``to=`` refers to: a State, a method or a string."""
    if isinstance(place, str):
        return place
    if isinstance(place, State):
        return place.name
    name = getattr(place, "__name__", None)
    return name if callable(place) and isinstance(name, str) else None
