"""Where something was written, as a person would point to it."""

from __future__ import annotations

from pathlib import Path


def shown_place(place: str) -> str:
    """Give ``file:line`` relative to the current directory where it lies below it."""
    path, colon, line = place.rpartition(":")
    if not colon:
        return place
    try:
        return f"{Path(path).relative_to(Path.cwd())}:{line}"
    except ValueError:
        return place
