"""One publish by batches: what is not taken is tried again alone, and holds up its subject."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Protocol

from xorca.errors import Unavailable, XorcaError
from xorca.providers.aws.entries import Entry, Rejected, next_batch
from xorca.providers.aws.faults import AwsRefused
from xorca.providers.aws.retrying import SENDING, Patience, patiently

_BEHIND = "it was not sent: an event of its subject before it was not taken"
_TOO_LATE = "it was not tried: those before it took all the time that a publish may take"


class Sender(Protocol):
    """Sends the entries of one request."""

    @property
    def shown(self) -> str:
        """Give the destination as people know it."""
        ...

    async def send(self, entries: Sequence[Entry]) -> Mapping[int, Rejected]:
        """Send once; give those that were not taken, by their place among ``entries``.

        Raises:
            Unavailable, AwsRefused: none is known to be taken.
        """
        ...


class Publishing:
    """Send trains of entries; ``failed`` says by their keys why some were not taken.

    Args:
        sender: What sends a request.
        limit: The most bytes of one.
        in_order: Whether the service keeps the order in which it is sent to.
        turns: How many requests may be under way.
        within: After how many seconds nothing is tried again.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        limit: int,
        in_order: bool,
        turns: asyncio.Semaphore,
        within: float = SENDING.within,
    ) -> None:
        self.failed: dict[str, str] = {}
        self._sender, self._limit, self._in_order = sender, limit, in_order
        self._turns, self._until = turns, monotonic() + within
        self._stuck: set[str] = set()

    def fail(self, entry: Entry, cause: str) -> None:
        """Note that an event was not taken, so that none of its subject overtakes it."""
        self.failed.setdefault(entry.event.key, cause)
        if entry.event.subject is not None:
            self._stuck.add(entry.event.subject)

    async def run(self, train: Sequence[Entry]) -> None:
        """Send a train, request by request."""
        waiting = deque(train)
        while waiting:
            batch = next_batch(waiting, limit=self._limit, in_order=self._in_order)
            free = [entry for entry in batch if not self._held_up(entry)]
            if free:
                async with self._turns:
                    await self._send(free)

    async def _send(self, batch: Sequence[Entry]) -> None:
        if self.failed and self._left() <= 0:
            rejected: Mapping[int, Rejected] = _all_of(batch, Rejected(_TOO_LATE, again=False))
        else:
            rejected = await self._ask(batch)
        for place, entry in enumerate(batch):
            if place in rejected and not self._held_up(entry):
                await self._again(entry, rejected[place])

    async def _ask(self, batch: Sequence[Entry]) -> Mapping[int, Rejected]:
        """Send a batch for as long as it is worth it; give what was not taken of it."""
        sending = partial(self._sender.send, batch)
        try:
            return await patiently(self._sender.shown, sending, self._patience())
        except AwsRefused as exc:
            # The fault of one may have cost the others their place: each is asked for alone.
            alone = exc.reason == "request" and len(batch) > 1
            return _all_of(batch, Rejected(str(exc), again=alone))
        except XorcaError as exc:
            return _all_of(batch, Rejected(str(exc), again=False))

    async def _again(self, entry: Entry, rejected: Rejected) -> None:
        """Try an entry once more, alone and for as long as it is worth it."""
        if not rejected.again or self._left() <= 0:
            return self.fail(entry, rejected.cause)
        try:
            await patiently(self._sender.shown, partial(self._alone, entry), self._patience())
        except XorcaError as exc:
            self.fail(entry, str(exc))

    async def _alone(self, entry: Entry) -> None:
        rejected = (await self._sender.send([entry])).get(0)
        if rejected is not None:
            raise (Unavailable if rejected.again else AwsRefused)(rejected.cause)

    def _patience(self) -> Patience:
        return Patience(SENDING.attempts, within=max(0.0, self._left()))

    def _left(self) -> float:
        return self._until - monotonic()

    def _held_up(self, entry: Entry) -> bool:
        behind = entry.event.subject is not None and entry.event.subject in self._stuck
        cause = _BEHIND if behind else entry.fault
        if cause:
            self.fail(entry, cause)
        return bool(cause)


def _all_of(batch: Sequence[Entry], rejected: Rejected) -> dict[int, Rejected]:
    return dict.fromkeys(range(len(batch)), rejected)
