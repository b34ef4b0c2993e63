"""The messages of one queue: received, deleted, hidden, counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xorca.errors import ConfigurationError, Unavailable
from xorca.providers.aws.clients import AwsClients
from xorca.providers.aws.entries import ENTRIES
from xorca.providers.aws.messages import rejected_of
from xorca.providers.aws.queue import Queue
from xorca.providers.aws.retrying import SENDING, once, patiently
from xorca.telemetry.lines import say

_LONGEST: Final = 43_200
"""For how many seconds a message can be hidden at most."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the text of a delivery's receipt says."""

    group: str
    handle: str

    def __str__(self) -> str:
        return f"{self.handle} {self.group}"

    @classmethod
    def read(cls, text: str) -> Receipt:
        """Read the text of a receipt.

        Raises:
            ConfigurationError: this is no receipt of such a channel.
        """
        handle, _, group = text.partition(" ")
        if not handle or not group:
            raise ConfigurationError(
                f"{text[:60]!r} is no receipt of this channel; pass the Delivery objects that"
                " receive() gave"
            )
        return cls(group, handle)


class Inbox:
    """One queue to receive from; one request waits ``poll`` seconds for messages.

    What the SDK gives and takes are dictionaries of its own.
    """

    def __init__(self, queue: str, clients: AwsClients, *, poll: int) -> None:
        self._queue, self._clients, self._poll = Queue(queue), clients, poll

    async def receive(self, limit: int, visibility: int) -> Sequence[Mapping[str, Any]]:
        """Take messages, ten at most, as the SDK gives them: dictionaries of its own.

        Raises:
            Unavailable: some may have been taken, and come again once they are visible.
            AwsRefused: none was.
        """

        async def ask() -> Sequence[Mapping[str, Any]]:
            client = await self._clients.client("sqs")
            answer = await client.receive_message(
                QueueUrl=await self._queue.url(self._clients),
                MaxNumberOfMessages=max(1, min(limit, ENTRIES)),
                VisibilityTimeout=min(visibility, _LONGEST),
                WaitTimeSeconds=self._poll,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
            return answer.get("Messages", [])

        return await once(self._queue.shown, ask)

    async def delete(self, handles: Sequence[str]) -> None:
        """Delete messages; one that is somebody else's by now comes again, and is judged."""

        async def ask(url: str, entries: Any) -> Mapping[str, Any]:
            client = await self._clients.client("sqs")
            return await client.delete_message_batch(QueueUrl=url, Entries=entries)

        await self._settle(ask, [{"ReceiptHandle": handle} for handle in handles])

    async def hide(self, handles: Sequence[str], seconds: int) -> None:
        """Hide messages from everybody for so many seconds from now."""
        seconds = max(0, min(seconds, _LONGEST))

        async def ask(url: str, entries: Any) -> Mapping[str, Any]:
            client = await self._clients.client("sqs")
            return await client.change_message_visibility_batch(QueueUrl=url, Entries=entries)

        changed = [{"ReceiptHandle": each, "VisibilityTimeout": seconds} for each in handles]
        await self._settle(ask, changed)

    async def counts(self) -> tuple[int, int, int]:
        """Give about how many messages wait, are hidden by a reader, are delayed."""

        async def ask() -> tuple[int, int, int]:
            client = await self._clients.client("sqs")
            url = await self._queue.url(self._clients)
            answer = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            found: Mapping[str, str] = {
                str(key): text for key, text in answer.get("Attributes", {}).items()
            }
            name = "ApproximateNumberOfMessages"
            waiting, hidden, delayed = (
                int(found.get(f"{name}{more}", 0)) for more in ("", "NotVisible", "Delayed")
            )
            return waiting, hidden, delayed

        return await patiently(self._queue.shown, ask)

    async def _settle(
        self,
        ask: Callable[[str, Any], Coroutine[Any, Any, Mapping[str, Any]]],
        entries: Sequence[Mapping[str, object]],
    ) -> None:
        """Settle messages, ten a request; the answers are dictionaries of the SDK."""
        url = await self._queue.url(self._clients)
        for start in range(0, len(entries), ENTRIES):
            part = entries[start : start + ENTRIES]
            numbered = [{"Id": str(place), **each} for place, each in enumerate(part)]

            async def settle(numbered: Sequence[Mapping[str, object]] = numbered) -> None:
                self._judge(await ask(url, numbered), len(numbered))

            await patiently(self._queue.shown, settle, SENDING)

    def _judge(self, answer: Mapping[str, Any], count: int) -> None:
        for rejected in rejected_of(answer, count, shown=self._queue.shown).values():
            if rejected.again:
                raise Unavailable(f"{self._queue.shown} did not settle: {rejected.cause}")
            message = f"{self._queue.shown}: a message was not settled: {rejected.cause}"
            say(logging.INFO, "message.lost", message)
