"""Who may send to an orchestrator: patterns of sources, as ``sources=`` of a class says."""

from __future__ import annotations

from typing import Any

from xorca.dsl.names import matches
from xorca.events.limits import MAX_IDENTIFIER_BYTES

_CURE = 'Write a tuple of patterns, such as sources=("/srvc/*", "https://shop.example/orders")'


def fault_of(sources: Any) -> tuple[str, str] | None:
    """Give cause and cure of what is no list of sources; ``Any`` is whatever was written."""
    if sources is None:
        return None
    if type(sources) not in (tuple, list):
        return f"sources={sources!r} is no list of sources", _CURE
    if not sources:
        return "sources=() lets nobody in", _CURE + "; leave it out to hear everybody"
    for pattern in sources:
        cause = _fault_of_one(pattern)
        if cause is not None:
            return cause, _CURE
    return None


def _fault_of_one(pattern: Any) -> str | None:
    if not isinstance(pattern, str) or not pattern:
        return f"sources= names {pattern!r}, and a source is text"
    if not pattern.isprintable() or " " in pattern or len(pattern) > MAX_IDENTIFIER_BYTES:
        return f"sources= names {pattern[:80]!r}, which no event can have as its source"
    if any("*" in segment and segment != "*" for segment in pattern.split("/")):
        return f"sources= names {pattern!r}, and a '*' is all that stands between two slashes"
    return None


def is_own(name: str, source: str) -> bool:
    """Tell whether an orchestrator is the source itself: its timers, its other processes."""
    return source.startswith(f"/xorca/{name}/")


def allows(patterns: tuple[str, ...], source: str) -> bool:
    """Tell whether one of the patterns lets a source in; a star is one or more segments."""
    return any(
        pattern == source or ("*" in pattern and matches(pattern, source, by="/"))
        for pattern in patterns
    )
