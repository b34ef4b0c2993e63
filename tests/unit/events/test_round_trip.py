"""Whatever event can be written is read again as the same event, by either way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from xorca.errors import InvalidEvent
from xorca.events import Event, read_batch, read_event
from xorca.events.fast import read_usual
from xorca.events.json_text import depth
from xorca.events.structured import read_exactly

NOT_IN_ATTRIBUTES = [
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
] + [chr(code) for code in range(0xFDD0, 0xFDF0)]

texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=NOT_IN_ATTRIBUTES),
    min_size=1,
    max_size=40,
)
sources = st.sampled_from(["/srvc/books", "https://x.example/a?b#c", "urn:x:y", "#f", "a%20b"])
times = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
names = st.from_regex(r"\A[a-z0-9]{1,20}\Z").filter(
    lambda name: name not in {"data", "id", "type", "time", "source", "subject", "specversion"}
) | st.sampled_from(["causationid", "sequence", "traceparent", "tracestate"])
extensions = st.dictionaries(
    names, texts | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.just(""), max_size=5
)
envelopes = st.fixed_dictionaries(
    {"id": texts, "source": sources, "type": texts},
    optional={
        "subject": texts,
        "time": times,
        "dataschema": st.just("https://x.example/s"),
        "extensions": extensions,
    },
)
contents = st.one_of(
    st.just({}),
    st.builds(
        lambda value, kind: {"data": json.dumps(value).encode(), "datacontenttype": kind},
        json_values,
        st.sampled_from([None, "application/json", "a/b+json; charset=utf-8"]),
    ),
    st.builds(
        lambda data, kind: {"data": data, "datacontenttype": kind, "is_json": False},
        st.binary(max_size=50),
        st.sampled_from(["text/plain", "image/png", "application/xml"]),
    ),
)
events = st.builds(lambda envelope, content: Event(**envelope, **content), envelopes, contents)


@given(events)
def test_round_trip(event: Event) -> None:
    """An event that is written and read is equal, and is written alike again."""
    read = read_event(event.to_json())

    assert read == event
    assert read.to_json() == event.to_json()


@given(events, st.sampled_from([None, 0, 2]), st.booleans())
def test_written_by_others(event: Event, indent: int | None, ascii_only: bool) -> None:
    """Spaces, escapes and the order of the members make no other envelope."""
    members = json.loads(event.to_json())
    body = json.dumps(members, indent=indent, ensure_ascii=ascii_only, sort_keys=True)

    read = read_event(body)

    assert json.loads(read.to_json()) == members
    assert (read.key, read.extensions) == (event.key, event.extensions)


@given(st.lists(events, max_size=4))
def test_batch(members: list[Event]) -> None:
    """A batch is its events."""
    body = b"[" + b" ,\n".join(event.to_json() for event in members) + b"]"

    assert read_batch(body) == members


@given(events, st.sampled_from([None, 1]))
def test_short_way_agrees(event: Event, indent: int | None) -> None:
    """The short way gives what the exact way gives, or nothing."""
    body = json.dumps(json.loads(event.to_json()), indent=indent).encode()

    assert read_usual(body) in (None, read_exactly(body))


def test_short_way_is_taken() -> None:
    """The events of xorca and its services go the short way."""
    event = Event(
        id="h-1-0",
        source="/xorca/a/1.0.0",
        type="cmd.a.b",
        subject="a/1.0.0/ü",
        time="2026-01-31T12:00:00Z",
        data='{"text":"\\"ü\\n"}'.encode(),
        datacontenttype="application/json",
        extensions={"causationid": "x", "sequence": 1, "traceparent": "t", "tracestate": "s"},
    )

    assert read_usual(event.to_json()) == event


pieces = st.sampled_from(
    ['"id":"1"', '"id":"\\""', '"id":null', '"source":"/s"', '"type":"t"', '"type":1', '"sequence":1',
     '"specversion":"1.0"', '"subject":"\\u0007"', '"subject":"x\\\\"', '"data":"\\""', '"data":{"id":"1"}',
     '"data":[[]]', '"e":"x"', '"e":""', '"\\u0065":1', '"sequence":1.0', '"data_base64":"MQ=="', '"time":"x"',
     '"datacontenttype":"text/plain"', '"E":1', '"causationid":"\x7f"', '"traceparent":"\u0085"']
)  # fmt: skip
required = ['"specversion":"1.0"', '"id":"1"', '"source":"/s"', '"type":"t"']


@given(st.lists(pieces, max_size=5), st.booleans())
def test_short_way_refuses_what_is_refused(more: list[str], complete: bool) -> None:
    """What the exact way refuses the short way never accepts."""
    body = f"{{{','.join([*(required if complete else ()), *more])}}}".encode()

    usual = read_usual(body)

    try:
        exact = read_exactly(body)
    except InvalidEvent:
        assert usual is None
    else:
        assert usual in (None, exact)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_never_crashes(body: bytes | str) -> None:
    """Whatever comes is an event, or an InvalidEvent."""
    with pytest.raises(InvalidEvent):
        read_event(body)


@given(events, st.data())
def test_survives_damage(event: Event, data: st.DataObject) -> None:
    """A byte that was changed gives another event or an InvalidEvent, and no crash."""
    body = bytearray(event.to_json())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))

    try:
        read = read_event(bytes(body))
    except InvalidEvent:
        return

    assert read_event(read.to_json()) == read


def levels(value: object) -> int:
    """Count levels the slow way."""
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


brackets = st.text(st.sampled_from('[]{}"\\,x'), max_size=6)


@given(st.recursive(brackets, lambda inner: st.lists(inner) | st.dictionaries(brackets, inner)))
def test_depth(value: Any) -> None:
    """The depth of JSON text is that of its value, whatever its strings hold."""
    assert depth(json.dumps(value).encode()) == levels(value)
