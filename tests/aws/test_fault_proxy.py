"""The proxy that the tests of cloud rooms rest on: what it forwards, counts and breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.emulators.aws_answers import s3_fault
from tests.emulators.proxy import Fault, FaultProxy
from xorca.errors import Unavailable
from xorca.providers.aws.clients import AwsClients
from xorca.providers.aws.faults import code_of
from xorca.providers.aws.retrying import once, patiently

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as found:
        yield found


@pytest.fixture
async def clients(proxy: FaultProxy) -> AsyncIterator[AwsClients]:
    found = AwsClients(endpoint=proxy.url)
    yield found
    await found.close()


async def test_requests_are_forwarded_and_counted(
    proxy: FaultProxy, clients: AwsClients, fresh_name: str
) -> None:
    """What goes through the proxy is there behind it, and each request was counted."""
    s3 = await clients.client("s3")

    await s3.create_bucket(
        Bucket=fresh_name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    await s3.put_object(Bucket=fresh_name, Key="a/b", Body=bytes(range(256)) * 400)
    answer = await s3.get_object(Bucket=fresh_name, Key="a/b")

    assert await answer["Body"].read() == bytes(range(256)) * 400
    assert [request.operation for request in proxy.requests] == ["PUT", "PUT", "GET"]


async def test_lost_answer_was_forwarded_once(
    proxy: FaultProxy, clients: AwsClients, fresh_name: str
) -> None:
    """A write whose answer is lost took place, once, and nobody repeated it."""
    s3 = await clients.client("s3")
    proxy.plan(Fault.lost_answer())

    with pytest.raises(Unavailable):
        await once("it", lambda: _create(s3, fresh_name))

    assert proxy.count("PUT") == 1
    assert fresh_name in [found["Name"] for found in (await s3.list_buckets())["Buckets"]]


async def test_lost_request_was_not_forwarded(
    proxy: FaultProxy, clients: AwsClients, fresh_name: str
) -> None:
    """A write that is lost on its way did not take place."""
    s3 = await clients.client("s3")
    proxy.plan(Fault.lost_request())

    with pytest.raises(Unavailable):
        await once("it", lambda: _create(s3, fresh_name))

    assert fresh_name not in [found["Name"] for found in (await s3.list_buckets())["Buckets"]]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.answer(500),
        Fault.answer(200, b"<html>hello"),
        Fault.half_answer(),
        Fault.lost_answer(),
        s3_fault(503, "SlowDown"),
        s3_fault(200, "InternalError"),
    ],
)
async def test_reads_are_repeated(proxy: FaultProxy, clients: AwsClients, fault: Fault) -> None:
    """A read that meets a passing fault is asked for again, and answered."""
    s3 = await clients.client("s3")
    proxy.plan(fault)

    answer = await patiently("it", s3.list_buckets)

    assert "Buckets" in answer
    assert proxy.count() == 2


async def test_planned_answer_is_given(proxy: FaultProxy, clients: AwsClients) -> None:
    """An answer that was planned for some requests is given to those alone."""
    s3 = await clients.client("s3")
    proxy.plan(s3_fault(412, "PreconditionFailed"), only=lambda found: found.method == "PUT")

    await s3.list_buckets()
    with pytest.raises(s3.exceptions.ClientError) as caught:
        await _create(s3, "never")

    assert code_of(caught.value) == "PreconditionFailed"
    assert [fault.status for fault in proxy.faults] == [412]


async def test_seeded_faults_repeat(moto: str) -> None:
    """The same seed breaks the same requests."""
    told = [await _struck(moto) for _ in range(2)]

    assert told[0] == told[1]
    assert 0 < len(told[0]) < 20


async def test_a_request_meets_no_third_fault_in_a_row(moto: str) -> None:
    """Who asks three times gets an answer, unless every request is to fail."""
    often, always = await _struck(moto, 0.99), await _struck(moto, 1.0)

    assert [number for number in range(20) if number not in often] == [2, 5, 8, 11, 14, 17]
    assert len(always) == 20


async def _struck(upstream: str, rate: float = 0.3) -> list[int]:
    async with FaultProxy(upstream) as proxy:
        proxy.seed(7, rate, s3_fault(503, "SlowDown"))
        clients = AwsClients(endpoint=proxy.url)
        s3 = await clients.client("s3")
        struck = []
        for number in range(20):
            try:
                await s3.list_buckets()
            except s3.exceptions.ClientError:
                struck.append(number)
        await clients.close()
    return struck


async def _create(s3: object, name: str) -> object:
    place = {"LocationConstraint": "eu-central-1"}
    return await s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)  # type: ignore[attr-defined]
