"""What a group gives up: moved, as it is, into a queue beside its own, ``<queue>-poison``."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from xorca.errors import InvalidEvent
from xorca.providers.azure.queue_box import MOST, QueueBox, Taken
from xorca.providers.azure.queue_messages import event_of
from xorca.providers.channel import DeadLetter, no_ack
from xorca.telemetry.lines import say

SUFFIX: Final = "-poison"
_HIDDEN: Final = 30.0
_CAUSES: Final = 1_000


class PoisonBox:
    """The dead messages of one group.

    A message has no room for why it died: this object knows it of those that it buried.
    """

    def __init__(self, group: str, box: QueueBox) -> None:
        self._group, self._box = group, box
        self._causes: OrderedDict[str, str] = OrderedDict()

    async def bury(self, taken: Taken, cause: str = "") -> None:
        """Put a dead message in. It still is where it was: drop it there afterwards."""
        told = cause[:500] or no_ack(taken.attempts)
        await self._box.put_surely(taken.text)
        self._causes[taken.text] = told
        if len(self._causes) > _CAUSES:
            self._causes.popitem(last=False)
        message = f"{self._group}: a message is given up after {taken.attempts} deliveries: {told}"
        say(logging.WARNING, "channel.dead", message, {"group": self._group})

    async def letters(self, limit: int) -> list[DeadLetter]:
        """Give the oldest dead messages that hold an event, 32 at most."""
        found = [self._letter(taken) for taken in await self._box.peek(limit)]
        return [letter for letter in found if letter is not None]

    async def take_back(self, letters: Sequence[DeadLetter]) -> list[Taken]:
        """Take the messages of these letters out, hidden until they are dropped."""
        wanted = {letter.receipt for letter in letters if letter.group == self._group}
        found: list[Taken] = []
        while wanted and (page := await self._box.take(limit=MOST, hidden=_HIDDEN)):
            for taken in page:
                if taken.id in wanted:
                    wanted.discard(taken.id)
                    found.append(taken)
        return found

    async def drop(self, taken: Taken) -> None:
        """Forget a dead message."""
        await self._box.drop(taken)

    async def count(self) -> int:
        """Give about how many there are."""
        return await self._box.count()

    def _letter(self, taken: Taken) -> DeadLetter | None:
        try:
            event = event_of(taken.text)
        except InvalidEvent:
            return None
        cause = self._causes.get(taken.text, "given up; the log of its worker says why")
        return DeadLetter(event, self._group, taken.attempts, cause, taken.id)
