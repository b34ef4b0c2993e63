"""To and from the events of the CloudEvents SDK."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import CloudEvent as HttpEvent

from xorca.errors import InvalidEvent
from xorca.events import Event, from_cloudevent, read_event

NOW = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)


def sdk_event(data: Any = None, **attributes: Any) -> CloudEvent:
    """Make an event of the SDK."""
    required = {"id": "1", "source": "/s", "type": "a", "time": NOW}
    return CloudEvent({**required, **attributes}, data)


def test_reads_attributes() -> None:
    """Every attribute and the data of the SDK's event are taken over."""
    event = from_cloudevent(
        sdk_event(
            {"k": ["ü", 1, None]},
            subject="x",
            datacontenttype="application/json",
            dataschema="https://x.example/s",
            ext=True,
        )
    )

    assert event == Event(
        id="1",
        source="/s",
        type="a",
        subject="x",
        time="2026-01-31T12:00:00.250000Z",
        data='{"k":["ü",1,null]}'.encode(),
        datacontenttype="application/json",
        dataschema="https://x.example/s",
        extensions={"ext": True},
    )


def test_changes_nothing() -> None:
    """The event that is read stays as it is."""
    event = sdk_event({"k": [1]}, ext=None)
    before = deepcopy((event.get_attributes(), event.get_data()))

    from_cloudevent(event)

    assert (event.get_attributes(), event.get_data()) == before


def test_older_package() -> None:
    """Events of the SDK's older package are read as well."""
    event = HttpEvent({"id": "1", "source": "/s", "type": "a", "time": NOW.isoformat()}, {"k": 1})

    assert from_cloudevent(event) == Event(
        id="1", source="/s", type="a", time="2026-01-31T12:00:00.250000+00:00", data=b'{"k":1}'
    )


class Shade(Enum):
    """A value that is no str, as older classes of the SDK have for specversion."""

    RED = "red"


def test_reads_enums() -> None:
    """A member of an enumeration is its value."""
    assert from_cloudevent(sdk_event(ext=Shade.RED)).extensions == {"ext": "red"}


DATA = {
    "nothing": (None, None, None, True),
    "a dict": ({"b": 1, "a": 2}, None, b'{"b":1,"a":2}', True),
    "a string of JSON": ("x", "application/json", b'"x"', True),
    "bytes of JSON": (b' {"a": 1}', "application/json", b'{"a": 1}', True),
    "bytes without type": (b"[1]", None, b"[1]", True),
    "text": ("grüße", "text/plain", "grüße".encode(), False),
    "bytes": (b"\xff", "image/png", b"\xff", False),
    "a bytearray": (bytearray(b"\xff"), "image/png", b"\xff", False),
    "a dict of another type": ({"a": 1}, "text/plain", b'{"a":1}', True),
    "a datetime": ({"at": NOW}, None, b'{"at":"2026-01-31T12:00:00.250000Z"}', True),
}


@pytest.mark.parametrize(("data", "kind", "text", "is_json"), DATA.values(), ids=DATA)
def test_reads_data(data: Any, kind: str | None, text: bytes | None, is_json: bool) -> None:
    """Data is taken as the SDK would send it in structured mode."""
    attributes = {} if kind is None else {"datacontenttype": kind}

    event = from_cloudevent(sdk_event(data, **attributes))

    assert (event.data, event.is_json) == (text, is_json)


def endless() -> list[Any]:
    """Make a list that holds itself."""
    items: list[Any] = []
    items.append(items)
    return items


def deep(levels: int) -> list[Any]:
    """Make so many lists, each in the next."""
    items: list[Any] = []
    for _ in range(levels - 1):
        items = [items]
    return items


