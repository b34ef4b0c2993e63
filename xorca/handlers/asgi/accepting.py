"""What the caller would like to be answered with, by its Accept header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from xorca.handlers.asgi.writing import BATCH, STRUCTURED, Mode

_REPORT = "application/json"


@dataclass(frozen=True, slots=True)
class Wish:
    """``report``: a JSON report of outcomes; else events, written in ``mode``."""

    report: bool
    mode: Mode


@lru_cache(maxsize=256)
def wish_of(accept: str, came_as: Mode) -> Wish:
    """Read an Accept header; what it leaves open is answered as the request came."""
    asked = dict(_asked(accept))
    events = {BATCH: Mode.BATCH, STRUCTURED: Mode.STRUCTURED}
    best = max(events, key=lambda media: asked.get(media, 0.0))
    weight = asked.get(best, 0.0)
    report = asked.get(_REPORT, 0.0)
    return Wish(report > weight, events[best] if weight > 0 else came_as)


def _asked(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        yield media, next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
