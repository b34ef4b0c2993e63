"""Every rule for an event in structured JSON, alone and as a member of a batch."""

from __future__ import annotations

import json

import pytest

from xorca.errors import InvalidEvent
from xorca.events import MAX_EVENT_BYTES, read_batch, read_event

GOOD = '{"specversion":"1.0","id":"good","source":"/s","type":"evt.a.b.success"}'
REQUIRED = {"specversion": "1.0", "id": "1", "source": "/srvc/books", "type": "evt.a.b.success"}
DATA = "application/json"


def event(**attributes: object) -> str:
    """Write an event with these attributes besides the required ones; ... leaves one out."""
    members = {**REQUIRED, **attributes}
    return json.dumps({name: value for name, value in members.items() if value is not ...})


def written(more: str) -> str:
    """Write the required attributes followed by this JSON text."""
    return f'{{"specversion":"1.0","id":"1","source":"/s","type":"a"{more}}}'


def nested(levels: int) -> str:
    """Write an event that has so many levels, its own included."""
    return written(f',"data":{"[" * (levels - 1)}{"]" * (levels - 1)}')


REFUSED = {
    "no specversion": (event(specversion=...), "missing-attribute"),
    "null specversion": (event(specversion=None), "missing-attribute"),
    "older specversion": (event(specversion="0.3"), "invalid-attribute"),
    "specversion as a number": (event(specversion=1.0), "invalid-attribute"),
    "specversion with a patch": (event(specversion="1.0.2"), "invalid-attribute"),
    "no id": (event(id=...), "missing-attribute"),
    "null id": (event(id=None), "missing-attribute"),
    "empty id": (event(id=""), "invalid-attribute"),
    "id as a number": (event(id=7), "invalid-attribute"),
    "id as an object": (event(id={"a": "b"}), "invalid-attribute"),
    "long id": (event(id="i" * 1025), "invalid-attribute"),
    "long id in bytes": (event(id="ä" * 513), "invalid-attribute"),
    "no source": (event(source=...), "missing-attribute"),
    "empty source": (event(source=""), "invalid-attribute"),
    "source as a list": (event(source=["/s"]), "invalid-attribute"),
    "source with a space": (event(source="/a b"), "invalid-attribute"),
    "source with a bad escape": (event(source="/a%2"), "invalid-attribute"),
    "source with a backslash": (event(source="\\\\host\\x"), "invalid-attribute"),
    "source with braces": (event(source="/{x}"), "invalid-attribute"),
    "source with two fragments": (event(source="/a#b#c"), "invalid-attribute"),
    "source with a bracket": (event(source="http://[::1/x"), "invalid-attribute"),
    "source with letters beyond ASCII": (event(source="/bücher"), "invalid-attribute"),
    "source with a colon and no scheme": (event(source="12:30/x"), "invalid-attribute"),
    "long source": (event(source="/" * 1025), "invalid-attribute"),
    "no type": (event(type=...), "missing-attribute"),
    "empty type": (event(type=""), "invalid-attribute"),
    "type as a boolean": (event(type=True), "invalid-attribute"),
    "long type": (event(type="t" * 1025), "invalid-attribute"),
    "empty subject": (event(subject=""), "invalid-attribute"),
    "subject as a number": (event(subject=1.5), "invalid-attribute"),
    "long subject": (event(subject="s" * 1025), "invalid-attribute"),
    "subject with a line feed": (event(subject="a\nb"), "invalid-attribute"),
    "subject with NUL": (event(subject="a\0"), "invalid-attribute"),
    "subject with DEL": (event(subject="a\x7f"), "invalid-attribute"),
    "subject with a C1 control": (event(subject="a\x85"), "invalid-attribute"),
    "subject with a noncharacter": (event(subject="\ufdd0"), "invalid-attribute"),
    "subject with the last of a plane": (event(subject="\U0001fffe"), "invalid-attribute"),
    "type with a raw C1 control": (
        json.dumps({**REQUIRED, "type": "a\x9f"}, ensure_ascii=False),
        "invalid-attribute",
    ),
    "extension with a control": (event(traceparent="\t"), "invalid-attribute"),
    "media type with a control": (
        event(datacontenttype='a/json;a="\x80"'),
        "invalid-attribute",
    ),
    "empty time": (event(time=""), "invalid-attribute"),
    "time in words": (event(time="lunchtime"), "invalid-attribute"),
    "time as a number": (event(time=1700000000), "invalid-attribute"),
    "time without zone": (event(time="2026-01-31T12:00:00"), "invalid-attribute"),
    "time without seconds": (event(time="2026-01-31T12:00Z"), "invalid-attribute"),
    "time with a space": (event(time="2026-01-31 12:00:00Z"), "invalid-attribute"),
    "time with a comma": (event(time="2026-01-31T12:00:00,5Z"), "invalid-attribute"),
    "time with an empty fraction": (event(time="2026-01-31T12:00:00.Z"), "invalid-attribute"),
    "time at hour 24": (event(time="2026-01-31T24:00:00Z"), "invalid-attribute"),
    "time at second 61": (event(time="2026-01-31T12:00:61Z"), "invalid-attribute"),
    "time in month 13": (event(time="2026-13-01T12:00:00Z"), "invalid-attribute"),
    "time on 30 February": (event(time="2026-02-30T12:00:00Z"), "invalid-attribute"),
    "time on a leap day that is none": (event(time="2025-02-29T12:00:00Z"), "invalid-attribute"),
    "time in the year 0": (event(time="0000-01-01T12:00:00Z"), "invalid-attribute"),
    "time with a wide offset": (event(time="2026-01-31T12:00:00+25:00"), "invalid-attribute"),
    "time with half an offset": (event(time="2026-01-31T12:00:00+05"), "invalid-attribute"),
    "time in other digits": (event(time="٢٠٢٦-01-31T12:00:00Z"), "invalid-attribute"),
    "time by week": (event(time="2026-W05-6T12:00:00Z"), "invalid-attribute"),
    "empty datacontenttype": (event(datacontenttype=""), "invalid-attribute"),
    "datacontenttype without subtype": (event(datacontenttype="json"), "invalid-attribute"),
    "datacontenttype with an open quote": (event(datacontenttype='a/b;c="'), "invalid-attribute"),
    "datacontenttype as a number": (event(datacontenttype=1), "invalid-attribute"),
    "empty dataschema": (event(dataschema=""), "invalid-attribute"),
    "relative dataschema": (event(dataschema="/schemas/book"), "invalid-attribute"),
    "dataschema with a space": (event(dataschema="http://x/a b"), "invalid-attribute"),
    "extension with a capital": (event(causationId="x"), "invalid-attribute"),
    "extension with a full stop": (event(**{"a.b": "x"}), "invalid-attribute"),
    "extension with an underscore": (event(a_b="x"), "invalid-attribute"),
    "extension without a name": (event(**{"": "x"}), "invalid-attribute"),
    "extension with a quotation mark": (event(**{'a"': "x"}), "duplicate-attribute"),
    "extension beyond ASCII": (event(ä="x"), "invalid-attribute"),
    "unset extension with a bad name": (event(causationId=None), "invalid-attribute"),
    "extension with a long name": (event(**{"n" * 65: "x"}), "invalid-attribute"),
    "extension as an object": (event(ext={}), "invalid-attribute"),
    "extension as an array": (event(ext=["a"]), "invalid-attribute"),
    "extension as a fraction": (event(ext=1.5), "invalid-attribute"),
    "extension as 1.0": (event(ext=1.0), "invalid-attribute"),
    "extension as 1e3": (written(',"ext":1e3'), "invalid-attribute"),
    "extension above 32 bits": (event(ext=2**31), "invalid-attribute"),
    "extension below 32 bits": (event(ext=-(2**31) - 1), "invalid-attribute"),
    "extension of 5,000 digits": (written(f',"ext":{"9" * 5000}'), "invalid-attribute"),
    "extension beyond floats": (written(',"ext":1e999'), "invalid-attribute"),
    "sequence as a fraction": (event(sequence=1.0), "invalid-attribute"),
    "sequence above 32 bits": (event(sequence=2**31), "invalid-attribute"),
    "65 attributes": (event(**{f"e{n}": 1 for n in range(61)}), "too-large"),
    "id twice": (written(',"id":"2"'), "duplicate-attribute"),
    "id twice, once escaped": (written(',"\\u0069d":"2"'), "duplicate-attribute"),
    "extension twice": (written(',"e":1,"e":1'), "duplicate-attribute"),
    "null extension twice": (written(',"e":null,"e":null'), "duplicate-attribute"),
    "data twice": (written(',"data":1,"data":2'), "duplicate-attribute"),
    "data_base64 twice": (
        written(',"data_base64":"MQ==","data_base64":"MQ=="'),
        "duplicate-attribute",
    ),
    "data and data_base64": (event(data={}, data_base64="e30="), "invalid-data"),
    "data_base64 as a number": (event(data_base64=1), "invalid-data"),
    "data_base64 with a bad letter": (
        event(datacontenttype="a/b", data_base64="e3_="),
        "invalid-data",
    ),
    "data_base64 without padding": (
        event(datacontenttype="a/b", data_base64="e30"),
        "invalid-data",
    ),
    "data_base64 with a line feed": (
        event(datacontenttype="a/b", data_base64="e30=\n"),
        "invalid-data",
    ),
    "data_base64 beyond ASCII": (event(datacontenttype="a/b", data_base64="ä==="), "invalid-data"),
    "data_base64 of broken JSON": (event(datacontenttype=DATA, data_base64="ew=="), "invalid-data"),
    "data_base64 of no JSON, no type": (event(data_base64="/w=="), "invalid-data"),
    "data_base64 of JSON not in UTF-8": (event(data_base64="Iv8i"), "malformed"),
    "65 levels": (nested(65), "too-deep"),
    "100,000 levels": (nested(100_000), "too-deep"),
    "65 levels in a bad extension": (written(f',"e":{"[" * 65}{"]" * 65}'), "invalid-attribute"),
    "65 levels in base64": (
        event(data_base64="W1tb" * 21 + "W10" + "dXV1" * 21 + "XQ=="),
        "invalid-data",
    ),
    "a lone surrogate in the data": (written(',"data":"\\ud800"'), "malformed"),
    "a lone surrogate amid the data": (written(',"data":"\\ud800 and more"'), "malformed"),
    "a lone low surrogate in a key": (written(',"data":{"\\udc00":1}'), "malformed"),
    "a lone surrogate in the id": (event(id="\ud800"), "malformed"),
    "a lone surrogate in a name": (written(',"\\ud800":1'), "malformed"),
    "NaN": (written(',"data":NaN'), "malformed"),
    "Infinity": (written(',"data":[-Infinity]'), "malformed"),
    "a number with a leading zero": (written(',"data":01'), "malformed"),
    "a comma too many": (written(","), "malformed"),
    "a comment": (written("/**/"), "malformed"),
    "single quotes": (written(",'data':1"), "malformed"),
    "an unknown escape": (written(',"data":"\\q"'), "malformed"),
    "a raw control character": (written(',"data":"\x01"'), "malformed"),
    "an array": ("[]", "malformed"),
    "a string": ('"event"', "malformed"),
    "null": ("null", "malformed"),
    "a number": ("1", "malformed"),
}

