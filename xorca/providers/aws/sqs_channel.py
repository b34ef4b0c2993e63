"""``SqsChannel``: workers without Lambda receive from queues of Amazon SQS."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Unpack

from xorca.errors import ConfigurationError, InvalidEvent
from xorca.events import Event
from xorca.ports import Alarm, Bus, Room
from xorca.providers import channel as shared
from xorca.providers.aws.bodies import event_of_body
from xorca.providers.aws.clients import AwsClients, clients_of
from xorca.providers.aws.sqs_alarm import SqsAlarm
from xorca.providers.aws.sqs_inbox import Inbox, Receipt
from xorca.providers.channel import Counts, DeadLetter, Delivery, check_subscription
from xorca.providers.closing import Closing
from xorca.telemetry.lines import say

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsOptions

_ORCHESTRATOR: Final = "orchestrator:"
"""What a worker puts before the name of an orchestrator to name its group."""

_PAUSE: Final = 0.2
"""How long to pause between two looks that do not wait, in seconds."""


class SqsChannel(Closing):
    """Receive from one queue a group, and send by a bus that leads to the queues.

    A LocalWorker runs on it (see ``JoinedStore``). What each queue is sent is up to the bus:
    rules of EventBridge, subscriptions of SNS, or a RoutedBus of SqsBus. A message that is
    no event is left to the queue's redrive policy, which it should have.

    Args:
        queues: For each orchestrator by its name, and each fleet by its name, the queue.
        bus: What sends what is published.
        poll: For how many seconds one request waits for messages: 1 to 4; 0 asks five times
            a second, which only an emulator gives away.
        clients: Clients to share with other rooms.
        options: Where AWS is and who asks: ``region``, ``endpoint`` and so on.

    Raises:
        ConfigurationError: two groups share a queue, or a part does not fit.
    """

    def __init__(
        self,
        queues: Mapping[str, str],
        *,
        bus: Bus,
        poll: int = 2,
        clients: AwsClients | None = None,
        **options: Unpack[AwsOptions],
    ) -> None:
        _check(queues, poll)
        self._clients, self._is_owner = clients_of(clients, options)
        self._bus, self._poll = bus, poll
        self._inboxes = {
            name: Inbox(queue, self._clients, poll=poll) for name, queue in queues.items()
        }
        self.alarm: Alarm = QueueAlarms(queues, self._clients)

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events by the bus."""
        await self._bus.publish(events)

    async def subscribe(self, group: str, patterns: Sequence[str]) -> None:
        """Make sure that the group has a queue; what it is sent is up to the bus.

        Raises:
            ConfigurationError: no queue was given for the group.
        """
        check_subscription(group, patterns)
        self._inbox(group)

    async def unsubscribe(self, group: str) -> None:
        """Refuse: a queue and what waits in it is deleted by whoever made it."""
        raise ConfigurationError(f"the queue of {group!r} is not the channel's: delete it on AWS")

    async def receive(
        self, group: str, *, limit: int = 32, visibility: float = shared.VISIBILITY
    ) -> list[Delivery]:
        """Take ten events at most, hidden from others; waits for some, a few seconds."""
        messages = await self._inbox(group).receive(limit, math.ceil(visibility))
        found = [self._delivery(group, message) for message in messages]
        return [delivery for delivery in found if delivery is not None]

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Delete the messages."""
        for group, handles in _by_group(deliveries).items():
            await self._inbox(group).delete(handles)

    async def nack(
        self, deliveries: Sequence[Delivery], *, delay: float = 0.0, cause: str = ""
    ) -> None:
        """Have the messages come again after ``delay`` seconds; SQS keeps no cause."""
        await self.extend(deliveries, visibility=delay)

    async def extend(self, deliveries: Sequence[Delivery], *, visibility: float) -> None:
        """Hide the messages for ``visibility`` seconds from now."""
        for group, handles in _by_group(deliveries).items():
            await self._inbox(group).hide(handles, math.ceil(visibility))

    async def wait(self, timeout: float, *, group: str = "") -> bool:
        """Give True, at once where to receive is to wait."""
        await asyncio.sleep(0 if self._poll else min(timeout, _PAUSE))
        return True

    async def counts(self, group: str = "") -> Counts:
        """Count as SQS does, which is some seconds behind; timers are all delayed messages."""
        inboxes = [self._inbox(group)] if group else list(self._inboxes.values())
        found = [await inbox.counts() for inbox in inboxes]
        waiting, flying, delayed = (sum(each[place] for each in found) for place in range(3))
        return Counts(waiting, flying, 0, delayed)

    async def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Refuse: they are in the queue that the redrive policy names."""
        raise ConfigurationError(_REDRIVE)

    async def revive(self, letters: Sequence[DeadLetter]) -> int:
        """Refuse: SQS moves them back by itself."""
        raise ConfigurationError(_REDRIVE)

    async def close(self) -> None:
        """Close the connections that are the channel's own, and the bus."""
        if self._is_owner:
            await self._clients.close()
        bus: object = self._bus
        if isinstance(bus, Room):
            await bus.close()

    def _inbox(self, group: str) -> Inbox:
        inbox = self._inboxes.get(group) or self._inboxes.get(group.removeprefix(_ORCHESTRATOR))
        if inbox is None:
            known = ", ".join(map(repr, self._inboxes))
            name = group.removeprefix(_ORCHESTRATOR)
            raise ConfigurationError(
                f"no queue was given for {name!r}: add it to the queues of the SqsChannel, which"
                f" has {known}"
            )
        return inbox

    def _delivery(self, group: str, message: Mapping[str, Any]) -> Delivery | None:
        """Give the event of a message of the SDK; None for one that holds none."""
        attempts = int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))
        try:
            event = event_of_body(message["Body"])
        except InvalidEvent as exc:
            text = f"{group}: a message is no event, and is left to the queue's redrive policy"
            fields = {"group": group, "message_id": str(message.get("MessageId", ""))}
            say(logging.ERROR, "message.unreadable", text, fields, error=exc)
            return None
        return Delivery(event, attempts, str(Receipt(group, message["ReceiptHandle"])))


