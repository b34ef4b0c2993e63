"""Rooms that can connect ahead of their first use, as a function does while it starts."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Opens(Protocol):
    """A room that can connect ahead of its first use."""

    async def open(self) -> object:
        """Connect."""
        ...
