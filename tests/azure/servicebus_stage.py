"""The broker that stands in for Service Bus, shared by the tests of a module."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.emulators.amqp import Broker, amqp_broker

# Where the SDK waits a tenth of a second, again and again, for what comes in a millisecond.
WAITING = (
    "azure.servicebus._pyamqp.aio._client_async",
    "azure.servicebus._pyamqp.aio._connection_async",
    "azure.servicebus._pyamqp.aio._session_async",
    "azure.servicebus.aio._servicebus_receiver_async",
    "azure.servicebus.aio._servicebus_sender_async",
)


@pytest.fixture(scope="module")
def running_broker() -> Iterator[Broker]:
    with amqp_broker() as broker:
        yield broker


@pytest.fixture
def broker(running_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Give the broker; no order of this test is left to the next."""
    hurried = SimpleNamespace(**{**vars(asyncio), "sleep": short_sleep})
    for module in WAITING:
        monkeypatch.setattr(f"{module}.asyncio", hurried)
    yield running_broker
    running_broker.forget_orders()
    with warnings.catch_warnings():
        # The SDK does not close the socket of a connection that the other side lost.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def short_sleep(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.002))
