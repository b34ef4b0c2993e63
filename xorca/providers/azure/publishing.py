"""One publish: its events in rows, each sent in order, and what was not taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from time import monotonic
from typing import Protocol

from xorca.errors import PublishFailed, XorcaError
from xorca.events import Event
from xorca.providers.azure.patience import NotTaken, Patience, TryLater
from xorca.providers.azure.per_loop import PerLoop
from xorca.telemetry.lines import say

_TOO_LATE = "it was not tried: those before it took all the time that a publish may take"


class Bring(Protocol):
    """Send a row in order; give, as it goes, how many more of it are known to be taken."""

    def __call__(self, row: Sequence[Event], *, until: float) -> AsyncIterator[int]:
        """Raise NotTaken, TryLater or an error of ours where the row can go no further."""
        ...


class Publisher:
    """Send what is published, row by row.

    Args:
        shown: What the error says of where events go to.
        bring: Sends one row.
        rows: Splits what is published; rows are begun in this order.
        at_once: How many rows are under way at once.
        patience: How often something is tried.
    """

    def __init__(
        self,
        shown: str,
        bring: Bring,
        *,
        rows: Callable[[Sequence[Event]], list[list[Event]]],
        at_once: int,
        patience: Patience,
    ) -> None:
        self._shown, self._bring, self._rows, self._patience = shown, bring, rows, patience
        self._turns = PerLoop(lambda: asyncio.Semaphore(at_once))

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events; return when every one of them was taken.

        Raises:
            PublishFailed: some are not known to be; carries their ids, and says why of the
                first.
        """
        failed: dict[str, str] = {}
        until = self._patience.until()
        rows = self._rows(events)
        await asyncio.gather(*(self._run(row, failed, until=until) for row in rows))
        if failed:
            raise self._failure(events, failed)

    async def _run(self, row: Sequence[Event], failed: dict[str, str], *, until: float) -> None:
        async with self._turns.get():
            if failed and monotonic() > until:
                return _note(failed, row, _TOO_LATE)
            taken = 0
            try:
                async for count in self._bring(row, until=until):
                    taken += count
            except (NotTaken, TryLater, XorcaError) as exc:
                _note(failed, row[taken:], str(exc))
            except Exception as exc:  # of a credential, or of a client that was given
                what = type(exc).__name__
                say(logging.ERROR, "bus.failed", f"cannot send to {self._shown}", error=exc)
                cause = f"{what} was raised while it was sent; the log says more"
                _note(failed, row[taken:], cause)

    def _failure(self, events: Sequence[Event], failed: dict[str, str]) -> PublishFailed:
        names = tuple(dict.fromkeys(event.id for event in events if event.key in failed))
        return PublishFailed(
            f"{self._shown} is not known to have taken {len(names)} of {len(events)} events,"
            f" {names[0]!r} first: {next(iter(failed.values()))}",
            failed=names,
        )


def _note(failed: dict[str, str], events: Iterable[Event], cause: str) -> None:
    for event in events:
        failed.setdefault(event.key, cause)
