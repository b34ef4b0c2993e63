"""Events over HTTP: binary mode, and the choice between the modes."""

from __future__ import annotations

import json

import pytest

from xorca.errors import InvalidEvent
from xorca.events import MAX_EVENT_BYTES, Event, read_binary, read_event, read_http

HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "a"}
JSON = {**HEADERS, "content-type": "application/json"}
STRUCTURED = b'{"specversion":"1.0","id":"2","source":"/s","type":"b"}'


def test_reads_attributes() -> None:
    """The ce- headers are the attributes, the Content-Type is datacontenttype."""
    headers = {
        **HEADERS,
        "Content-Type": "application/json; charset=utf-8",
        "CE-Subject": "x",
        "Ce-Time": "2026-01-31T12:00:00Z",
        "ce-dataschema": "https://x.example/s",
        "ce-sequence": "7",
        "accept": "*/*",
    }

    event = read_binary(headers, b' {"a": 1}\n')

    assert event == Event(
        id="1",
        source="/s",
        type="a",
        subject="x",
        time="2026-01-31T12:00:00Z",
        data=b'{"a": 1}',
        datacontenttype="application/json; charset=utf-8",
        dataschema="https://x.example/s",
        extensions={"sequence": "7"},
    )


VALUES = {
    "percent-encoding": ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
    "one round of decoding": ("100%2525", "100%25"),
    "lower-case digits": ("%e2%82%ac", "€"),
    "quotes": ('"Euro \\"x\\""', 'Euro "x"'),
    "quotes around percent-encoding": ('"%E2%82%AC"', "€"),
    "white space around": (" x\t", "x"),
    "a plus sign": ("a+b", "a+b"),
    "an encoded quote": ("%22x%22", '"x"'),
}


@pytest.mark.parametrize(("sent", "meant"), VALUES.values(), ids=VALUES)
def test_decodes_values(sent: str, meant: str) -> None:
    """Header values are unquoted, then percent-decoded once, as UTF-8."""
    assert read_binary({**HEADERS, "ce-subject": sent}, b"").subject == meant


REFUSED = {
    "no id": ({**HEADERS, "ce-id": ""}, b"", "invalid-attribute"),
    "another version": ({**HEADERS, "ce-specversion": "0.3"}, b"", "invalid-attribute"),
    "a percent sign alone": ({**HEADERS, "ce-subject": "100%"}, b"", "invalid-attribute"),
    "bad UTF-8": ({**HEADERS, "ce-subject": "%FF"}, b"", "invalid-attribute"),
    "an encoded surrogate": ({**HEADERS, "ce-subject": "%ED%A0%80"}, b"", "invalid-attribute"),
    "an encoded line feed": ({**HEADERS, "ce-subject": "a%0Ab"}, b"", "invalid-attribute"),
    "a bad time": ({**HEADERS, "ce-time": "now"}, b"", "invalid-attribute"),
    "an underscore": ({**HEADERS, "ce-data_base64": "e30="}, b"", "invalid-attribute"),
    "data as a header": ({**HEADERS, "ce-data": "1"}, b"", "invalid-attribute"),
    "a nameless header": ({**HEADERS, "ce-": "1"}, b"", "invalid-attribute"),
    "an id twice": ({**HEADERS, "CE-ID": "2"}, b"", "duplicate-attribute"),
    "two content types": ({**JSON, "ce-datacontenttype": "a/b"}, b"1", "duplicate-attribute"),
    "a bad content type": ({**HEADERS, "content-type": "json"}, b"", "invalid-attribute"),
    "broken JSON": (JSON, b"{", "invalid-data"),
    "broken JSON without type": (HEADERS, b"plain", "invalid-data"),
    "two JSON values": (JSON, b"{} {}", "invalid-data"),
    "only white space": (JSON, b" ", "invalid-data"),
    "JSON not in UTF-8": (JSON, b'"\xff"', "malformed"),
    "NaN": ({**HEADERS, "content-type": "a/b+json"}, b"NaN", "invalid-data"),
    "deep JSON": (JSON, b"[" * 64 + b"]" * 64, "too-deep"),
    "very deep JSON": (JSON, b"[" * 100_000 + b"]" * 100_000, "too-deep"),
    "a large body": (JSON, b" " * (MAX_EVENT_BYTES + 1), "too-large"),
    "large headers": ({**HEADERS, "ce-e": "x" * (MAX_EVENT_BYTES + 1)}, b"", "too-large"),
    "a body that grows": (
        {**HEADERS, "content-type": "image/png"},
        b"x" * 900_000,
        "too-large",
    ),
}


