"""Answers that could not be written yet, for this process to write them when asked again."""

from __future__ import annotations

from collections import OrderedDict


class Unsaved:
    """Bodies by key, the oldest dropped beyond ``most`` bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._bodies: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Give a body; None if there is none."""
        return self._bodies.get(key)

    def put(self, key: str, body: bytes) -> None:
        """Keep a body, in place of the one under its key."""
        self.drop(key)
        self._bodies[key] = body
        self._size += len(body)
        while self._size > self._most:
            self.drop(next(iter(self._bodies)))

    def drop(self, key: str) -> None:
        """Forget a body, if it is there."""
        body = self._bodies.pop(key, None)
        self._size -= 0 if body is None else len(body)
