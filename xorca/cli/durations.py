"""Times as a person reads them."""

from __future__ import annotations

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def span(seconds: float) -> str:
    """Give the largest unit of a length of time: ``14 min``, ``3 d``, ``0 s``."""
    seconds = max(0.0, seconds)
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


def ago(seconds: float) -> str:
    """Say how long ago something was."""
    return "now" if seconds < 1 else f"{span(seconds)} ago"


def left(seconds: float) -> str:
    """Say how much time is left until something is due."""
    return (
        f"in {span(seconds)}"
        if seconds >= 1
        else "due"
        if seconds > -1
        else f"{span(-seconds)} late"
    )
