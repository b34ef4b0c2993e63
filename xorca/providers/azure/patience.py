"""How often something is tried, and for how long: the one policy of the buses and alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from xorca.errors import ConfigurationError

_T = TypeVar("_T")


class NotTaken(Exception):
    """The service refuses this as it is; ``too_large`` says that less of it might do."""

    def __init__(self, cause: str, *, too_large: bool = False) -> None:
        self.too_large = too_large
        super().__init__(cause)


class TryLater(Exception):
    """The service may take this later; ``after`` is how many seconds it asked to wait."""

    def __init__(self, cause: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(cause)


@dataclass(frozen=True, slots=True)
class Patience:
    """Try again what is safe to do twice: full jitter, or what the service asks for.

    ``attempts`` are those of one request, ``total`` the seconds after which none is begun.
    """

    attempts: int = 4
    total: float = 30.0
    first: float = 0.2
    longest: float = 10.0
    random: Random = field(default_factory=Random)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        """Refuse a policy that tries nothing."""
        for name in ("attempts", "total", "first", "longest"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(
                    f"Patience({name}={getattr(self, name)!r}) tries nothing: give more than 0"
                )

    def until(self) -> float:
        """Give the monotonic time after which nothing that begins now is tried."""
        return monotonic() + self.total

    async def insist(self, attempt: Callable[[], Awaitable[_T]], *, until: float) -> _T:
        """Do it until it succeeds.

        Raises:
            TryLater: there were attempts or time enough.
        """
        retrying = AsyncRetrying(
            sleep=self.sleep,
            wait=self._pause,
            stop=lambda state: self._is_over(state, until),
            retry=retry_if_exception_type(TryLater),
            reraise=True,
        )

        async def once() -> _T:  # for tenacity awaits what it can see to be asynchronous
            return await attempt()

        return await retrying(once)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.after if isinstance(error, TryLater) else None
        bound = min(self.longest, self.first * 2 ** (state.attempt_number - 1))
        jitter = self.random.uniform(0.0, bound)
        # What was asked for is the least; the jitter keeps those who were asked alike apart.
        return jitter if asked is None else asked + min(jitter, self.first)

    def _is_over(self, state: RetryCallState, until: float) -> bool:
        if state.attempt_number >= self.attempts:
            return True
        return monotonic() + state.upcoming_sleep > until