ACCEPTED = {
    "the required attributes": event(),
    "unset attributes": event(
        subject=None, time=None, datacontenttype=None, dataschema=None, ext=None, data_base64=None
    ),
    "white space": json.dumps(REQUIRED, indent=4) + "\r\n\t ",
    "an id with every quote": event(id='"\\"'),
    "an id at the limit": event(id="ä" * 512),
    "a subject beyond the basic plane": event(subject="Euro € 😀"),
    "a subject with a soft hyphen": event(subject="a\u00ad b\u2028"),
    "a fragment as source": event(source="#fragment"),
    "a source without slash": event(source="1-555-123-4567"),
    "a URN as source": event(source="urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"),
    "a host and query as source": event(source="https://u@[::1]:80/a;b/c?d=/?#e"),
    "a mail address as source": event(source="mailto:cncf-wg@lists.cncf.io"),
    "an authority as source": event(source="//authority/path%20x"),
    "a leap second": event(time="1990-12-31T23:59:60Z"),
    "a leap day": event(time="2024-02-29T12:00:00.000Z"),
    "nanoseconds": event(time="2026-01-31T12:00:00.123456789Z"),
    "an offset": event(time="2026-01-31T12:00:00-23:59"),
    "lower case in the time": event(time="2026-01-31t12:00:00z"),
    "a media type with parameters": event(datacontenttype='Application/JSON ; charset="UTF-8"'),
    "a dataschema with fragment": event(dataschema="https://x.example/s.json#/book"),
    "a long extension name": event(**{"n" * 64: "x"}),
    "an empty extension": event(ext=""),
    "the widest integers": event(low=-(2**31), high=2**31 - 1, sequence=-1),
    "booleans": event(yes=True, no=False),
    "64 attributes": event(**{f"e{n}": 1 for n in range(60)}),
    "a key twice inside the data": written(',"data":{"a":1,"a":2}'),
    "brackets in strings": written(f',"data":["{"[" * 200}","\\"{"{" * 200}\\\\",{{}}]'),
    "64 levels": nested(64),
    "many brackets": written(f',"data":[{"[]," * 100}[[]]]'),
    "a pair of surrogates": written(',"data":"\\ud83d\\ude00"'),
    "a huge integer": written(f',"data":{"9" * 10_000}'),
    "a null data": written(',"data":null'),
    "a null data beside data_base64": written(',"data":null,"data_base64":"e30="'),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses_alone(text: str, reason: str) -> None:
    """An event that breaks a rule is refused, with the kind of fault and a cure."""
    with pytest.raises(InvalidEvent, match=r": \S") as caught:
        read_event(text.encode("utf-8", "surrogatepass"))

    assert caught.value.reason == reason


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses_in_a_batch(text: str, reason: str) -> None:
    """A bad member of a batch is refused in its place, and its neighbours are read."""
    first, second, third = read_batch(f"[{GOOD},{text} , {GOOD}]")

    assert isinstance(second, InvalidEvent)
    assert second.reason == reason
    assert first == third == read_event(GOOD)


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts_and_repeats(text: str) -> None:
    """A right event is read, and its own JSON form reads as an equal event."""
    read = read_event(text)

    assert read_event(read.to_json()) == read


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts_in_a_batch(text: str) -> None:
    """A right event is the same event inside a batch."""
    batch = read_batch(f" [{text},\n{GOOD}] ")

    assert batch == [read_event(text), read_event(GOOD)]


TRUNCATED = [GOOD[:length].encode() for length in range(len(GOOD))]


@pytest.mark.parametrize("body", TRUNCATED, ids=range(len(TRUNCATED)))
def test_refuses_truncated(body: bytes) -> None:
    """An event that was cut off anywhere is refused."""
    with pytest.raises(InvalidEvent):
        read_event(body)


BYTES = {
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 without mark": GOOD.encode("utf-16-le"),
    "bad UTF-8 in the data": written(',"data":"?"').encode().replace(b"?", b"\xff"),
    "a surrogate in UTF-8": written(',"data":"?"').encode().replace(b"?", b"\xed\xa0\x80"),
    "bad UTF-8 in the id": GOOD.encode().replace(b"good", b"\xc3("),
    "bad UTF-8 in an extension": written(',"ext":"?"').encode().replace(b"?", b"\xc0\x80"),
    "bad UTF-8 in a name": written(',"?":"x"').encode().replace(b"?", b"\xff"),
    "trailing garbage": GOOD.encode() + b"x",
    "two events": GOOD.encode() * 2,
    "a NUL after the event": GOOD.encode() + b"\0",
}


@pytest.mark.parametrize("body", BYTES.values(), ids=BYTES)
def test_refuses_bytes(body: bytes) -> None:
    """Bytes that are not exactly one JSON text in UTF-8 are refused."""
    with pytest.raises(InvalidEvent):
        read_event(body)


def test_refuses_text_with_surrogate() -> None:
    """Text that UTF-8 cannot carry is refused."""
    with pytest.raises(InvalidEvent, match="surrogate"):
        read_event(written(',"data":"\ud800"'))


def test_refuses_other_types() -> None:
    """What is neither bytes nor text is refused, by the name of its type."""
    with pytest.raises(InvalidEvent, match="dict"):
        read_event(REQUIRED)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_reads_any_bytes(kind: type[bytes]) -> None:
    """An event is the same from every kind of bytes, and from text."""
    assert read_event(kind(GOOD.encode())) == read_event(GOOD)


def of_size(size: int) -> bytes:
    """Write an event of so many bytes."""
    frame = written(',"data":""')
    return written(f',"data":"{"x" * (size - len(frame))}"').encode()


def test_accepts_largest() -> None:
    """An event of exactly the largest size is read."""
    assert read_event(of_size(MAX_EVENT_BYTES)).data is not None


@pytest.mark.parametrize("body", [of_size(MAX_EVENT_BYTES + 1), b"{" * (MAX_EVENT_BYTES + 1)])
def test_refuses_larger(body: bytes) -> None:
    """One byte more is refused for its size, whatever the bytes are."""
    with pytest.raises(InvalidEvent) as caught:
        read_event(body)

    assert caught.value.reason == "too-large"


def test_refuses_binary_that_grows() -> None:
    """Text of a binary type that would not be read again in base64 is refused."""
    text = event(datacontenttype="application/octet-stream", data="x" * 900_000)

    with pytest.raises(InvalidEvent) as caught:
        read_event(text)

    assert caught.value.reason == "too-large"


HOSTILE = {
    "a long type": event(type="a" * 100_000 + "!"),
    "a long time": event(time="2" * 100_000),
    "a long media type": event(datacontenttype="a/b" + ";a=b" * 25_000 + "\x00"),
    "a long schema": event(dataschema="http://" + "%41" * 30_000 + "%"),
    "a long name": event(**{"n" * 100_000: "x"}),
    "open strings": '{"a":"' + '\\"' * 50_000,
    "many open brackets": '{"a":' + "[{" * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_errors_stay_short(text: str) -> None:
    """A refusal of 100 kB of nonsense is a sentence, and repeats none of it at length."""
    with pytest.raises(InvalidEvent) as caught:
        read_event(text)

    assert len(str(caught.value)) < 300


def test_error_shows_no_data() -> None:
    """An error about the data does not repeat the data."""
    with pytest.raises(InvalidEvent) as caught:
        read_event(event(datacontenttype=DATA, data_base64="c2VjcmV0"))

    assert "secret" not in str(caught.value)
