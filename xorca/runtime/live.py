"""One process at hand: events are tried on it one by one, and applied together at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from xorca.engine.routing import Refusal
from xorca.errors import ConfigurationError, InvalidEvent, LeaseLost, Unavailable
from xorca.events import Event
from xorca.ports import Held
from xorca.providers.guarding import while_held
from xorca.runtime.attempt import Item
from xorca.runtime.intake import raise_retries, read_any
from xorca.runtime.outcome import Outcome
from xorca.runtime.trial import Trial

LOOK = 5.0
"""How often the lease of a block is looked at, in seconds."""

Apply = Callable[[list[Item]], Awaitable[list[Outcome]]]


class LiveProcess:
    """A process in a block of ``async with runtime.process(subject)``.

    What is sent to it is tried at once and shows in ``state``, ``status`` and ``memory``. It
    is saved and published when the block is left; if that is by an exception, nothing is.

    ``outcomes`` is empty in the block, and holds what became of each event after it.
    """

    __slots__ = ("_closed", "_lock", "_trial", "outcomes", "subject")

    def __init__(self, subject: str, trial: Trial) -> None:
        self.subject = subject
        self.outcomes: tuple[Outcome, ...] = ()
        self._trial = trial
        self._closed = False
        self._lock = asyncio.Lock()

    @property
    def state(self) -> str:
        """The state that the process would be in."""
        return self._opened().record.state

    @property
    def status(self) -> str:
        """What the process would be: active, ended, failed or cancelled."""
        return self._opened().record.status

    @property
    def memory(self) -> Mapping[str, Any]:
        """The attributes as the handlers would see them; a copy that cannot be set."""
        return MappingProxyType(self._opened().memory)

    async def send(self, event: Any) -> Outcome:
        """Try an event on the process; it is applied at the end of the block.

        The outcome may still become another: if somebody else saves the process before the
        end of the block, every event is stepped anew.

        Args:
            event: A CloudEvent of the SDK, or structured JSON as bytes or text.

        Raises:
            InvalidEvent: it is no CloudEvent, or not for this process; nothing has changed.
            ConfigurationError: the block is over.
            PortError, RecordError: it could not be tried; nothing has changed.
        """
        self._opened()
        read = read_any(event)
        async with self._lock:  # tasks of the block may send side by side
            trial = self._opened()
            outcome = await trial.add(self._item(trial, read))
            if outcome.reason == "no-record":
                trial.take_back()
                raise self._not_ours(read, "its process id is here, its version is not")
            return outcome

    async def finish(self) -> list[Item]:
        """End the block, and give what is to be applied."""
        async with self._lock:
            self._closed = True
            return self._trial.items

    def close(self) -> None:
        """End the block, whatever happens in it."""
        self._closed = True

    def _opened(self) -> Trial:
        if self._closed:
            raise ConfigurationError(
                f"the block of {self.subject} is over: open another with"
                " runtime.process(...), or ask runtime.describe(...)"
            )
        return self._trial

    def _item(self, trial: Trial, event: Event) -> Item:
        route = trial.registry.route(event)
        if isinstance(route, Refusal):
            raise self._not_ours(event, route.cause or "no class here hears it", route.reason)
        if route.key != trial.key:
            raise self._not_ours(event, f"it is for {route.subject}")
        return Item(len(trial.items), event, route, route.definition is not None)

    def _not_ours(self, event: Event, why: str, reason: str = "not-ours") -> InvalidEvent:
        return InvalidEvent(
            f"{event.type!r} of subject {event.subject!r} cannot be sent to {self.subject}:"
            f" {why}. Nothing was changed; give it to runtime.handle(...)",
            reason=reason,
        )


@asynccontextmanager
async def lived(
    subject: str, trial: Trial, apply: Apply, *, held: Held | None
) -> AsyncGenerator[LiveProcess]:
    """Give a process for a block, and apply what was sent to it at the end.

    Raises:
        LeaseLost: in the block or before the save; nothing was saved.
        UndeliveredError: what was sent could not be saved, or published, for certain.
    """
    live = LiveProcess(subject, trial)
    try:
        if held is None:
            yield live
        else:
            async with while_held(held, every=LOOK):
                yield live
        items = await live.finish()
    finally:
        live.close()
    if not items:
        return
    if held is not None:
        await _see_that_held(held)
    live.outcomes = tuple(await apply(items))
    raise_retries(live.outcomes)


async def _see_that_held(held: Held) -> None:
    """Look once more before the save; without an answer, the time of the lease decides."""
    try:
        await held.check()
    except Unavailable as exc:
        if held.lost:
            raise LeaseLost(f"the lease could not be renewed in its time ({exc})") from exc
