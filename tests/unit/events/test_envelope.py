"""The envelope: its JSON form, its identity, its time and its data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from xorca.errors import PayloadError
from xorca.events import Event, event_key, read_event

EVERYTHING = (
    b'{"specversion":"1.0","id":"1","source":"/s","type":"a","subject":"x",'
    b'"time":"2026-01-31T12:00:00Z","datacontenttype":"application/json",'
    b'"dataschema":"https://x.example/s","b":true,"c":7,"z":"text","data":{"k": [1, 2]}}'
)


def an_event(**fields: object) -> Event:
    """Make an event with these fields besides the required ones."""
    return Event(**{"id": "1", "source": "/s", "type": "a", **fields})  # type: ignore[arg-type]


def test_order_of_members() -> None:
    """The JSON form has the attributes in one order, extensions by name, data last."""
    event = an_event(
        subject="x",
        time="2026-01-31T12:00:00Z",
        data=b'{"k": [1, 2]}',
        datacontenttype="application/json",
        dataschema="https://x.example/s",
        extensions={"z": "text", "c": 7, "b": True},
    )

    assert event.to_json() == EVERYTHING


def test_canonical_form() -> None:
    """The JSON form does not depend on how the event was written."""
    spaced = EVERYTHING.replace(b'"z":"text",', b"").replace(b'"id"', b' "z" : "te\\u0078t", "id"')

    assert read_event(spaced).to_json() == EVERYTHING


def test_made_once() -> None:
    """The JSON form is made once."""
    event = an_event()

    assert event.to_json() is event.to_json()


def test_key() -> None:
    """The key stands for source and id, each time it is asked for."""
    event = an_event()

    assert event.key == event.key == event_key("/s", "1")


def test_equal_events() -> None:
    """Events with the same fields are equal and hash alike."""
    assert {read_event(EVERYTHING), read_event(EVERYTHING)} == {read_event(EVERYTHING)}


DIFFERENT = [
    {"id": "2"},
    {"source": "/t"},
    {"type": "b"},
    {"subject": "x"},
    {"time": "2026-01-31T12:00:00Z"},
    {"data": b"1"},
    {"data": b"", "is_json": False},
    {"datacontenttype": "application/json"},
    {"dataschema": "https://x.example/s"},
    {"extensions": {"a": 1}},
    {"extensions": {"a": True}},
]


@pytest.mark.parametrize("index", range(len(DIFFERENT)))
def test_different_events(index: int) -> None:
    """Events that differ in any field, or only in the type of an extension, are not equal."""
    others = [an_event(), *(an_event(**fields) for fields in DIFFERENT)]

    assert [other == an_event(**DIFFERENT[index]) for other in others].count(True) == 1


def test_not_equal_to_others() -> None:
    """An event is not equal to its own JSON form."""
    assert an_event() != an_event().to_json()


def test_repr_shows_no_data() -> None:
    """The repr names the event and does not show its data."""
    assert repr(an_event(data=b'"secret"')) == (
        "Event(type='a', source='/s', id='1', subject=None)"
    )


TIMES = {
    None: None,
    "2026-01-31T12:00:00Z": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "2026-01-31t12:00:00.5z": datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC),
    "2026-01-31T12:00:00.123456789Z": datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC),
    "2026-01-31T12:00:00-01:30": datetime(
        2026, 1, 31, 12, tzinfo=timezone(-timedelta(hours=1, minutes=30))
    ),
    "2026-01-31T12:00:00-00:00": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "1990-12-31T23:59:60Z": datetime(1991, 1, 1, tzinfo=UTC),
    "1990-12-31T15:59:60.25-08:00": datetime(1991, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC),
    "9999-12-31T23:59:60Z": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "0001-01-01T00:00:00+23:59": datetime(1, 1, 1, tzinfo=timezone(timedelta(minutes=1439))),
}


@pytest.mark.parametrize(("text", "moment"), TIMES.items())
def test_timestamp(text: str | None, moment: datetime | None) -> None:
    """Every time that is accepted can be had as a datetime."""
    assert an_event(time=text).timestamp() == moment


PAYLOADS = [(None, None), (b"null", None), (b'{"a":1,"a":2}', {"a": 2}), (b"[1.5]", [1.5])]


@pytest.mark.parametrize(("data", "payload"), PAYLOADS)
def test_payload(data: bytes | None, payload: object) -> None:
    """JSON data is parsed; of two equal keys the last wins."""
    assert an_event(data=data).payload() == payload


def test_payload_of_bytes() -> None:
    """Data that is no JSON is given as it is."""
    assert an_event(data=b"\xff", is_json=False, datacontenttype="a/b").payload() == b"\xff"


@pytest.mark.parametrize("data", [b"1e999", b"9" * 10_000])
def test_payload_out_of_range(data: bytes) -> None:
    """A number that Python has no value for is kept as text, and an error where it is used."""
    event = read_event(EVERYTHING.replace(b'{"k": [1, 2]}', data))

    assert event.data == data
    with pytest.raises(PayloadError, match="as text"):
        event.payload()


FORMS = {
    "text": ("text/plain", b'"Gr\\u00fc\\u00dfe\\n"', "Grüße\n".encode()),
    "XML": ("application/xml", b'"<a/>"', b"<a/>"),
}


@pytest.mark.parametrize(("kind", "data", "read"), FORMS.values(), ids=FORMS)
def test_text_stays_text(kind: str, data: bytes, read: bytes) -> None:
    """A string of a textual type is its text, and a string again in the JSON form."""
    event = read_event(
        EVERYTHING.replace(b"application/json", kind.encode()).replace(b'{"k": [1, 2]}', data)
    )

    assert (event.data, event.is_json) == (read, False)
    assert b'"data":"' in event.to_json()


def test_json_of_another_type() -> None:
    """A JSON value that is no string stays JSON whatever the type says."""
    body = EVERYTHING.replace(b"application/json", b"text/plain")

    event = read_event(body)

    assert (event.data, event.is_json) == (b'{"k": [1, 2]}', True)
    assert event.to_json() == body


def test_base64_of_json() -> None:
    """JSON in base64 is JSON text."""
    event = read_event(EVERYTHING.replace(b'"data":{"k": [1, 2]}', b'"data_base64":"IHsiYSI6MX0="'))

    assert (event.data, event.is_json) == (b'{"a":1}', True)


def test_base64_of_bytes() -> None:
    """Bytes in base64 are bytes, and base64 again in the JSON form."""
    body = EVERYTHING.replace(b"application/json", b"image/png").replace(
        b'"data":{"k": [1, 2]}', b'"data_base64":"iVBORw=="'
    )

    event = read_event(body)

    assert (event.data, event.is_json) == (b"\x89PNG", False)
    assert event.to_json() == body
