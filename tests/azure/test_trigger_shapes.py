"""Every form in which Azure carries an event is read, and nothing else is made one."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest
from azure.functions.meta import Datum
from hypothesis import given, settings, strategies as st

from xorca.events import Event
from xorca.handlers.azure_functions import read_trigger

EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/tests",
    "type": "evt.a.b",
    "subject": "x/1.0.0/y",
    "time": "2030-01-01T00:00:00Z",
    "causationid": "c-1",
    "data": {"name": "größe", "count": 3, "share": 0.25},
}
NATIVE = {
    "id": "n-1",
    "topic": "/subscriptions/s/resourceGroups/my group/providers/p",
    "subject": "/blobServices/default",
    "eventType": "Microsoft.Storage.BlobCreated",
    "eventTime": "2030-01-01T00:00:00.1234567Z",
    "data": {"api": "PutBlob"},
    "dataVersion": "2.0",
    "metadataVersion": "1",
}
BINARY = {
    "specversion": "1.0",
    "id": "1",
    "source": "/tests",
    "type": "evt.a.b",
    "subject": "x/1.0.0/y",
    "time": "2030-01-01T00:00:00Z",
    "causationid": "c-1",
}
DATA = json.dumps(EVENT["data"], ensure_ascii=False).encode()


def decoded(kind: str, data: Datum, **metadata: Any) -> Any:
    """Give what the worker makes of a trigger."""
    about = {name: Datum(json.dumps(value), "json") for name, value in metadata.items()}
    return func.get_binding_registry().get(kind).decode(data, trigger_metadata=about)


def cloud_event(members: Any) -> Any:
    return decoded("eventGridTrigger", Datum(json.dumps(members), "json"))


def message(body: bytes, **about: Any) -> Any:
    metadata = {"UserProperties": {}, "MessageId": "m-1", **about}
    return decoded("serviceBusTrigger", Datum(body, "bytes"), **metadata)


def request(body: bytes, **headers: str) -> func.HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpRequest("POST", "https://a.example/api/events", headers=named, body=body)


def custom(name: str, value: Any, **metadata: Any) -> dict[str, Any]:
    return {"Data": {name: value}, "Metadata": metadata}


def only(payload: Any) -> Event:
    """Read a payload that is one event."""
    events, refused = read_trigger(payload)
    assert refused == []
    (event,) = events
    return event


def same(event: Event) -> bool:
    """Tell whether an event says what EVENT says."""
    attributes = (event.id, event.source, event.type, event.subject, event.time)
    return (
        attributes == ("1", "/tests", "evt.a.b", "x/1.0.0/y", "2030-01-01T00:00:00Z")
        and event.extensions == {"causationid": "c-1"}
        and event.payload() == EVENT["data"]
    )


TEXT = json.dumps(EVENT)
NAIVE = datetime(2030, 1, 1)  # noqa: DTZ001 - as the binding gives it
STRUCTURED = "application/cloudevents+json"
AMQP = {f"cloudEvents:{name}": value for name, value in BINARY.items()}
UNDERLINED = {f"cloudEvents_{name}": value for name, value in BINARY.items()}
CE = {f"ce_{name}": value for name, value in BINARY.items()}

SHAPES = {
    "event grid binding": cloud_event(EVENT),
    "service bus, structured": message(TEXT.encode(), ContentType=STRUCTURED),
    "service bus, no content type": message(TEXT.encode()),
    "service bus, plain JSON": message(TEXT.encode(), ContentType="application/json"),
    "service bus, with a byte order mark": message(b"\xef\xbb\xbf" + TEXT.encode()),
    "service bus, binary": message(
        DATA, ContentType="application/json", ApplicationProperties=AMQP
    ),
    "service bus, binary, underlined": message(DATA, ApplicationProperties=UNDERLINED),
    "service bus, properties repeat the body": message(
        TEXT.encode(), ContentType=STRUCTURED, ApplicationProperties=AMQP
    ),
    "service bus, list": [message(TEXT.encode())],
    "queue": func.QueueMessage(id="q", body=TEXT),
    "queue, base64": func.QueueMessage(id="q", body=base64.b64encode(TEXT.encode())),
    "queue, JSON string": func.QueueMessage(id="q", body=json.dumps(TEXT)),
    "event hub": func.EventHubEvent(body=TEXT.encode()),
    "event hub, binary": func.EventHubEvent(
        body=DATA, trigger_metadata={"Properties": Datum(json.dumps(AMQP), "json")}
    ),
    "http, structured": request(TEXT.encode(), content_type=STRUCTURED),
    "http, batch": request(f"[{TEXT}]".encode(), content_type="application/cloudevents-batch+json"),
    "http, binary": request(DATA, content_type="application/json", **CE),
    "http, plain JSON": request(TEXT.encode(), content_type="application/json"),
    "webhook, parsed": EVENT,
    "webhook, batch, parsed": [EVENT],
    "webhook, bytes": f"[{TEXT}]".encode(),
    "webhook, text": TEXT,
    "custom handler, event grid": custom("event", EVENT),
    "custom handler, message": custom("message", TEXT, ContentType=STRUCTURED),
    "custom handler, wrapped": custom("message", json.dumps(TEXT)),
    "custom handler, base64": custom("message", base64.b64encode(TEXT.encode()).decode()),
    "custom handler, messages": custom("messages", [TEXT], ContentTypeArray=[STRUCTURED]),
    "custom handler, messages as text": custom(
        "messages", json.dumps([EVENT]), MessageIdArray=["m"]
    ),
    "custom handler, binary": custom(
        "message",
        DATA.decode(),
        ContentType="application/json",
        ApplicationProperties=json.dumps(AMQP),
    ),
    "custom handler, http": custom(
        "req",
        {"Method": "POST", "Headers": {"Content-Type": [STRUCTURED]}, "Body": TEXT, "Query": "{}"},
    ),
    "custom handler, posted": json.dumps(custom("event", EVENT)).encode(),
}


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_lost_on_the_way(name: str) -> None:
    """Attributes, extensions and data arrive as they were sent."""
    assert same(only(SHAPES[name]))


@pytest.mark.parametrize("metadata", ["text", ["a", "list"], 7])
def test_metadata_of_another_shape_stops_nobody(metadata: object) -> None:
    """What is no mapping says nothing of the message; the body is read."""

    class Message:
        def __init__(self) -> None:
            self.metadata = metadata

        def get_body(self) -> bytes:
            return TEXT.encode()

    assert same(only(Message()))


# -- what is lost before it comes here ------------------------------------------------------


def test_a_time_keeps_its_moment() -> None:
    """Digits after the microsecond are dropped by the binding; the event is the same moment."""
    event = only(cloud_event({**EVENT, "time": "2030-01-01T00:00:00.1234567Z"}))

    assert event.timestamp() == datetime(2030, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)


def test_a_time_without_offset_says_nothing() -> None:
    """Where a binding dropped the offset of a time, the moment is not guessed at."""
    given = func.CloudEvent(id="1", source="/s", type="t", specversion="1.0", data=1, time=NAIVE)

    assert only(given).time is None


def test_a_binding_that_dropped_the_type_is_refused_with_the_cure() -> None:
    """An older azure-functions makes an empty event of a CloudEvent; it is not guessed at."""
    emptied = func.EventGridEvent(
        id="1",
        topic=None,  # type: ignore[arg-type]
        subject="x",
        event_type=None,  # type: ignore[arg-type]
        event_time=None,
        data={},
        data_version=None,  # type: ignore[arg-type]
    )

    events, (refused,) = read_trigger(emptied)

    assert events == []
    assert "azure-functions 1.25" in refused.text


# -- data that is no JSON -------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "image/png"])
def test_data_in_base64_are_bytes(content_type: str | None) -> None:
    """Where nobody says what the bytes are they are not taken for JSON."""
    members = {name: value for name, value in EVENT.items() if name != "data"}
    members["data_base64"] = base64.b64encode(b"\x00\xff").decode()
    if content_type is not None:
        members["datacontenttype"] = content_type

    for payload in (members, cloud_event(members), message(json.dumps(members).encode())):
        event = only(payload)
        assert (event.data, event.is_json) == (b"\x00\xff", False)


def test_data_in_base64_that_claim_to_be_json_must_be() -> None:
    """A wrong content type is not mended."""
    members = {**EVENT, "data_base64": "AP8=", "datacontenttype": "application/json"}
    del members["data"]

    events, (refused,) = read_trigger(members)

    assert (events, refused.reason) == ([], "invalid-data")


# -- sources as Azure writes them -----------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/resourceGroups/größe", "/resourceGroups/gr%C3%B6%C3%9Fe"),
        ("/resourceGroups/my group (2)", "/resourceGroups/my%20group%20(2)"),
        ("/subscriptions/{id}", "/subscriptions/%7Bid%7D"),
        ("/subscriptions/<id>/50%", "/subscriptions/%3Cid%3E/50%25"),
    ],
)
def test_a_resource_id_becomes_a_uri(written: str, read: str) -> None:
    """What no URI may hold is percent-encoded, on every road alike."""
    structured = {**EVENT, "source": written}
    binary = {**AMQP, "cloudEvents:source": written}

    sources = {
        only(payload).source
        for payload in (
            structured,
            [structured],
            cloud_event(structured),
            message(json.dumps(structured).encode()),
            message(DATA, ApplicationProperties=binary),
            request(json.dumps(structured).encode(), content_type=STRUCTURED),
        )
    }

    assert sources == {read}


def test_mending_a_source_changes_nothing_else() -> None:
    """Numbers and texts of the data stay as they were written."""
    text = b'{"specversion":"1.0","id":"1","source":"/a b","type":"t","data":[1.50,1e2,"\\u00e9"]}'

    assert only(text).data == b'[1.50,1e2,"\\u00e9"]'


def test_mending_a_source_hides_no_other_fault() -> None:
    """An attribute that comes twice is refused, whatever the source is."""
    text = b'{"specversion":"1.0","id":"1","id":"2","source":"/a b","type":"t"}'

    events, (refused,) = read_trigger(text)

    assert (events, refused.reason) == ([], "duplicate-attribute")


# -- the Event Grid schema --------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        NATIVE,
        [NATIVE],
        cloud_event(NATIVE),
        message(json.dumps(NATIVE).encode()),
        func.QueueMessage(id="q", body=base64.b64encode(json.dumps(NATIVE).encode())),
        request(json.dumps([NATIVE]).encode(), content_type="application/json"),
        custom("event", NATIVE),
    ],
    ids=["object", "list", "binding", "service bus", "queue", "webhook", "custom handler"],
)
def test_an_event_of_the_event_grid_schema_is_mapped(payload: Any) -> None:
    """Its topic is the source, its event type the type; and it can be left out."""
    event = only(payload)

    assert event.source == "/subscriptions/s/resourceGroups/my%20group/providers/p"
    assert (event.id, event.type) == ("n-1", "Microsoft.Storage.BlobCreated")
    assert (event.subject, event.payload()) == ("/blobServices/default", {"api": "PutBlob"})
    assert event.extensions == {"dataversion": "2.0"}
    assert event.timestamp() == datetime(2030, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    events, (refused,) = read_trigger(payload, event_grid_schema=False)
    assert (events, refused.reason) == ([], "native")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"subject": ""}, "invalid-attribute"),
        ({"topic": ""}, "missing-attribute"),
        ({"topic": None}, "missing-attribute"),
        ({"topic": 7}, "invalid-attribute"),
        ({"eventType": ""}, "invalid-attribute"),
        ({"eventTime": "yesterday"}, "invalid-attribute"),
        ({"id": 5}, "invalid-attribute"),
    ],
)
def test_an_event_of_the_event_grid_schema_must_be_whole(change: Any, reason: str) -> None:
    """Nothing that it does not say is made up."""
    events, (refused,) = read_trigger([{**NATIVE, **change}])

    assert (events, refused.reason, refused.place) == ([], reason, "[0]")


# -- what is no event -------------------------------------------------------------------------


def test_a_bad_member_costs_no_good_one() -> None:
    """Each part that is no event is named by its place and its message."""
    bad = message(b"{", MessageId="bad")

    events, refused = read_trigger([message(TEXT.encode()), bad, message(TEXT.encode())])

    assert len(events) == 2
    assert [(each.place, each.message_id) for each in refused] == [("[1]", "bad")]


def test_a_batch_may_mix_schemas_and_faults() -> None:
    """Each member is judged by itself."""
    text = f'[{TEXT}, {json.dumps(NATIVE)}, {{"a": 1}}, 7, {{"b": }}]'.encode()

    events, refused = read_trigger(request(text, content_type="application/json"))

    assert [event.type for event in events] == ["evt.a.b", "Microsoft.Storage.BlobCreated"]
    assert [each.place for each in refused] == ["[2]", "[3]", "[4]"]


@pytest.mark.parametrize(
    "payload",
    [
        {"Data": {"blob": "aGVsbG8="}, "Metadata": {"BlobTrigger": "c/b"}},
        {"Data": {"timer": {"IsPastDue": False}}, "Metadata": {}},
        {"Data": {"documents": [{"id": "1", "_etag": "x"}]}, "Metadata": {}},
        {"Data": {"req": {"Method": "POST", "Headers": None, "Body": {"a": 1}}}},
        request(b"name=value", content_type="application/x-www-form-urlencoded"),
        request(b"", content_type=STRUCTURED),
        request(TEXT.encode(), content_type=STRUCTURED, content_encoding="gzip"),
        func.QueueMessage(id="q", body=b""),
        message(b"\xff\xfe"),
        object(),
        None,
        {"id": "1", "source": "/x", "type": "t"},
    ],
)
def test_what_is_no_event_is_refused(payload: Any) -> None:
    """No event is made up of it, and somebody is told."""
    events, refused = read_trigger(payload)

    assert events == []
    assert len(refused) == 1
    assert refused[0].text


def test_one_with_two_headers_of_a_kind_is_refused() -> None:
    """Whoever put the second one there, nobody knows which is meant."""
    headers = {"Content-Type": ["application/json"], "ce-id": ["1", "2"]}
    payload = custom("req", {"Method": "POST", "Headers": headers, "Body": "{}"})

    events, (refused,) = read_trigger(payload)

    assert (events, refused.reason) == ([], "duplicate-attribute")


_KEYS = st.text(max_size=3) | st.sampled_from(
    [
        *("Data", "Metadata", "specversion", "id", "source", "type", "eventType", "topic"),
        *("Method", "Headers", "Body", "ContentType", "ApplicationProperties", "MessageIdArray"),
        *("subject", "data", "data_base64", "datacontenttype"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(JSON)
def test_no_json_value_makes_it_raise(value: Any) -> None:
    """Whatever comes is events or refused, and not nothing at all."""
    events, refused = read_trigger(value)
    bodies, unread = read_trigger(json.dumps(value).encode())

    assert all(isinstance(event, Event) for event in [*events, *bodies])
    assert events or refused or value in ([], {}) or not value or "Data" in value
    assert bodies or unread or value == [] or "Data" in value


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    """Bytes of any kind, in every kind of message, are refused."""
    for payload in (body, message(body), func.QueueMessage(body=body), request(body)):
        events, _ = read_trigger(payload)
        assert events == []


def test_reading_loads_no_package_of_azure() -> None:
    """Forms are told by their shape; a web framework and an SDK are not needed."""
    code = (
        "import sys; from xorca.handlers.azure_functions import read_trigger;"
        "read_trigger(b'{}');"
        "print([m for m in sys.modules if m.split('.')[0] in ('azure', 'starlette', 'aiohttp')])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "payload",
    [
        {5: "x", "Data": {"message": json.dumps(EVENT)}},
        {"Data": {5: json.dumps(EVENT)}, "Metadata": {}},
        {"Data": {"message": json.dumps(EVENT)}, "Metadata": {5: "x"}},
        {"Data": {"req": {"Method": "POST", "Headers": {5: "x"}, "Body": "no event"}}},
    ],
)
def test_a_name_that_is_no_text_is_not_fatal(payload: dict[Any, Any]) -> None:
    """Python holds what no JSON does; each is read as far as it can be, or refused."""
    events, refused = read_trigger(payload)

    assert len(events) + len(refused) == 1
