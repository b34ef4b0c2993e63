"""``SnsBus``: emitted events are published to a topic of Amazon SNS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Unpack

from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.events.lazy import lazy_pattern
from xorca.providers.aws.arns import clients_at
from xorca.providers.aws.batch_bus import BatchBus
from xorca.providers.aws.entries import Entry, Rejected
from xorca.providers.aws.faults import not_aws
from xorca.providers.aws.messages import message_entry, rejected_of

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients, AwsOptions

LIMIT: Final = 262_144
"""The most bytes of a message, and of all of a request, unless the topic was set to more."""

_ARN: Final = lazy_pattern(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:(?P<name>[^:]+)")


class SnsBus(BatchBus):
    """Publish events to a topic of Amazon SNS, each as one message of structured JSON.

    ``type``, ``source`` and ``subject`` are message attributes, for the filters of
    subscriptions. In a FIFO topic the group is the subject, and an event that is sent twice
    within five minutes arrives once.

    Args:
        topic_arn: The ARN of the topic; its region is used where none is given.
        limit: The most bytes of a message with its attributes, and of a request; more only
            for a topic whose MaximumMessageSize is larger.
        clients: Clients to share with other rooms.
        options: Where AWS is and who asks: ``region``, ``endpoint`` and so on.
    """

    def __init__(
        self,
        topic_arn: str,
        *,
        limit: int = LIMIT,
        clients: AwsClients | None = None,
        **options: Unpack[AwsOptions],
    ) -> None:
        found = _ARN.fullmatch(topic_arn)
        if found is None:
            raise ConfigurationError(
                f"{topic_arn[:120]!r} is no topic: write its ARN, such as"
                " 'arn:aws:sns:eu-central-1:123456789012:orders'"
            )
        self._topic, self._fifo = topic_arn, topic_arn.endswith(".fifo")
        super().__init__(
            f"the topic {found['name']!r}",
            limit=limit,
            in_order=self._fifo,
            clients=clients_at(topic_arn, clients, options),
        )

    async def open(self) -> None:
        """Make the client ahead of its first use, as a function does while it starts."""
        await self._clients.client("sns")

    def entry_of(self, event: Event) -> Entry:
        """Give the message.

        Raises:
            PayloadError: it is larger than the topic takes.
        """
        return message_entry(event, "Message", limit=self.limit, fifo=self._fifo, shown=self.shown)

    async def send(self, entries: Sequence[Entry]) -> Mapping[int, Rejected]:
        """Send one request of PublishBatch."""
        client = await self._clients.client("sns")
        # The entries are made for two services, whose types of the SDK differ.
        sent: Any = [{"Id": str(place), **entry.request} for place, entry in enumerate(entries)]
        try:
            answer = await client.publish_batch(
                TopicArn=self._topic, PublishBatchRequestEntries=sent
            )
        except KeyError as exc:  # XML, or a page, that is not of SNS: the SDK reads on regardless
            raise not_aws(self.shown) from exc
        return rejected_of(answer, len(entries), shown=self.shown)
