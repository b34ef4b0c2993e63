"""One message to its taker: tried again with full jitter, or given up, within a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from time import monotonic
from typing import Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from xorca.errors import Unavailable
from xorca.providers.http.encoding import Message
from xorca.providers.http.sending import Answer, GuardedSender
from xorca.providers.http.verdicts import Verdict, named, retry_after, verdict_of

Sleep = Callable[[float], Awaitable[None]]


class Signer(Protocol):
    """Give the headers that sign a request, as ``xorca.handlers.asgi.sign`` does."""

    def __call__(
        self, method: str, url: str, /, *, body: bytes, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Sign; it is asked anew for every attempt, so that the time of it is right."""
        ...


class NotTaken(Exception):
    """The taker refuses the message as it is; ``status`` is what it answered."""

    def __init__(self, cause: str, *, status: int) -> None:
        self.status = status
        super().__init__(cause)


class TryLater(Exception):
    """The taker may take the message later; ``after`` is how long it asked to wait."""

    def __init__(self, cause: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(cause)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a message is tried, for how long, and how long between: seconds."""

    attempts: int = 4
    total: float = 30.0
    first: float = 0.2
    longest: float = 10.0
    random: Random = field(default_factory=Random)

    def pause(self, attempt: int, asked: float | None) -> float:
        """Give how long to wait: somewhere below a bound that doubles, or what was asked for."""
        jitter = self.random.uniform(0.0, min(self.longest, self.first * 2 ** (attempt - 1)))
        # What was asked for is the least; the jitter keeps those who were asked alike apart.
        return jitter if asked is None else asked + min(jitter, self.first)


@dataclass(frozen=True, slots=True)
class Courier:
    """Bring messages to one URL."""

    url: str
    shown: str
    sender: GuardedSender
    patience: Patience
    sleep: Sleep
    headers: Mapping[str, str]
    signer: Signer | None = None

    async def bring(self, message: Message, *, until: float) -> None:
        """Send until it is taken; ``until`` is the monotonic time after which nothing is tried.

        Raises:
            NotTaken: it is refused as it is.
            TryLater: there were attempts or time enough.
            DestinationRefused: nothing may be sent there.
        """
        retrying = AsyncRetrying(
            sleep=self.sleep,
            wait=self._pause,
            stop=lambda state: self._is_over(state, until),
            retry=retry_if_exception_type(TryLater),
            reraise=True,
        )
        await retrying(self._try, message)

    async def _try(self, message: Message) -> None:
        headers = {**self.headers, **message.headers}
        if self.signer is not None:
            signed = self.signer("POST", self.url, body=message.body, headers=headers)
            headers = {**headers, **signed}
        try:
            answer = await self.sender.send(self.url, headers=headers, body=message.body)
        except Unavailable as exc:
            raise TryLater(str(exc)) from exc
        self._judge(answer)

    def _judge(self, answer: Answer) -> None:
        verdict = verdict_of(answer.status)
        if verdict is Verdict.TAKEN:
            return
        told = f"{self.shown} answered {named(answer.status)}"
        if verdict is Verdict.AGAIN:
            raise TryLater(told, retry_after(answer.headers, datetime.now(UTC)))
        cure = "it will not take this as it is; look at its address, its rights and its log"
        if 300 <= answer.status < 400:
            cure = "redirects are not followed; name the final address"
        raise NotTaken(f"{told}: {cure}", status=answer.status)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.after if isinstance(error, TryLater) else None
        return self.patience.pause(state.attempt_number, asked)

    def _is_over(self, state: RetryCallState, until: float) -> bool:
        if state.attempt_number >= self.patience.attempts:
            return True
        return monotonic() + state.upcoming_sleep > until
