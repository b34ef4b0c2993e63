"""``SqsBus``: emitted events become messages of a queue of Amazon SQS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Unpack

from xorca.events import Event
from xorca.providers.aws.arns import clients_at
from xorca.providers.aws.batch_bus import BatchBus
from xorca.providers.aws.entries import Entry, Rejected
from xorca.providers.aws.messages import message_entry, rejected_of
from xorca.providers.aws.queue import Queue

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients, AwsOptions

LIMIT: Final = 1_048_576
"""The most bytes of a message, and of all of a request (SendMessageBatch: 1 MiB)."""


class SqsBus(BatchBus):
    """Send events to a queue of Amazon SQS, each as one message of structured JSON.

    ``type``, ``source`` and ``subject`` are message attributes as well. A standard queue
    keeps no order. In a FIFO queue the group is the subject, and an event that is sent twice
    within five minutes arrives once; there the events of one subject are sent one a request,
    so that one that is refused is overtaken by none.

    Args:
        queue: The name, ARN or URL of the queue; that of a FIFO queue ends with ``.fifo``.
        limit: The most bytes of a message with its attributes, and of a request.
        clients: Clients to share with other rooms.
        options: Where AWS is and who asks: ``region``, ``endpoint`` and so on.
    """

    def __init__(
        self,
        queue: str,
        *,
        limit: int = LIMIT,
        clients: AwsClients | None = None,
        **options: Unpack[AwsOptions],
    ) -> None:
        self._queue = Queue(queue)
        super().__init__(
            self._queue.shown,
            limit=limit,
            in_order=self._queue.fifo,
            clients=clients_at(queue, clients, options),
        )

    async def open(self) -> None:
        """Find the queue ahead of its first use, as a function does while it starts."""
        await self._clients.client("sqs")
        await self._queue.url(self._clients)

    def entry_of(self, event: Event) -> Entry:
        """Give the message.

        Raises:
            PayloadError: it is larger than the queue takes.
        """
        fifo = self._queue.fifo
        return message_entry(event, "MessageBody", limit=self.limit, fifo=fifo, shown=self.shown)

    async def send(self, entries: Sequence[Entry]) -> Mapping[int, Rejected]:
        """Send one request of SendMessageBatch."""
        client = await self._clients.client("sqs")
        url = await self._queue.url(self._clients)
        # The entries are made for two services, whose types of the SDK differ.
        sent: Any = [{"Id": str(place), **entry.request} for place, entry in enumerate(entries)]
        answer = await client.send_message_batch(QueueUrl=url, Entries=sent)
        return rejected_of(answer, len(entries), shown=self.shown)
