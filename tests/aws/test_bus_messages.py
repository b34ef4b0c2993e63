"""What stands on the wire: bodies, attributes for filters, FIFO ids, and sizes as AWS counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.places import event_bus, queue, topic, unwrapped
from xorca.errors import ConfigurationError, PublishFailed
from xorca.events import Event, read_event
from xorca.handlers.aws_lambda import read_trigger
from xorca.handlers.trigger import is_binary
from xorca.providers.aws import EventBridgeBus, SnsBus, SqsBus
from xorca.providers.aws.batch_bus import BatchBus

TOPIC = "arn:aws:sns:eu-central-1:123456789012:orders"
BUSES: list[Callable[[], BatchBus]] = [
    lambda: SqsBus("orders", limit=1000),
    lambda: SnsBus(TOPIC, limit=1000),
    lambda: EventBridgeBus("orders", limit=1000),
]


def event(
    subject: str | None = "sale/1.0.0/seven", *, data: bytes | None = b"{}", **more: Any
) -> Event:
    named: dict[str, Any] = {"id": "e-1", "source": "/srvc/sale", "type": "cmd.stock.reserve"}
    return Event(**{**named, **more}, subject=subject, data=data)


def request_of(bus: BatchBus, sent: Event) -> dict[str, Any]:
    return dict(bus.entry_of(sent).request)


async def test_queue_gets_the_event_as_it_is(moto: str, fresh_name: str) -> None:
    """The body is the structured event byte for byte; filters find its parts as attributes."""
    place = await queue(moto, fresh_name)
    sent = event(data=b'{"text":"\xc3\xa9"}')

    await SqsBus(fresh_name, clients=place.clients).publish([sent])

    (message,) = await place.messages()
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert message["Body"].encode() == sent.to_json()
    assert attributes == {
        "content-type": "application/cloudevents+json",
        "type": sent.type,
        "source": sent.source,
        "subject": sent.subject,
    }
    assert not is_binary(attributes)
    await place.clients.close()


async def test_topic_filters_by_attribute(moto: str, fresh_name: str) -> None:
    """A subscription that wants one type by its attributes gets that type alone."""
    arn, place = await topic(moto, fresh_name)
    sns = await place.clients.client("sns")
    ((subscription,),) = [
        page["Subscriptions"]
        async for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    ]
    await sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"],
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"type": ["cmd.stock.release"]}),
    )

    bus = SnsBus(arn, clients=place.clients)
    await bus.publish([event(), event(id="e-2", type="cmd.stock.release")])

    assert [found.id for found in await place.events()] == ["e-2"]
    await place.clients.close()


async def test_rule_sees_source_type_and_detail(moto: str, fresh_name: str) -> None:
    """Rules match the event's source, its type, and inside Detail the event itself."""
    place = await event_bus(moto, fresh_name)
    sent = event(time="2026-01-02T03:04:05Z", data=b'{"n":1}')

    await EventBridgeBus(fresh_name, clients=place.clients).publish([sent])

    (message,) = await place.messages()
    body = json.loads(message["Body"])
    assert (body["source"], body["detail-type"]) == (sent.source, sent.type)
    assert body["detail"]["subject"] == sent.subject
    assert unwrapped(message["Body"]).to_json() == sent.to_json()
    await place.clients.close()


async def test_fifo_queue_drops_a_repeat_and_no_stranger(moto: str, fresh_name: str) -> None:
    """The same event arrives once; another source's event of the same id is another event."""
    name = f"{fresh_name}.fifo"
    place = await queue(moto, name)
    bus = SqsBus(name, clients=place.clients)

    await bus.publish([event()])
    await bus.publish([event(), event(source="/srvc/other")])

    assert [found.source for found in await place.events()] == ["/srvc/sale", "/srvc/other"]
    await place.clients.close()


@pytest.mark.parametrize("subject", ["sale/1.0.0/seven", "a b", "ü", "x" * 129, "", None])
def test_group_of_a_fifo_is_of_characters_that_are_taken(subject: str | None) -> None:
    """Whatever the subject is, the group has 1 to 128 printable ASCII characters."""
    for bus in (SqsBus("orders.fifo"), SnsBus(f"{TOPIC}.fifo")):
        made = request_of(bus, event(subject))

        for name in ("MessageGroupId", "MessageDeduplicationId"):
            assert 1 <= len(made[name]) <= 128
            assert made[name].isascii()
            assert made[name].isprintable()
            assert " " not in made[name]


def test_groups_are_one_a_subject() -> None:
    """Subjects that differ have groups that differ, those of one are the same."""
    bus = SqsBus("orders.fifo")
    groups = [request_of(bus, event(each))["MessageGroupId"] for each in ("a", "a b", "a c", "a b")]

    assert groups[0] == "a"
    assert len(set(groups)) == 3