REFUSED: dict[str, tuple[CloudEvent, str]] = {
    "a long id": (sdk_event(id="i" * 1025), "invalid-attribute"),
    "a source with a space": (sdk_event(source="a b"), "invalid-attribute"),
    "a control character": (sdk_event(subject="a\n"), "invalid-attribute"),
    "a lone surrogate": (sdk_event(subject="\ud800"), "invalid-attribute"),
    "a relative dataschema": (sdk_event(dataschema="x"), "invalid-attribute"),
    "a float": (sdk_event(ext=1.5), "invalid-attribute"),
    "an object": (sdk_event(ext={}), "invalid-attribute"),
    "bytes as an extension": (sdk_event(ext=b"x"), "invalid-attribute"),
    "a wide integer": (sdk_event(ext=2**31), "invalid-attribute"),
    "a naive extension": (sdk_event(ext=NOW.replace(tzinfo=None)), "invalid-attribute"),
    "an offset with seconds": (
        sdk_event(time=NOW.astimezone(timezone(timedelta(seconds=90)))),
        "invalid-attribute",
    ),
    "NaN": (sdk_event({"a": float("nan")}), "invalid-data"),
    "infinity": (sdk_event([float("inf")]), "invalid-data"),
    "an object of its own": (sdk_event({"a": object()}), "invalid-data"),
    "a circle": (sdk_event(endless()), "invalid-data"),
    "a surrogate in the data": (sdk_event({"a": "\ud800"}), "invalid-data"),
    "a surrogate in the text": (sdk_event("\ud800", datacontenttype="a/b"), "invalid-data"),
    "a naive datetime": (sdk_event({"a": NOW.replace(tzinfo=None)}), "invalid-attribute"),
    "broken JSON": (sdk_event(b"{", datacontenttype="a/json"), "invalid-data"),
    "64 levels": (sdk_event(deep(64)), "too-deep"),
    "5,000 levels": (sdk_event(deep(5_000)), "too-deep"),
    "a large event": (sdk_event("x" * 1_100_000), "too-large"),
    "a large binary": (sdk_event(b"x" * 900_000, datacontenttype="a/b"), "too-large"),
}


@pytest.mark.parametrize(("event", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses(event: CloudEvent, reason: str) -> None:
    """What the SDK lets through and the specification does not is refused."""
    with pytest.raises(InvalidEvent) as caught:
        from_cloudevent(event)

    assert caught.value.reason == reason


def test_refuses_other_objects() -> None:
    """Something that is no event of the SDK is named by its type."""
    with pytest.raises(InvalidEvent, match="not dict"):
        from_cloudevent({"id": "1"})  # type: ignore[arg-type]


BODIES = {
    "everything": (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"a","subject":"x",'
        b'"time":"2026-01-31T12:00:00.250000Z","datacontenttype":"application/json",'
        b'"dataschema":"https://x.example/s","b":true,"c":7,"data":{"k":[1,"\xc3\xbc"]}}'
    ),
    "no time": b'{"specversion":"1.0","id":"1","source":"/s","type":"a","data":[1]}',
    "text": (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"a",'
        b'"datacontenttype":"text/plain","data":"x"}'
    ),
    "bytes": (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"a",'
        b'"datacontenttype":"image/png","data_base64":"iVBORw=="}'
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_there_and_back(body: bytes) -> None:
    """An event comes back from the SDK's class as it went, and no time is invented."""
    event = read_event(body)

    assert from_cloudevent(event.to_cloudevent()).to_json() == body


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_sdk_writes_it(body: bytes) -> None:
    """What the SDK writes of our event is the same event but for its white space."""
    written = JSONFormat().write(read_event(body).to_cloudevent())

    assert json.loads(read_event(written).to_json()) == json.loads(body)


def test_gives_python_values() -> None:
    """The SDK's event has its time as a datetime and its data parsed."""
    event = read_event(BODIES["everything"]).to_cloudevent()

    assert (event.get_time(), event.get_data()) == (NOW, {"k": [1, "ü"]})


def test_made_once() -> None:
    """The SDK's event is made once."""
    event = read_event(BODIES["text"])

    assert event.to_cloudevent() is event.to_cloudevent()
