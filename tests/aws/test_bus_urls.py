"""Buses of AWS by their URLs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws.places import queue
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.providers.aws import EventBridgeBus, SnsBus, SqsBus
from xorca.providers.aws.batch_bus import BatchBus
from xorca.providers.open_bus import open_bus

ROOT = Path(__file__).parents[2]
ARN = "arn:aws:{}:eu-central-1:123456789012:{}"


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        ("eventbridge:default", EventBridgeBus, "the event bus 'default'"),
        ("eventbridge://orders?region=eu-central-1", EventBridgeBus, "the event bus 'orders'"),
        (f"sns:{ARN.format('sns', 'orders')}", SnsBus, "the topic 'orders'"),
        ("sqs:orders", SqsBus, "the queue 'orders'"),
        ("SQS://orders.fifo?limit=262144", SqsBus, "the queue 'orders.fifo'"),
        (f"sqs:{ARN.format('sqs', 'orders')}", SqsBus, "the queue 'orders'"),
        ("sqs:https://sqs.eu-central-1.amazonaws.com/123456789012/o", SqsBus, "the queue 'o'"),
    ],
)
def test_url_names_a_bus(url: str, kind: type[BatchBus], shown: str) -> None:
    """Every form leads to its bus; nothing is connected yet."""
    bus = open_bus(url)

    assert isinstance(bus, kind)
    assert bus.shown == shown


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqs:", "names no place"),
        ("eventbridge://?region=x", "names no place"),
        ("sqs:orders?regoin=x", "'regoin' cannot be asked for so"),
        ("sqs:orders?region=a&region=b", "each once"),
        ("sqs:orders?region", "after '\\?' write name=value"),
        ("sqs:orders?limit=much", "is no number of bytes"),
        ("sns:orders", "write its ARN"),
        ("kafka:orders", "nobody here offers such a bus"),
    ],
)
def test_url_that_names_none_is_refused(url: str, says: str) -> None:
    """What is wrong with a URL is told with what to write."""
    with pytest.raises(ConfigurationError, match=says):
        open_bus(url)


def test_secret_in_a_url_is_not_repeated() -> None:
    """Credentials have no place in a URL, and the refusal does not print them."""
    with pytest.raises(ConfigurationError) as caught:
        open_bus("sqs:orders?secret_access_key=hidden")

    assert "hidden" not in str(caught.value)


async def test_region_is_read_from_the_arn(
    moto: str, fresh_name: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that is named by its ARN needs no region besides."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    place = await queue(moto, fresh_name)

    async with SqsBus(place.arn, endpoint=moto) as bus:
        await bus.publish([Event(id="1", source="/s", type="cmd.t.x")])

    assert len(await place.messages()) == 1
    await place.clients.close()


async def test_bus_of_a_url_publishes(moto: str, fresh_name: str, aws_environment: None) -> None:
    """Options of the URL and the environment are all that it needs."""
    place = await queue(moto, fresh_name)

    async with open_bus(f"sqs:{fresh_name}?endpoint={moto}") as bus:
        await bus.publish([Event(id="1", source="/s", type="cmd.t.x")])

    assert len(await place.messages()) == 1
    await place.clients.close()


def test_buses_load_no_sdk_before_they_are_used() -> None:
    """Making every bus and alarm imports nothing of the SDK."""
    probe = (
        "import sys; from xorca.providers.open_bus import open_bus\n"
        "from xorca.providers.aws import SchedulerAlarm, SqsAlarm\n"
        f"open_bus('sqs:q'), open_bus('eventbridge:b'), open_bus('sns:{ARN.format('sns', 't')}')\n"
        f"SqsAlarm('q'), SchedulerAlarm(target_arn='{ARN.format('sqs', 'q')}', role_arn='r')\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('aiobotocore','botocore','aiohttp')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
