"""URLs of buses of Azure, what they refuse, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xorca.errors import ConfigurationError, MissingExtra, PublishFailed
from xorca.providers.azure import EventGridBus, ServiceBusBus, StorageQueueBus
from xorca.providers.open_bus import open_bus
from xorca_contrib.conformance.samples import event

SECRETS = (
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_SERVICEBUS_CONNECTION_STRING",
    "AZURE_EVENTGRID_KEY",
)


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        ("azqueue:orders?account=shop", StorageQueueBus, "the storage queue 'orders'"),
        ("azqueue://orders?account=shop&encoding=none", StorageQueueBus, "'orders'"),
        ("servicebus:a/b?namespace=shop.servicebus.windows.net", ServiceBusBus, "'a/b' of Service"),
        ("servicebus:orders?namespace=x&sessions=true", ServiceBusBus, "'orders' of Service Bus"),
        ("eventgrid:t.eu-1.eventgrid.azure.net/api/events", EventGridBus, "topic t.eu-1."),
        ("eventgrid:https://ns.eventgrid.azure.net?topic=orders", EventGridBus, "'orders' of ns."),
        ("EventGrid://t.example/api/events", EventGridBus, "topic t.example"),
    ],
)
def test_url_names_a_bus(
    url: str, kind: type[StorageQueueBus | ServiceBusBus | EventGridBus], shown: str
) -> None:
    """A URL gives the bus, and nothing is opened yet."""
    bus = open_bus(url)

    assert isinstance(bus, kind)
    assert shown in bus.shown


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("azqueue:", "names no place"),
        ("azqueue:orders", "set AZURE_STORAGE_CONNECTION_STRING"),
        ("azqueue:Orders?account=abc", "no name of a queue"),
        ("azqueue:orders?key=secret", "'key' cannot be asked for so"),
        ("azqueue:orders?account=abc&encoding=gzip", "base64 or none"),
        ("azqueue:orders?account=evil.example/%23", "3 to 24 characters"),
        ("servicebus:orders", "set AZURE_SERVICEBUS_CONNECTION_STRING"),
        ("servicebus:orders?namespace=n&sessions=maybe", "true or false"),
        ("eventgrid:http://t.example/", "no endpoint of Event Grid"),
        ("eventgrid:t.example?topic", "'topic' cannot be asked for so"),
    ],
)
def test_bad_url_is_refused(url: str, said: str) -> None:
    """What names no bus is refused at once, and no value is repeated."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        open_bus(url)

    assert "secret" not in str(caught.value)


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual variables name the account and the key."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "x")
    monkeypatch.setenv("AZURE_SERVICEBUS_CONNECTION_STRING", "x")
    monkeypatch.setenv("AZURE_EVENTGRID_KEY", "x")

    for url in ("azqueue:orders", "servicebus:orders", "eventgrid:t.example/api/events"):
        assert open_bus(url)


def test_no_sdk_is_loaded_before_it_is_used() -> None:
    """Naming the buses and alarms of Azure imports nothing of its SDKs."""
    program = (
        "import sys, xorca.providers.azure as azure\n"
        "azure.EventGridBus('https://t.example/api/events', key='k')\n"
        "azure.ServiceBusAlarm('q', connection_string='x')\n"
        "azure.StorageQueueChannel('q', connection_string='x')\n"
        "loaded = [name for name in sys.modules if name.split('.')[0] in "
        "('azure', 'aiohttp', 'httpx', 'cryptography')]\n"
        "assert not loaded, loaded\n"
    )

    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("bus", "module", "line"),
    [
        (
            StorageQueueBus("orders", connection_string="x"),
            "azure.storage.queue.aio",
            "azure-queue",
        ),
        (
            ServiceBusBus("orders", connection_string="x"),
            "azure.servicebus.aio",
            "azure-servicebus",
        ),
        (EventGridBus("https://t.example", key="k"), "azure.core", "azure-eventgrid"),
    ],
)
async def test_missing_extra_says_the_line(
    bus: StorageQueueBus | ServiceBusBus | EventGridBus,
    module: str,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without its SDK a bus says what to install; nothing is lost."""
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(PublishFailed, match=rf"pip install 'xorca\[{line}\]'") as caught:
        await bus.publish([event(1)])

    assert caught.value.failed == (event(1).id,)


async def test_missing_identity_says_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account without credential needs azure-identity, and says so."""
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)

    async with StorageQueueBus("orders", account_url="https://a.queue.core.windows.net") as bus:
        with pytest.raises(PublishFailed, match=r"pip install 'xorca\[azure-identity\]'"):
            await bus.publish([event(1)])

    assert issubclass(MissingExtra, ConfigurationError)
