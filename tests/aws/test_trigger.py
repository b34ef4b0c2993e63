"""Reading what Lambda is invoked with: every shape, every form, and anything else at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.aws import shapes
from tests.aws.shapes import BATCHED, binary, event, message, notification, rule, sqs
from xorca.events import Event
from xorca.handlers.aws_lambda import Refused, read_trigger

PLACED = event()
TYPED = {**binary(), "content-type": "application/json"}
DATA = {"n": 1}

ONE_EVENT: dict[str, Any] = {
    "direct": PLACED,
    "direct, as text": json.dumps(PLACED),
    "direct, a batch": [PLACED],
    "rule": rule(PLACED),
    "rule, by a pipe": [message(PLACED)],
    "topic": shapes.sns(PLACED),
    "topic, a batch": shapes.sns([PLACED]),
    "topic, binary": shapes.sns(DATA, TYPED),
    "topic < rule": shapes.sns(rule(PLACED)),
    "queue": sqs(PLACED),
    "queue, a batch": sqs([PLACED]),
    "queue, binary": sqs(message(DATA, attributes=TYPED)),
    "queue, binary, Kafka's names": sqs(
        message(DATA, attributes={name.replace("-", "_"): value for name, value in TYPED.items()})
    ),
    "queue, structured, attributes for filters": sqs(
        message(PLACED, attributes={**binary("0"), **shapes.STRUCTURED})
    ),
    "queue, a batch, attributes for filters": sqs(
        message([PLACED], attributes={**binary("0"), **BATCHED})
    ),
    "queue < topic": sqs(notification(PLACED)),
    "queue < topic, a batch": sqs(notification([PLACED])),
    "queue < topic, binary": sqs(notification(DATA, TYPED)),
    "queue < topic, raw and binary": sqs(message(DATA, attributes=TYPED)),
    "queue < rule": sqs(rule(PLACED)),
    "queue < topic < rule": sqs(notification(rule(PLACED))),
    "function URL": shapes.function_url(PLACED),
    "function URL, base64": shapes.encoded(shapes.function_url(PLACED)),
    "function URL, a batch": shapes.function_url([PLACED], BATCHED),
    "function URL, binary": shapes.function_url(DATA, TYPED),
    "function URL, plain JSON": shapes.function_url(PLACED, {"content-type": "application/json"}),
    "REST API": shapes.rest_api(PLACED),
    "REST API, base64": shapes.encoded(shapes.rest_api(PLACED)),
    "REST API, a batch": shapes.rest_api([PLACED], BATCHED),
    "REST API, binary": shapes.rest_api(DATA, TYPED),
    "load balancer": shapes.balancer(PLACED),
    "load balancer, base64": shapes.encoded(shapes.balancer(PLACED)),
    "load balancer, a batch": shapes.balancer([PLACED], BATCHED),
    "load balancer, binary": shapes.balancer(DATA, TYPED),
    "load balancer, several": shapes.balancer(PLACED, several=True),
    "load balancer, several, binary": shapes.balancer(DATA, TYPED, several=True),
}


@pytest.mark.parametrize("payload", ONE_EVENT.values(), ids=ONE_EVENT)
def test_an_event_is_found_in_every_shape_and_form(payload: Any) -> None:
    """The same attributes and the same data, whatever is around them."""
    events, refused = read_trigger(payload)

    assert refused == []
    (found,) = events
    assert (found.id, found.source, found.type) == ("1", "/shop", "evt.order.placed")
    assert found.payload() == DATA


@pytest.mark.parametrize("payload", ONE_EVENT.values(), ids=ONE_EVENT)
def test_a_payload_is_not_changed(payload: Any) -> None:
    """Whoever gives it may use it again."""
    before = json.dumps(payload)

    read_trigger(payload)

    assert json.dumps(payload) == before


NO_EVENT: dict[str, tuple[Any, str, str]] = {
    "S3": (shapes.S3_NOTIFICATION, "Records[0]", "native"),
    "queue < S3": (sqs(shapes.S3_NOTIFICATION), "Records[0].body", "native"),
    "topic < S3": (shapes.sns(shapes.S3_NOTIFICATION), "Records[0].Sns.Message", "native"),
    "stream": (shapes.STREAM, "Records[0]", "native"),
    "destination": (shapes.DESTINATION, "", "native"),
    "Kafka": ({"eventSource": "aws:kafka", "records": {}}, "", "native"),
    "plain rule": (rule({"n": 1}), "detail", "native"),
    "queue < plain rule": (sqs(rule({"n": 1})), "Records[0].body.detail", "native"),
    "confirmation": (
        sqs({**notification("x"), "Type": "SubscriptionConfirmation"}),
        "Records[0].body",
        "native",
    ),
    "empty message": (sqs(""), "Records[0].body", "malformed"),
    "text": (sqs("hello"), "Records[0].body", "malformed"),
    "no body": ({"Records": [{**message("x"), "body": None}]}, "Records[0].body", "malformed"),
    "record": ({"Records": [7]}, "Records[0]", "malformed"),
    "no Sns": ({"Records": [{"EventSource": "aws:sns"}]}, "Records[0].Sns", "malformed"),
    "no Message": (
        {"Records": [{"Sns": {"TopicArn": "arn"}}]},
        "Records[0].Sns.Message",
        "malformed",
    ),
    "bad detail": (rule({"specversion": "1.0"}), "detail", "missing-attribute"),
    "bad member": (sqs([event(), 7]), "Records[0].body[1]", "malformed"),
    "binary, no id": (
        sqs(message("{}", attributes={"ce-specversion": "1.0"})),
        "Records[0].body",
        "missing-attribute",
    ),
    "binary, twice": (
        sqs(message("{}", attributes={**binary(), "CE_ID": "2"})),
        "Records[0].body",
        "duplicate-attribute",
    ),
    "binary, bad data": (
        sqs(message("{", attributes=binary())),
        "Records[0].body",
        "invalid-data",
    ),
    "form": (shapes.function_url("a=1", {"content-type": "text/plain"}), "body", "unsupported"),
    "compressed": (
        shapes.function_url(PLACED, {**shapes.STRUCTURED, "content-encoding": "gzip"}),
        "body",
        "unsupported",
    ),
    "not base64": (
        {**shapes.function_url("%%%"), "isBase64Encoded": True},
        "body",
        "malformed",
    ),
    "header twice": (
        {**shapes.balancer(PLACED, several=True), "multiValueHeaders": {"ce-id": ["1", "2"]}},
        "headers",
        "duplicate-attribute",
    ),
    "get": (shapes.function_url("", {}, method="GET"), "body", "unsupported"),
    "anything": ({"key1": "value1"}, "", "missing-attribute"),
    "number": (7, "", "malformed"),
    "nothing": (None, "", "malformed"),
    "false": (False, "", "malformed"),
}


@pytest.mark.parametrize(("payload", "place", "reason"), NO_EVENT.values(), ids=NO_EVENT)
def test_what_is_no_event_is_refused_with_its_place(payload: Any, place: str, reason: str) -> None:
    """One refusal a fault, none made up, and a sentence that helps."""
    _, refused = read_trigger(payload)

    (found,) = refused
    assert (found.place, found.reason) == (place, reason)
    assert len(found.text) > 20


@pytest.mark.parametrize("payload", [case[0] for case in NO_EVENT.values()], ids=NO_EVENT)
def test_no_event_is_made_up(payload: Any) -> None:
    """Only the sound member of a batch is an event."""
    events, _ = read_trigger(payload)

    assert [found.id for found in events] in ([], ["1"])
    assert len(events) == (1 if payload == NO_EVENT["bad member"][0] else 0)


def test_a_refusal_names_its_message() -> None:
    """So that exactly this message can be looked for."""
    _, refused = read_trigger(sqs(PLACED, "x"))

    assert [(each.place, each.message_id) for each in refused] == [("Records[1].body", "m1")]


def test_neighbours_of_a_bad_record_are_read() -> None:
    """One record costs no other."""
    events, refused = read_trigger(sqs(event("1"), "x", event("3"), 7, event("5")))

    assert [found.id for found in events] == ["1", "3", "5"]
    assert len(refused) == 2


@pytest.mark.parametrize("payload", [[], {"Records": []}, shapes.SCHEDULE, {"xorca": "sweep"}])
def test_where_nothing_is_sent_nothing_is_refused(payload: Any) -> None:
    """An empty batch, and what asks for a sweep."""
    assert read_trigger(payload) == ([], [])


@pytest.mark.parametrize(
    "payload",
    [rule(DATA), sqs(rule(DATA)), shapes.sns(rule(DATA)), sqs(notification(rule(DATA)))],
    ids=["rule", "queue", "topic", "queue < topic"],
)
def test_a_plain_event_of_eventbridge_is_taken_where_it_is_asked_for(payload: Any) -> None:
    """Its detail-type is the type and its detail the data; it has no subject."""
    ((found,), refused) = read_trigger(payload, plain_eventbridge=True)

    assert refused == []
    assert (found.id, found.source, found.type) == ("7bf73129", "/shop", "evt.order.placed")
    assert (found.time, found.subject) == ("2026-11-20T09:00:00Z", None)
    assert found.payload() == DATA


def test_a_plain_event_that_cannot_be_one_is_refused() -> None:
    """A source with a space is none."""
    events, (refused,) = read_trigger(rule({}, source="my shop"), plain_eventbridge=True)

    assert (events, refused.reason) == ([], "invalid-attribute")


@pytest.mark.parametrize("member", ["id", "source", "detail-type", "time"])
def test_a_plain_event_with_half_a_character_is_refused(member: str) -> None:
    """JSON can say it, and no text may hold it."""
    payload = rule(DATA) | {member: "\ud800"}

    events, (refused,) = read_trigger(payload, plain_eventbridge=True)

    assert (events, refused.reason) == ([], "malformed")


def test_numbers_in_a_queue_keep_their_digits() -> None:
    """A message is text, and its data stays as it was written."""
    body = '{"specversion":"1.0","id":"1","source":"/a","type":"t","data":{"n":1.10,"m":12345678901234567890123}}'

    ((alone,), _) = read_trigger(sqs(body))
    ((wrapped,), _) = read_trigger(sqs(json.dumps(rule({})).replace("{}", body)))

    assert alone.data == wrapped.data == b'{"n":1.10,"m":12345678901234567890123}'


def test_attributes_of_messages_are_taken_as_they_are() -> None:
    """No broker percent-encodes them: a subject with %2F keeps it."""
    headers = binary(subject='shop/1.0.0/a%2Fb "é"')

    ((found,), _) = read_trigger(sqs(message(DATA, attributes=headers)))

    assert found.subject == 'shop/1.0.0/a%2Fb "é"'


def test_headers_of_requests_are_percent_decoded() -> None:
    """As the HTTP binding asks."""
    ((found,), _) = read_trigger(shapes.function_url(DATA, binary(subject="a%20%C3%A9")))

    assert found.subject == "a é"


def test_half_a_character_in_a_query_stops_nobody() -> None:
    """JSON can hold it; the event beside it is read."""
    request = shapes.rest_api(event())
    request["queryStringParameters"] = {"q": "\ud800"}
    request["multiValueQueryStringParameters"] = None

    assert len(read_trigger(request)[0]) == 1


def test_a_group_of_a_standard_queue_does_not_change_reading() -> None:
    """Standard queues have message groups, too, for fairness."""
    fair = message(PLACED)
    fair["attributes"]["MessageGroupId"] = "tenant"

    assert len(read_trigger(sqs(fair))[0]) == 1


@pytest.mark.parametrize("form", [list, dict])
def test_json_of_any_depth_is_refused(form: type[Any]) -> None:
    """Nesting ends no reader."""
    value: Any = 1
    for _ in range(2_000):
        value = [value] if form is list else {"a": value}

    for payload in (value, event(data=value), rule(value), rule(event(data=value))):
        events, refused = read_trigger(payload)
        assert events == []
        assert len(refused) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        *("Records", "Sns", "Message", "MessageAttributes", "Type", "TopicArn", "body", "detail"),
        *("detail-type", "source", "id", "time", "specversion", "type", "messageId", "headers"),
        *("multiValueHeaders", "httpMethod", "requestContext", "http", "rawPath", "eventSource"),
        *("messageAttributes", "attributes", "isBase64Encoded", "cookies", "xorca", "data"),
        *("queryStringParameters", "ce-id", "stringValue", "Value"),
    ]
)
VALUES = st.sampled_from(
    ["aws:sqs", "aws:sns", "1.0", "Notification", "{}", "[]", '{"Message":1,"TopicArn":2}', "POST"]
)
NESTED = st.recursive(
    JSON | VALUES,
    lambda inner: st.dictionaries(KEYS, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=25,
)


@given(NESTED)
@settings(max_examples=60)
def test_any_json_at_all_is_read(payload: Any) -> None:
    """Whatever comes is events or refusals, and nothing is raised."""
    events, refused = read_trigger(payload, plain_eventbridge=True)

    assert all(isinstance(each, Event) for each in events)
    assert all(isinstance(each, Refused) and each.reason for each in refused)


@given(NESTED, st.sampled_from(sorted(ONE_EVENT)), st.data())
@settings(max_examples=60)
def test_a_shape_with_a_part_replaced_is_read(given: Any, name: str, data: st.DataObject) -> None:
    """A known shape in which one value is something else."""
    payload = json.loads(json.dumps(ONE_EVENT[name]))
    here = payload
    while isinstance(here, dict | list) and here:
        key = data.draw(
            st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here)))
        )
        if not isinstance(here[key], dict | list) or data.draw(st.booleans()):
            here[key] = given
            break
        here = here[key]

    events, refused = read_trigger(payload)

    assert all(isinstance(each, Event) for each in events)
    assert all(each.reason and each.text for each in refused)
