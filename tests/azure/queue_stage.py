"""A storage queue of Azurite for one test, read by the SDK itself."""

from __future__ import annotations

import asyncio
from random import Random

from azure.storage.queue.aio import QueueClient

from xorca.events import Event
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.queue_messages import event_of

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The well-known account and key of Azurite; no secret."""


def connection_string(queue_url: str, *, key: str = KEY) -> str:
    """Give the connection string for the queues of an emulator or of the proxy before it."""
    return (
        "DefaultEndpointsProtocol=http;"
        f"AccountName={ACCOUNT};AccountKey={key};QueueEndpoint={queue_url};"
    )


def hasty(attempts: int = 4) -> Patience:
    """Try again at once."""
    return Patience(attempts=attempts, first=0.001, random=Random(1), sleep=no_pause)


async def no_pause(seconds: float) -> None:
    """Only let others run."""
    await asyncio.sleep(0)


async def texts(queue: QueueClient) -> list[str]:
    """Take the texts of all messages that can be seen, in order."""
    found: list[str] = []
    async for message in queue.receive_messages(messages_per_page=32, visibility_timeout=60):
        found.append(message.content)
        await queue.delete_message(message)
    return found


async def drained(queue: QueueClient) -> list[Event]:
    """Take the events of all messages that can be seen, in order."""
    return [event_of(text) for text in await texts(queue)]
