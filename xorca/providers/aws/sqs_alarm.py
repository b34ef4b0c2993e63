"""``SqsAlarm``: wake-ups as delayed messages of a queue of Amazon SQS."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from time import time
from typing import TYPE_CHECKING, Any, Final, Unpack

from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.ports import Alarm, Room
from xorca.providers.arguments import epoch_seconds
from xorca.providers.aws.arns import clients_at
from xorca.providers.aws.faults import not_aws
from xorca.providers.aws.messages import message_entry
from xorca.providers.aws.queue import Queue
from xorca.providers.aws.retrying import SENDING, patiently
from xorca.providers.aws.sqs import LIMIT
from xorca.providers.closing import Closing
from xorca.providers.opens import Opens

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients, AwsOptions

LONGEST: Final = 900
"""The longest delay of a message, in seconds."""

_REMEMBERED: Final = 10_000


class SqsAlarm(Closing):
    """Set wake-ups as messages that are delayed, by 15 minutes at most.

    One that is due later goes to the alarm ``beyond``. Without it, it comes after 15 minutes
    and the runtime sets it again, until its time has come; so it costs four messages an hour,
    and comes up to five seconds late.

    A message cannot be taken back: what was cancelled comes, and does nothing.

    Args:
        queue: The name, ARN or URL of a standard queue that the orchestrator reads.
        beyond: The alarm for what is due in more than 15 minutes, such as a SchedulerAlarm.
        clients: Clients to share with other rooms.
        now: Gives seconds since 1970.
        options: Where AWS is and who asks: ``region``, ``endpoint`` and so on.

    Raises:
        ConfigurationError: it is a FIFO queue, whose messages have no delay of their own.
    """

    def __init__(
        self,
        queue: str,
        *,
        beyond: Alarm | None = None,
        clients: AwsClients | None = None,
        now: Callable[[], float] = time,
        **options: Unpack[AwsOptions],
    ) -> None:
        self._queue = Queue(queue)
        if self._queue.fifo:
            raise ConfigurationError(
                f"{self._queue.shown} is a FIFO queue, whose messages cannot be delayed one by"
                " one: give an SqsAlarm a standard queue"
            )
        self.shown = self._queue.shown
        self._beyond, self._now = beyond, now
        self._clients, self._is_owner = clients_at(queue, clients, options)
        self._sent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due``, or within 15 minutes where that is later.

        Raises:
            Unavailable: whether it is set is not known.
            AwsRefused: it is not.
            PayloadError: it is larger than a message may be.
        """
        now = self._now()
        delay = max(0, math.ceil(epoch_seconds(due) - now))
        if delay > LONGEST and self._beyond is not None:
            await self._beyond.set(event, due)
        elif not self._is_on_its_way(event.id, now):
            delay = min(delay, LONGEST)
            await self._send(event, delay)
            self._remember(event.id, now, now + delay / 2)

    async def cancel(self, event_id: str) -> None:
        """Forget an event that is set beyond; a message comes in any case."""
        if self._sent.pop(event_id, None) is None and self._beyond is not None:
            await self._beyond.cancel(event_id)

    async def open(self) -> None:
        """Find the queue ahead of its first use, as a function does while it starts."""
        beyond: object = self._beyond
        if isinstance(beyond, Opens):
            await beyond.open()
        await self._clients.client("sqs")
        await self._queue.url(self._clients)

    async def close(self) -> None:
        """Close the connections that are the alarm's own, and the alarm beyond."""
        if self._is_owner:
            await self._clients.close()
        beyond: object = self._beyond
        if isinstance(beyond, Room):
            await beyond.close()

    async def _send(self, event: Event, delay: int) -> None:
        entry = message_entry(event, "MessageBody", limit=LIMIT, fifo=False, shown=self.shown)
        message: Any = entry.request  # the SDK's types know the literal names alone

        async def send() -> None:
            client = await self._clients.client("sqs")
            url = await self._queue.url(self._clients)
            answer = await client.send_message(QueueUrl=url, DelaySeconds=delay, **message)
            if not answer.get("MessageId"):
                raise not_aws(self.shown)  # to take it for set would lose the wake-up

        await patiently(self.shown, send, SENDING)

    def _is_on_its_way(self, event_id: str, now: float) -> bool:
        """Whether a message certainly comes yet: half of its delay is not over.

        Only then, for the two clocks may differ, and what has come may be set anew.
        """
        since, until = self._sent.get(event_id, (0.0, 0.0))
        return since <= now < until

    def _remember(self, event_id: str, since: float, until: float) -> None:
        self._sent[event_id] = (since, until)
        self._sent.move_to_end(event_id)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
