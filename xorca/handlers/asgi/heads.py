"""The headers of a request, read once: every look through the list of a server costs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from xorca.handlers.asgi.problems import HttpProblem

_PLAIN: Final = (b"", b"identity")
_CACHEABLE: Final = 256


@lru_cache(maxsize=256)
def _media_type(value: bytes) -> str:
    return value.decode("latin-1").partition(";")[0].strip().lower()


class Heads:
    """Headers by their names, in lower case; of one that comes twice, the first."""

    __slots__ = ("_first", "raw")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.raw = [(name.lower(), value) for name, value in raw]
        self._first = dict(reversed(self.raw))

    def get(self, name: bytes, other: str = "") -> str:
        """Give a header as the latin-1 text that it is on the wire."""
        value = self._first.get(name)
        return other if value is None else value.decode("latin-1")

    def has(self, name: bytes) -> bool:
        """Tell whether there is such a header."""
        return name in self._first

    def media_type(self) -> str:
        """Give the content type without its parameters, in lower case."""
        value = self._first.get(b"content-type", b"")
        return _media_type(value) if len(value) <= _CACHEABLE else _media_type.__wrapped__(value)

    def is_coded(self) -> bool:
        """Tell whether the body is compressed, or coded in another way."""
        if b"content-encoding" not in self._first:
            return False
        found = (value for name, value in self.raw if name == b"content-encoding")
        return any(value.strip().lower() not in _PLAIN for value in found)

    def of_event(self) -> dict[str, str]:
        """Give the headers that say something of an event.

        Raises:
            HttpProblem: one comes twice, is not UTF-8, or says that the body is compressed.
        """
        if self.is_coded():
            raise HttpProblem(415, "unsupported", "The body is compressed; send it as it is.")
        found: dict[str, str] = {}
        for raw, value in self.raw:
            if raw[:3] != b"ce-" and raw != b"content-type":
                continue
            name = raw.decode("latin-1")
            if name in found:
                raise HttpProblem(400, "duplicate-attribute", "A header of the event comes twice.")
            try:
                found[name] = value.decode()
            except UnicodeDecodeError:
                raise HttpProblem(
                    400,
                    "invalid-attribute",
                    "A header of the event is not UTF-8; percent-encode it.",
                ) from None
        return found
