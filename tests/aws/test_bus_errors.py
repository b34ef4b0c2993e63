"""What the buses of AWS say when something is wrong: one sentence with the cure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.aws.places import clients_of
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy, Request
from xorca.errors import PublishFailed
from xorca.events import Event
from xorca.providers.aws import EventBridgeBus, SnsBus, SqsBus
from xorca.providers.aws.batch_bus import BatchBus

TOPIC = "arn:aws:sns:eu-central-1:123456789012:orders"
URL = "http://127.0.0.1/123456789012/orders"


def events(count: int) -> list[Event]:
    return [Event(id=f"e-{n}", source="/s", type="cmd.t.x", subject=str(n)) for n in range(count)]


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as proxy:
        yield proxy


async def told(bus: BatchBus, count: int = 1) -> PublishFailed:
    """Publish in vain and give the error."""
    async with bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish(events(count))
    return caught.value


def options(proxy: FaultProxy) -> dict[str, Any]:
    keys = {"access_key_id": "testing", "secret_access_key": "testing"}
    return {"endpoint": proxy.url, "region": "eu-central-1", **keys}


def sns_error(status: int, code: str) -> Fault:
    """Give an error as SNS writes it, which speaks XML."""
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"
    ).encode()
    return Fault.answer(status, body, {"content-type": "text/xml"})


PAGES = {"a page": b"<html>welcome</html>", "nothing": b"", "JSON": b"{}"}


MAKERS: dict[str, Callable[[dict[str, Any]], BatchBus]] = {
    "sqs": lambda more: SqsBus("orders", **more),
    "sns": lambda more: SnsBus(TOPIC, **more),
    "eventbridge": lambda more: EventBridgeBus("orders", **more),
}


@pytest.mark.parametrize("service", MAKERS)
async def test_missing_place_is_named(service: str, moto: str, fresh_name: str) -> None:
    """A queue, topic or bus that is not there is told by its name, with what to look at."""
    clients = clients_of(moto)
    bus = {
        "sqs": lambda: SqsBus(fresh_name, clients=clients),
        "sns": lambda: SnsBus(TOPIC.replace("orders", fresh_name), clients=clients),
        "eventbridge": lambda: EventBridgeBus(fresh_name, clients=clients),
    }[service]()

    error = await told(bus, 2)

    assert f"'{fresh_name}' does not exist where it was looked for; create it" in str(error)
    assert set(error.failed) == {"e-0", "e-1"}
    await clients.close()


@pytest.mark.parametrize("service", MAKERS)
async def test_denied_access_names_what_to_allow(service: str, proxy: FaultProxy) -> None:
    """Access that is denied is asked for once, and the error names the place and the action."""
    denied = json_fault(403, "AccessDeniedException")
    fault = sns_error(403, "AuthorizationError") if service == "sns" else denied
    proxy.seed(1, 1.0, fault)

    error = await told(MAKERS[service](options(proxy)))

    assert "'orders' cannot be used: access is denied; allow " in str(error)
    assert proxy.count() <= 2


@pytest.mark.parametrize("service", MAKERS)
async def test_lasting_throttling_fails_after_some_attempts(
    service: str, proxy: FaultProxy
) -> None:
    """Throttling is met with a few more attempts, then every event is told."""
    throttled = json_fault(400, "ThrottlingException")
    fault = sns_error(400, "Throttling") if service == "sns" else throttled
    proxy.seed(1, 1.0, fault)

    error = await told(MAKERS[service](options(proxy)), 3)

    assert len(error.failed) == 3
    assert 2 < proxy.count() <= 20


# -- partial failures, in the shape of each service -----------------------------------


def sqs_answer(request: Request, bad: set[str]) -> bytes:
    ids = [entry["Id"] for entry in json.loads(request.body)["Entries"]]
    taken = [
        {"Id": id, "MessageId": id, "MD5OfMessageBody": "0" * 32} for id in ids if id not in bad
    ]
    failed = [
        {"Id": id, "Code": "InternalError", "Message": "later", "SenderFault": False}
        for id in ids
        if id in bad
    ]
    return json.dumps({"Successful": taken, "Failed": failed}).encode()


def sns_answer(ids: list[str], bad: set[str]) -> bytes:
    taken = "".join(
        f"<member><Id>{id}</Id><MessageId>m</MessageId></member>" for id in ids if id not in bad
    )
    failed = "".join(
        f"<member><Id>{id}</Id><Code>InternalError</Code><Message>later</Message>"
        "<SenderFault>false</SenderFault></member>"
        for id in ids
        if id in bad
    )
    return (
        '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>'
        f"<Successful>{taken}</Successful><Failed>{failed}</Failed>"
        "</PublishBatchResult></PublishBatchResponse>"
    ).encode()


def eventbridge_answer(count: int, bad: set[int], code: str = "InternalFailure") -> bytes:
    entries = [
        {"ErrorCode": code, "ErrorMessage": "later"} if place in bad else {"EventId": "x"}
        for place in range(count)
    ]
    return json.dumps({"FailedEntryCount": len(bad), "Entries": entries}).encode()


JSON = {"content-type": "application/x-amz-json-1.1"}
XML = {"content-type": "text/xml"}


async def test_sqs_entries_that_failed_go_again(proxy: FaultProxy) -> None:
    """SQS puts off entries 2 and 7: those alone are sent again, under the same ids."""
    made = json.dumps({"Entries": [{"Id": str(n)} for n in range(10)]}).encode()
    first = sqs_answer(Request("POST", "/", {}, made), {"2", "7"})
    again = sqs_answer(Request("POST", "/", {}, b'{"Entries":[{"Id":"0"}]}'), set())
    proxy.plan(*(Fault.answer(200, body, JSON) for body in (first, again, again)))

    async with SqsBus(URL, **options(proxy)) as bus:
        await bus.publish(events(10))

    bodies = [json.loads(each.body)["Entries"] for each in proxy.requests]
    assert [[json.loads(e["MessageBody"])["id"] for e in body] for body in bodies[1:]] == [
        ["e-2"],
        ["e-7"],
    ]


async def test_sns_entries_that_failed_go_again(proxy: FaultProxy) -> None:
    """SNS puts off entries 2 and 7: those alone are sent again."""
    first = sns_answer([str(n) for n in range(10)], {"2", "7"})
    again = sns_answer(["0"], set())
    proxy.plan(*(Fault.answer(200, body, XML) for body in (first, again, again)))

    async with SnsBus(TOPIC, **options(proxy)) as bus:
        await bus.publish(events(10))

    sent = [dict(parse_qsl(each.body.decode())) for each in proxy.requests]
    name = "PublishBatchRequestEntries.member.1.Message"
    assert [json.loads(each[name])["id"] for each in sent[1:]] == ["e-2", "e-7"]
    assert "PublishBatchRequestEntries.member.2.Message" not in sent[1]


async def test_eventbridge_entries_that_failed_go_again(proxy: FaultProxy) -> None:
    """EventBridge puts off entries 2 and 7: those alone are sent again."""
    answers = (eventbridge_answer(10, {2, 7}), eventbridge_answer(1, set()))
    proxy.plan(*(Fault.answer(200, body, JSON) for body in (*answers, answers[1])))

    async with EventBridgeBus(**options(proxy)) as bus:
        await bus.publish(events(10))

    bodies = [json.loads(each.body)["Entries"] for each in proxy.requests]
    assert [[json.loads(e["Detail"])["id"] for e in body] for body in bodies[1:]] == [
        ["e-2"],
        ["e-7"],
    ]


async def test_eventbridge_refusal_of_one_entry_says_the_cure(proxy: FaultProxy) -> None:
    """An entry that is refused for good is not sent again, and the cure is told."""
    proxy.plan(Fault.answer(200, eventbridge_answer(3, {1}, "MalformedDetail"), JSON))

    error = await told(EventBridgeBus(**options(proxy)), 3)

    assert error.failed == ("e-1",)
    assert "send integers beyond 64 bits as text" in str(error)
    assert proxy.count() == 1


async def test_entry_that_is_not_confirmed_is_sent_again(proxy: FaultProxy) -> None:
    """An answer of 200 that is short of an entry leaves that one to be sent again."""
    short = Fault.answer(200, eventbridge_answer(1, set()), JSON)
    proxy.plan(short, short)

    async with EventBridgeBus(**options(proxy)) as bus:
        await bus.publish(events(2))

    bodies = [json.loads(each.body)["Entries"] for each in proxy.requests]
    assert [len(body) for body in bodies] == [2, 1]
    assert json.loads(bodies[1][0]["Detail"])["id"] == "e-1"


async def test_entry_that_is_never_confirmed_has_failed(proxy: FaultProxy) -> None:
    """A service that answers 200 and says nothing has taken nothing."""
    proxy.seed(1, 1.0, Fault.answer(200, b"{}", JSON))

    error = await told(EventBridgeBus(**options(proxy)))

    assert error.failed == ("e-0",)


async def test_message_that_sqs_does_not_name_has_failed(proxy: FaultProxy) -> None:
    """The same of SQS: neither among the taken nor the failed is not taken."""
    proxy.seed(1, 1.0, Fault.answer(200, b"{}", JSON))

    error = await told(SqsBus(URL, **options(proxy)))

    assert error.failed == ("e-0",)


async def test_bus_that_cannot_be_looked_up_is_trusted(proxy: FaultProxy) -> None:
    """Where DescribeEventBus is denied, events are sent all the same; it is asked once."""
    proxy.plan(json_fault(400, "AccessDeniedException"))
    proxy.plan(*[Fault.answer(200, eventbridge_answer(1, set()), JSON)] * 2)

    async with EventBridgeBus("orders", **options(proxy)) as bus:
        await bus.publish(events(1))
        await bus.publish(events(1))

    assert [each.operation for each in proxy.requests] == [
        "DescribeEventBus",
        "PutEvents",
        "PutEvents",
    ]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
async def test_an_endpoint_that_is_no_aws(
    make: Callable[[dict[str, Any]], BatchBus], page: bytes, proxy: FaultProxy
) -> None:
    """Whatever it answers, nothing is taken for sent, and the endpoint is named as the cause."""
    proxy.seed(1, 1.0, Fault.answer(200, page, {"content-type": "text/html"}))

    failure = await told(make(options(proxy)))

    assert failure.failed == ("e-0",)
    assert "answered what AWS never says; try again, and look at the endpoint" in str(failure)
