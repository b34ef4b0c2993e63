"""Run a coroutine until it must wait: what need not wait needs no time limit either."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine of which all has run that need not wait; ``await`` runs the rest.

    ``done`` tells whether that was all, and ``result`` has then what it gave.

    Args:
        work: A coroutine that has not begun. What it waits for is the affair of the event
            loop, hence ``Any``.
    """

    __slots__ = ("_waiting", "_work", "done", "result")

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work, self.done = work, False
        self.result: T
        try:
            self._waiting = work.send(None)
        except StopIteration as end:
            self.done, self.result = True, end.value

    def __await__(self) -> Generator[Any, Any, T]:
        """Hand what it waits for to the event loop, and what comes back to it."""
        while not self.done:
            try:
                came, error = (yield self._waiting), None
            except BaseException as exc:  # the work is to hear of a cancellation, or of its end
                came, error = None, exc
            try:
                self._waiting = self._work.send(came) if error is None else self._work.throw(error)
            except StopIteration as end:
                self.done, self.result = True, end.value
        return self.result
