"""Whatever comes as JSON, the worker goes on: taken, or refused with a reason (T4, T19)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.security.programs import Order, Purchase
from tests.unit.support import HandClock, starting, told
from xorca import Runtime
from xorca.errors import InvalidEvent
from xorca.events import Event, read_batch
from xorca.providers.memory import MemoryStore

HEAD = (
    b'{"specversion":"1.0","id":"1","source":"/a","type":"xorca.sec.purchase.start","processid":"p"'
)


def with_data(data: bytes) -> bytes:
    """Give a start event with this text as its data."""
    return HEAD + b',"data":' + data + b"}"


def worker() -> Runtime:
    """Give a worker over memory."""
    return Runtime([Purchase], store=MemoryStore(), clock=HandClock())


REFUSED = [
    ("no JSON", b"{ no"),
    ("nothing", b""),
    ("a list", b"[]"),
    ("a number", b"1"),
    ("null", b"null"),
    ("cut short", with_data(b'{"item":"x')),
    ("a byte order mark", b"\xef\xbb\xbf" + with_data(b'{"item":"x"}')),
    ("UTF-16", with_data(b'{"item":"x"}').decode().encode("utf-16")),
    ("no UTF-8", with_data(b'{"item":"\xff\xfe"}')),
    ("overlong UTF-8", with_data(b'{"item":"\xc0\xaf"}')),
    ("two documents", with_data(b'{"item":"x"}') * 2),
    ("NaN", with_data(b'{"item":NaN}')),
    ("Infinity", with_data(b'{"item":-Infinity}')),
    ("a comment", with_data(b'{"item":"x" /* y */}')),
    ("a trailing comma", with_data(b'{"item":"x",}')),
    ("single quotes", with_data(b"{'item':'x'}")),
    ("a lone surrogate", with_data(b'{"item":"\\ud800"}')),
    ("a raw control character", with_data(b'{"item":"\x01"}')),
    ("depth", with_data(b"[" * 65 + b"]" * 65)),
    ("great depth", with_data(b"[" * 100_000 + b"]" * 100_000)),
    ("great depth of objects", with_data(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    ("an attribute that is an object", HEAD + b',"x":{"a":1}}'),
    ("an attribute that comes twice", HEAD + b',"id":"2","data":{"item":"x"}}'),
    ("data in two forms", HEAD + b',"data":{"item":"x"},"data_base64":"eA=="}'),
    ("data that is no base64", HEAD + b',"data_base64":"*"}'),
    ("an id that is no text", HEAD.replace(b'"id":"1"', b'"id":1') + b"}"),
    ("an empty id", HEAD.replace(b'"id":"1"', b'"id":""') + b"}"),
    ("an empty source", HEAD.replace(b'"/a"', b'""') + b"}"),
    ("an empty subject", HEAD + b',"subject":""}'),
    ("a name in capitals", HEAD + b',"processID":"x"}'),
    ("a name with a dash", HEAD + b',"process-id":"x"}'),
    ("a time that is none", HEAD + b',"time":"yesterday"}'),
    ("another version", HEAD.replace(b'"1.0"', b'"0.3"') + b"}"),
    ("no type", b'{"specversion":"1.0","id":"1","source":"/a"}'),
]

TAKEN = [
    ("plain", b'{"item":"x"}'),
    ("white space", b' \r\n\t{ "item" : "x" } '),
    ("escapes", b'{"item":"\\u00e9\\ud83d\\ude00\\n"}'),
    ("a name that comes twice in the data: the last stands", b'{"item":"y","item":"x"}'),
    ("a number that nobody asks for", b'{"item":"x","n":1e400}'),
    ("a long number", b'{"item":"x","n":' + b"9" * 5_000 + b"}"),
    ("names of Python", b'{"item":"x","__class__":"os","__init__":{"__globals__":1}}'),
]


@pytest.mark.parametrize("body", [b for _, b in REFUSED], ids=[name for name, _ in REFUSED])
async def test_what_is_no_event_is_refused(body: bytes) -> None:
    """It is a dead letter with a reason, and the next event of the batch is done."""
    good = starting(Purchase, Order("x"), "good")

    bad, done = await worker().handle(body, good)

    assert bad.status == "dead"
    assert bad.reason
    assert told(done) == ("applied", "begin")


@pytest.mark.parametrize("data", [d for _, d in TAKEN], ids=[name for name, _ in TAKEN])
async def test_what_is_odd_and_right_is_taken(data: bytes) -> None:
    """Policy where JSON leaves it open: the last of two names in the data stands."""
    runtime = worker()

    (outcome,) = await runtime.handle(with_data(data))

    assert told(outcome) == ("applied", "begin")


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_a_damaged_event_ends_no_worker(noise: bytes, at: int) -> None:
    """Random bytes, and random bytes inside an event, are read or refused."""
    whole = with_data(b'{"item":"x"}')
    place = at % len(whole)
    bodies = [noise, whole[:place] + noise + whole[place:], whole[:place] + noise]

    for body in bodies:
        assert all(isinstance(one, Event | InvalidEvent) for one in read_or_refuse(body))


def read_or_refuse(body: bytes) -> list[Any]:
    """Read an event and a batch of it."""
    from xorca.events import read_event

    found: list[Any] = []
    for read in (lambda: [read_event(body)], lambda: read_batch(b"[" + body + b"]")):
        try:
            found += read()
        except InvalidEvent as refused:
            found.append(refused)
    return found


def test_the_rest_of_a_batch_is_read() -> None:
    """A bad member stands in its place as an error, the others are events."""
    good = with_data(b'{"item":"x"}')
    bad = HEAD + b',"process-id":"x"}'

    found = read_batch(b"[" + b",".join([good, bad, good]) + b"]")

    assert [type(one) for one in found] == [Event, InvalidEvent, Event]


async def test_data_that_is_xml_is_left_alone() -> None:
    """Nobody parses it: it is text (T5)."""
    bomb = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>'
    data = json.dumps({"item": bomb}).encode()
    runtime = worker()

    (outcome,) = await runtime.handle(with_data(data))

    assert told(outcome) == ("applied", "begin")
    assert outcome.sent[0].payload()["item"] == bomb
