"""Where the time of an event goes: the production functions, each watched where it is called.

A seam is a function and the part that its time counts for. While a ``Ledger`` watches, each
of them is wrapped; nothing is copied or replayed in pieces. It keeps to one event at a time.
"""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time
from typing import Any

from tests.benchmarks.books import Wire
from xorca.engine.commit import Commit
from xorca.engine.routing import Registry
from xorca.providers.local import SqliteStore
from xorca.providers.local.alarm import SqliteAlarm
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryAlarm, MemoryStore
from xorca.runtime import attempt, core
from xorca.runtime.attempt import Attempt, Stepper

REST = "rest"


@dataclass(frozen=True, slots=True)
class Seam:
    """A function, by the module or class whose attribute it is, and its part."""

    part: str
    owner: object
    name: str


SEAMS = (
    Seam("decode", core, "read_any"),
    Seam("route, open", Registry, "route"),
    Seam("route, open", Stepper, "_open"),
    Seam("route, open", Stepper, "_begin"),
    Seam("step", attempt, "step"),
    Seam("encode", Commit, "finish"),
    Seam("encode", attempt, "seal"),
    Seam("encode", Attempt, "summary"),
    *(
        Seam("store", store, name)
        for store in (MemoryStore, SqliteStore, FileStore)
        for name in ("load", "save")
    ),
    *(
        Seam("alarm", alarm, name)
        for alarm in (MemoryAlarm, SqliteAlarm)
        for name in ("set", "cancel")
    ),
    Seam("publish", Wire, "publish"),
)
PARTS = tuple(dict.fromkeys(seam.part for seam in SEAMS))


class SeamGone(Exception):
    """A seam is not where it was, or nothing comes through it any more."""


class Ledger:
    """CPU seconds by part. Each moment counts for one part, the innermost, or for the rest.

    The clock is read before and after the books are kept, so that keeping them counts for
    nobody; what is left of the watching is measured, and taken off by ``cpu``.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.spent = dict.fromkeys((*PARTS, REST), 0.0)
        self._open = [REST]
        self._last = process_time()

    def enter(self, part: str) -> None:
        """Begin with a part."""
        now = process_time()
        self.spent[self._open[-1]] += now - self._last
        self._open.append(part)
        self.calls[part] += 1
        self._last = process_time()

    def leave(self) -> None:
        """Go on with what was under way."""
        now = process_time()
        self.spent[self._open.pop()] += now - self._last
        self._last = process_time()

    @contextmanager
    def watching(self, seams: tuple[Seam, ...] = SEAMS) -> Generator[None]:
        """Watch the seams for a while."""
        with _wrapped(self, seams):
            self._last = process_time()
            yield
            self.spent[REST] += process_time() - self._last

    def cpu(self) -> dict[str, float]:
        """Give the CPU seconds of each part, without what watching it took.

        Raises:
            SeamGone: nothing came through any seam of a part.
        """
        for part in PARTS:
            if not self.calls[part]:
                raise SeamGone(f"no call of {part!r} was seen: look at SEAMS in {__file__}")
        inside, outside = _price()
        found = {part: self.spent[part] - self.calls[part] * inside for part in PARTS}
        found[REST] = self.spent[REST] - self.calls.total() * outside
        return found


@functools.cache
def _price(calls: int = 20_000) -> tuple[float, float]:
    """Give the seconds that watching one call counts for its part, and for what is around."""
    begun = process_time()
    for _ in range(calls):
        _nothing()
    bare = process_time() - begun
    ledger = Ledger()
    watched = _watch(ledger, PARTS[0], _nothing)
    for _ in range(calls):
        watched()
    inside, outside = (ledger.spent[part] for part in (PARTS[0], REST))
    return inside / calls, max(0.0, outside - bare) / calls


def _nothing() -> None:
    """Do nothing."""


@contextmanager
def _wrapped(ledger: Ledger, seams: tuple[Seam, ...]) -> Generator[None]:
    found = [(seam, _found(seam)) for seam in seams]
    try:
        for seam, function in found:
            setattr(seam.owner, seam.name, _watch(ledger, seam.part, function))
        yield
    finally:
        for seam, function in found:
            setattr(seam.owner, seam.name, function)


def _found(seam: Seam) -> Callable[..., Any]:
    """Give the function at a seam; its arguments are as they are, hence Any."""
    function: Callable[..., Any] | None = vars(seam.owner).get(seam.name)
    if function is None:
        raise SeamGone(
            f"{seam.owner!r} has no {seam.name!r} any more: name in SEAMS what does that work now"
        )
    return function


def _watch(ledger: Ledger, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        return _watch_async(ledger, part, function)

    @functools.wraps(function)
    def watched(*arguments: Any, **named: Any) -> Any:
        ledger.enter(part)
        try:
            return function(*arguments, **named)
        finally:
            ledger.leave()

    return watched


def _watch_async(
    ledger: Ledger, part: str, function: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def watched(*arguments: Any, **named: Any) -> Any:
        ledger.enter(part)
        try:
            return await function(*arguments, **named)
        finally:
            ledger.leave()

    return watched