@pytest.mark.parametrize(("headers", "body", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses(headers: dict[str, str], body: bytes, reason: str) -> None:
    """A message in binary mode meets the same rules as structured JSON."""
    with pytest.raises(InvalidEvent) as caught:
        read_binary(headers, body)

    assert caught.value.reason == reason


@pytest.mark.parametrize("content_type", ["text/plain", "image/png"])
def test_what_grows_is_still_small_or_refused(content_type: str) -> None:
    """Control characters take six bytes each in JSON: what is taken can be read again."""
    headers = {**HEADERS, "content-type": content_type, "ce-e": "%22" * 10_000}
    small = MAX_EVENT_BYTES // 8 - 40_000

    event = read_binary(headers, b"\x01" * small)
    with pytest.raises(InvalidEvent) as caught:
        read_binary(headers, b"\x01" * (MAX_EVENT_BYTES - 50_000))

    assert read_event(event.to_json()).data == event.data
    assert caught.value.reason == "too-large"


@pytest.mark.parametrize("missing", HEADERS)
def test_refuses_missing(missing: str) -> None:
    """Every required attribute is required as a header."""
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    with pytest.raises(InvalidEvent) as caught:
        read_binary(headers, b"")

    assert caught.value.reason == "missing-attribute"


BODIES = {
    "text": ("text/plain", "grüße \n".encode(), False),
    "bytes that look like text": ("application/octet-stream", b"text", False),
    "bytes": ("image/png", b"\x89PNG\xff", False),
    "text that is none": ("text/plain; charset=latin-1", b"gr\xfc\xdfe", False),
    "no bytes": ("text/plain", b"", False),
    "JSON": ("application/vnd.x+json", b'{"a":[1,2]}', True),
    "a JSON string": ("text/json", b'"x"', True),
}


@pytest.mark.parametrize(("kind", "body", "is_json"), BODIES.values(), ids=BODIES)
def test_keeps_bodies(kind: str, body: bytes, is_json: bool) -> None:
    """A body is kept byte for byte, and comes back from the structured form."""
    event = read_binary({**HEADERS, "content-type": kind}, body)

    assert (event.data, event.is_json) == (body, is_json)
    assert read_event(event.to_json()) == event


def test_empty_body() -> None:
    """An empty body of a JSON type is no data."""
    assert read_binary(JSON, b"").data is None


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=UTF-8",
        "Application/CloudEvents+JSON;charset=utf-8",
    ],
)
def test_http_structured(content_type: str) -> None:
    """Structured mode is known by its content type and wins over ce- headers."""
    events = read_http({**HEADERS, "content-type": content_type}, STRUCTURED)

    assert events == [read_event(STRUCTURED)]


def test_http_batch() -> None:
    """Batched mode gives its events, and an error in the place of a bad one."""
    good, bad = read_http(
        {"Content-Type": "application/cloudevents-batch+json; charset=UTF-8"},
        b"[" + STRUCTURED + b",{}]",
    )

    assert good == read_event(STRUCTURED)
    assert isinstance(bad, InvalidEvent)


@pytest.mark.parametrize("headers", [HEADERS, JSON])
def test_http_binary(headers: dict[str, str]) -> None:
    """Any other content type with ce-specversion is binary mode."""
    assert read_http(headers, b"{}") == [read_binary(headers, b"{}")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json"},
        {"content-type": "application/cloudevents+avro"},
        {**HEADERS, "content-type": "application/cloudevents+xml"},
        {"ce-id": "1", "content-type": "application/json"},
    ],
)
def test_http_unsupported(headers: dict[str, str]) -> None:
    """A request in no mode that is read is refused, and told the modes."""
    with pytest.raises(InvalidEvent, match="application/cloudevents") as caught:
        read_http(headers, STRUCTURED)

    assert caught.value.reason == "unsupported"


def test_http_bad_event() -> None:
    """A single event that is bad is raised, not listed."""
    with pytest.raises(InvalidEvent, match="id"):
        read_http(
            {"content-type": "application/cloudevents+json"},
            json.dumps({"specversion": "1.0", "source": "/s", "type": "t"}).encode(),
        )