@pytest.mark.parametrize("text", ["\uffff", "\ufffe", "\x01", "\U0001f40b"])
def test_text_that_sqs_refuses_is_escaped(text: str) -> None:
    """Characters that no message may hold are written as JSON escapes, and mean the same."""
    sent = event(data=json.dumps({"t": text}, ensure_ascii=False).encode())

    body = request_of(SqsBus("orders"), sent)["MessageBody"]

    assert not {"\uffff", "\ufffe", "\x01"} & set(body)
    assert read_event(body).payload() == {"t": text}


def test_attribute_that_sqs_refuses_is_left_out() -> None:
    """A subject that no attribute may hold is no attribute, and costs the message nothing."""
    made = request_of(SqsBus("orders"), event("a\uffffb"))

    assert "subject" not in made["MessageAttributes"]
    assert "type" in made["MessageAttributes"]


@pytest.mark.parametrize("make", BUSES)
def test_size_is_counted_to_the_byte(make: Callable[[], BatchBus]) -> None:
    """An event of exactly the limit is taken, one of a byte more is told as too large."""
    bus = make()
    size = bus.entry_of(event(data=b'""')).size
    fits = event(data=b'"' + b"x" * (1000 - size) + b'"')

    assert bus.entry_of(fits).size == 1000
    with pytest.raises(Exception, match=r"has 1001 bytes .* takes 1000; keep large data elsewhere"):
        bus.entry_of(event(data=b'"' + b"x" * (1001 - size) + b'"'))


def test_entry_is_counted_as_eventbridge_does() -> None:
    """14 for the time, and the bytes of source, type and detail."""
    sent = event(time="2026-01-02T03:04:05Z", source="/ü")

    entry = EventBridgeBus().entry_of(sent)

    assert entry.size == 14 + len("/ü".encode()) + len(sent.type) + len(sent.to_json())


async def test_too_large_event_is_named_with_its_cure(moto: str, fresh_name: str) -> None:
    """It is told by its id, size, limit and cure; smaller ones of other subjects are taken."""
    place = await queue(moto, fresh_name)
    bus = SqsBus(fresh_name, clients=place.clients, limit=5000)
    large = event("b", data=b'"' + b"x" * 6000 + b'"', id="large")

    with pytest.raises(PublishFailed, match=r"'large' .* takes 5000; keep large data") as caught:
        await bus.publish([event("a"), large, event("c", id="e-3")])

    assert caught.value.failed == ("large",)
    assert [found.id for found in await place.events()] == ["e-1", "e-3"]
    await place.clients.close()


def test_type_that_is_too_long_for_eventbridge_is_told() -> None:
    """DetailType has 128 characters at most."""
    with pytest.raises(Exception, match="129 characters and EventBridge takes 128"):
        EventBridgeBus().entry_of(event(type="t" * 129))


@pytest.mark.parametrize("queue", ["", "no such name", "a/b", "q" * 81, "arn:aws:sqs:x:1:q"])
def test_what_is_no_queue_is_refused(queue: str) -> None:
    """A queue is a name, an ARN or a URL."""
    with pytest.raises(ConfigurationError, match="is no queue: write its name"):
        SqsBus(queue)


def test_what_is_no_topic_is_refused() -> None:
    """A topic is named by its ARN."""
    with pytest.raises(ConfigurationError, match="write its ARN"):
        SnsBus("orders")


@pytest.mark.parametrize("form", ["name", "arn", "url"])
async def test_queue_by_name_arn_and_url(moto: str, fresh_name: str, form: str) -> None:
    """Each way to name a queue leads to it."""
    place = await queue(moto, fresh_name)
    named = {"name": place.name, "arn": place.arn, "url": place.url}[form]

    await SqsBus(named, clients=place.clients).publish([event()])

    assert len(await place.messages()) == 1
    await place.clients.close()


def test_lambda_reads_what_the_buses_send() -> None:
    """A message of the queue, and an event of a rule, are the same event in the function."""
    sent = event(data=b'{"t":"\xef\xbf\xbf"}')
    message, entry = request_of(SqsBus("q"), sent), request_of(EventBridgeBus(), sent)
    attributes = {
        name: {"dataType": "String", "stringValue": each["StringValue"]}
        for name, each in message["MessageAttributes"].items()
    }
    record = {"messageId": "m", "eventSource": "aws:sqs", "messageAttributes": attributes}
    of_queue = {"Records": [{**record, "body": message["MessageBody"]}]}
    detail = json.loads(entry["Detail"])
    of_rule = {"detail-type": entry["DetailType"], "source": entry["Source"], "detail": detail}

    for payload in (of_queue, {"version": "0", "id": "i", "account": "1", **of_rule}):
        events, refused = read_trigger(payload)

        assert refused == []
        assert [(each.key, each.payload()) for each in events] == [(sent.key, sent.payload())]