class QueueAlarms:
    """Wake-ups for the orchestrators of a channel: each comes to the queue of its own."""

    def __init__(self, queues: Mapping[str, str], clients: AwsClients) -> None:
        self._queues, self._clients = queues, clients
        self._alarms: dict[str, SqsAlarm] = {}

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver an event to the orchestrator that its subject names.

        Raises:
            ConfigurationError: there is no queue for it, or one that cannot delay.
        """
        name = (event.subject or "").partition("/")[0]
        alarm = self._alarms.get(name)
        if alarm is None:
            queue = self._queues.get(name) or self._queues.get(f"{_ORCHESTRATOR}{name}")
            if queue is None:
                raise ConfigurationError(
                    f"no queue was given for {name!r}, so that nothing would wake it: add it to"
                    " the queues of the SqsChannel"
                )
            alarm = self._alarms[name] = SqsAlarm(queue, clients=self._clients)
        await alarm.set(event, due)

    async def cancel(self, event_id: str) -> None:
        """Do nothing: SQS takes no message back, and one that is stale does nothing."""


_REDRIVE: Final = (
    "SQS keeps dead letters in the queue that the redrive policy names: look at them there, and"
    " move them back by its redrive (aws sqs start-message-move-task)"
)


def _by_group(deliveries: Sequence[Delivery]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for delivery in deliveries:
        receipt = Receipt.read(delivery.receipt)
        found.setdefault(receipt.group, []).append(receipt.handle)
    return found


def _check(queues: Mapping[str, str], poll: int) -> None:
    if not queues:
        raise ConfigurationError("an SqsChannel needs queues: write SqsChannel({'sale': 'queue'})")
    if len(set(queues.values())) < len(queues):
        raise ConfigurationError(
            "two groups share a queue, and each would take what is the other's: give each its own"
        )
    if poll not in range(5):
        raise ConfigurationError(f"poll={poll!r} cannot be waited for: give 1 to 4 seconds")
