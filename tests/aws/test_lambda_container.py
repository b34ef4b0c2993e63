"""A function for real: AWS's runtime client, killed, frozen and fed by a small Runtime API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from aiobotocore.session import AioSession

from tests.aws.lambda_stage import sent_of, start_of
from tests.aws.runtime_api import Answer, Container, RuntimeApi
from tests.aws.shapes import S3_NOTIFICATION, rule, sqs
from tests.emulators.proxy import Fault, FaultProxy, Request
from tests.unit.cli.dev_stage import wait_until
from xorca.events import Event, read_event

HANDLER = "tests.aws.lambda_app.handler"
FINE = Answer("response", {"batchItemFailures": []})


@dataclass
class Place:
    """A bucket and a queue behind a proxy, and what a function is told of them."""

    proxy: FaultProxy
    sqs: Any
    queue: str
    env: dict[str, str]

    async def sent(self) -> list[Event]:
        """Give what is in the queue."""
        found = await self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [read_event(each["Body"]) for each in found.get("Messages", [])]

    def asked_before(self) -> list[str]:
        """Give the requests to the store, by method."""
        return [request.method for request in self.proxy.requests if is_of_store(request)]

    def asked(self) -> list[str]:
        """Give the requests to the store since the last time, by method."""
        found = self.asked_before()
        self.proxy.forget()
        return found


def is_of_store(request: Request) -> bool:
    """Tell whether a request is to S3."""
    return "/orders/" in request.path


def is_save(request: Request) -> bool:
    """Tell whether a request saves a record."""
    return is_of_store(request) and request.method == "PUT"


@pytest.fixture
async def place(moto: str, fresh_name: str, aws_environment: None) -> AsyncIterator[Place]:
    """Make a bucket and a queue."""
    session = AioSession()
    region = "eu-central-1"
    async with (
        FaultProxy(moto) as proxy,
        session.create_client("s3", region, endpoint_url=moto) as s3,
        session.create_client("sqs", region, endpoint_url=moto) as queues,
    ):
        where = {"LocationConstraint": "eu-central-1"}
        await s3.create_bucket(Bucket=fresh_name, CreateBucketConfiguration=where)
        made = await queues.create_queue(QueueName=fresh_name)
        env = {
            "PARCELS_STORE": f"s3://{fresh_name}/orders?endpoint={proxy.url}",
            "PARCELS_QUEUE": fresh_name,
            "PARCELS_ENDPOINT": moto,
        }
        yield Place(proxy, queues, made["QueueUrl"], env)


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    """Serve the Runtime API."""
    with RuntimeApi() as found:
        yield found


async def invoked(container: Container, payload: Any, **more: Any) -> Answer:
    """Invoke a function without keeping the proxy from its work."""
    return await asyncio.to_thread(container.invoke, payload, **more)


async def test_a_cold_start_and_warm_calls(api: RuntimeApi, place: Place) -> None:
    """A start is one request, and what a warm container knows is not read again."""
    with api.container(HANDLER, place.env) as container:
        await asyncio.to_thread(container.wait_until_ready)
        opened = place.asked()
        first = await invoked(container, sqs(start_of("a")))
        started = place.asked()
        second = await invoked(container, sqs(sent_of("a")))
        warm = place.asked()

    assert (first, second) == (FINE, FINE), container.log()
    assert opened == ["GET"]  # the connection is there before the first event
    assert (started, warm) == (["PUT"], ["PUT"])
    assert [each.type for each in await place.sent()] == ["cmd.parcel.send"]


async def test_a_cold_container_reads_once(api: RuntimeApi, place: Place) -> None:
    """Another one began the process."""
    with api.container(HANDLER, place.env) as container:
        await invoked(container, sqs(start_of("a")))
    with api.container(HANDLER, place.env) as container:
        await asyncio.to_thread(container.wait_until_ready)
        place.asked()
        answer = await invoked(container, sqs(sent_of("a")))

    assert answer == FINE
    assert place.asked() == ["GET", "PUT"]


async def test_an_error_is_that_of_the_invocation(api: RuntimeApi, place: Place) -> None:
    """The container lives on, and the retry of Lambda finds the store again."""
    place.proxy.seed(1, 1.0, Fault.answer(503), only=is_save)
    with api.container(HANDLER, place.env) as container:
        failed = await invoked(container, rule(start_of("a")), seconds=60, request_id="r")
        place.proxy.seed(1, 0)
        again = await invoked(container, rule(start_of("a")), request_id="r")

    assert (failed.kind, failed.value["errorType"]) == ("error", "UndeliveredError")
    assert again == Answer("response", None)
    assert len(await place.sent()) == 1


async def test_native_events_and_nonsense_do_not_end_a_container(
    api: RuntimeApi, place: Place
) -> None:
    """Each is told of, and the next event is taken."""
    with api.container(HANDLER, place.env) as container:
        found = [
            await invoked(container, payload)
            for payload in (S3_NOTIFICATION, {"key1": "value1"}, b"null", b"[[[]]]", sqs("x"))
        ]
        answer = await invoked(container, sqs(start_of("a")))

    assert [each.kind for each in found] == ["response"] * 5
    assert answer == FINE
    assert len(await place.sent()) == 6


def _has_asked(place: Place, wanted: list[str]) -> bool:
    return place.asked_before() == wanted


async def test_a_function_that_is_killed_between_save_and_send_loses_nothing(
    api: RuntimeApi, place: Place
) -> None:
    """The redelivery finds the process, and sends what was decided."""
    with api.container(HANDLER, place.env) as container:
        await asyncio.to_thread(container.wait_until_ready)
        place.proxy.plan(Fault.lost_answer(), Fault.slow(30), only=is_of_store)
        place.proxy.forget()
        invoking = asyncio.create_task(invoked(container, sqs(start_of("a"))))
        # The answer to its save was lost, and it looks what became of that.
        looks = partial(_has_asked, place, ["PUT", "GET"])
        await asyncio.to_thread(wait_until, looks, container.log)
        container.kill()
        killed = await invoking
        before = await place.sent()
    with api.container(HANDLER, place.env) as container:
        again = await invoked(container, sqs(start_of("a")))

    assert (killed.kind, before) == ("killed", [])
    assert again == FINE
    assert len(await place.sent()) == 1


async def test_a_function_that_is_killed_after_sending_sends_the_same(
    api: RuntimeApi, place: Place
) -> None:
    """Under the same id, byte for byte: whoever hears it knows it again."""
    with api.container(HANDLER, place.env) as container:
        await invoked(container, sqs(start_of("a")))
    with api.container(HANDLER, place.env) as container:
        answer = await invoked(container, sqs(start_of("a")))

    first, second = await place.sent()
    assert answer == FINE
    assert first.to_json() == second.to_json()


async def test_before_its_time_is_over_a_function_says_what_must_come_again(
    api: RuntimeApi, place: Place
) -> None:
    """It is not killed, so that what was done is not done anew."""
    with api.container(HANDLER, place.env) as container:
        await invoked(container, sqs(start_of("a")))
        place.proxy.plan(Fault.slow(30), only=is_of_store)
        answer = await invoked(container, sqs(start_of("b")), seconds=2)
        again = await invoked(container, sqs(start_of("b")))

    assert answer == Answer("response", {"batchItemFailures": [{"itemIdentifier": "m0"}]})
    assert again == FINE


async def test_a_container_thaws(moto: str, api: RuntimeApi, place: Place) -> None:
    """Its connections were closed while it could not look."""
    async with FaultProxy(moto) as other:
        env = place.env | {
            "PARCELS_STORE": place.env["PARCELS_STORE"].replace(place.proxy.url, other.url)
        }
        with api.container(HANDLER, env) as container:
            await invoked(container, sqs(start_of("a")))
            thaw = asyncio.create_task(asyncio.to_thread(container.freeze, 2.0))
            await asyncio.sleep(0.5)
            for task in list(other._tasks):
                task.cancel()
            await thaw
            other.forget()
            answer = await invoked(container, sqs(sent_of("a")))

        assert answer == FINE, container.log()
        assert [request.method for request in other.requests] == ["PUT"]


async def test_what_is_missing_is_one_clear_line(api: RuntimeApi, place: Place) -> None:
    """The function does not start, and says why."""
    env = {name: value for name, value in place.env.items() if name != "PARCELS_STORE"}
    with api.container(HANDLER, env) as container:
        answer = await asyncio.to_thread(container.initialisation)

    assert answer.value["errorType"] == "ConfigurationError"
    assert answer.value["errorMessage"].startswith("PARCELS_STORE is not set")
    assert "ConfigurationError: PARCELS_STORE is not set" in container.log()


async def test_a_store_that_is_away_while_it_starts_heals(api: RuntimeApi, place: Place) -> None:
    """The first event finds it."""
    place.proxy.plan(Fault.answer(503), only=is_of_store)
    with api.container(HANDLER, place.env) as container:
        await asyncio.to_thread(container.wait_until_ready)
        answer = await invoked(container, sqs(start_of("a")))

    assert answer == FINE
