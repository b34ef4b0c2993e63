"""A shared contract: a wire name together with its payload type."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

P = TypeVar("P")


class Topic(msgspec.Struct, Generic[P], frozen=True):
    """A wire name (``evt.books.fetch.success``) and the type of its data.

    Used in place of a string it lets a type checker see a wrong pairing.
    """

    name: str
    payload: type[P]

    def __str__(self) -> str:
        return self.name
