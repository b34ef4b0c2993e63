"""The end of ``async with``: the room is closed."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from xorca.ports import Room


class Closing:
    """Makes a room an async context manager, whose end closes it."""

    __slots__ = ()

    async def close(self) -> None:
        """Give back what was opened; a closed room opens again on use."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self.close()


class OpenRoom(Room, Protocol):
    """A room that is used in ``async with``."""

    async def __aenter__(self) -> Self:
        """Give the room itself; nothing is opened yet."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close the room."""
        ...
