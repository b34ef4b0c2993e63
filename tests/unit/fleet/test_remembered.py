"""What a fleet remembers, as bytes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from tests.unit.fleet.stage import command
from xorca import Outcome
from xorca.errors import PayloadError, RecordError
from xorca.events import Event
from xorca.fleet.remembered import Place, again, note, seal, unseal
from xorca.providers.arguments import check_key

PLACE = Place("/srvc/books", "books")
# A lone surrogate has no bytes; no event carries one.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def answer(data: bytes | None, **attributes: Any) -> Event:
    """Make an answer as a fleet does."""
    fields: dict[str, Any] = {
        "id": "r-1",
        "source": "/srvc/books",
        "subject": "books.summary/1.0.0/book-7",
        "time": "2030-01-01T12:00:00.000Z",
        "data": data,
        "datacontenttype": None if data is None else "application/json",
        "extensions": {"causationid": "c-1", "sequence": 7, "flag": True},
    }
    return Event(type="evt.books.fetch.success", **{**fields, **attributes})


def stored(*sent: Event) -> bytes:
    """Give the bytes of what is remembered of a command."""
    return seal(note(PLACE, Outcome(command(), "applied", sent=sent), at=1.0, until=2.0))


@given(st.lists(st.none() | JSON.map(msgspec.json.encode), max_size=4))
def test_what_was_sent_comes_back_byte_for_byte(datas: list[bytes | None]) -> None:
    """Any JSON data, and none, of any number of events."""
    sent = [answer(data, id=f"r-{number}") for number, data in enumerate(datas)]

    found = again(unseal(stored(*sent), where="here"), PLACE, command())

    assert [event.to_json() for event in found.sent] == [event.to_json() for event in sent]
    assert list(found.sent) == sent


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_seen(position: int, change: int) -> None:
    """Wherever it is."""
    body = bytearray(stored(answer(b'{"text":"x"}')))
    body[position % len(body)] ^= change

    with pytest.raises(RecordError):
        unseal(bytes(body), where="here")


@given(st.integers(0, 10_000))
def test_a_cut_is_seen(length: int) -> None:
    """However much is left."""
    body = stored(answer(b'{"text":"x"}'))

    with pytest.raises(RecordError, match="here"):
        unseal(body[: length % len(body)], where="here")


def test_a_later_format_asks_for_an_upgrade() -> None:
    """Its seal is right, and this version cannot know what it means."""
    found = note(PLACE, Outcome(command(), "applied"), at=1.0, until=2.0)

    with pytest.raises(RecordError, match="format 2, this version of xorca reads 1: upgrade"):
        unseal(seal(msgspec.structs.replace(found, format=2)), where="here")


def test_what_is_sealed_and_no_memory_is_seen() -> None:
    """A record of a process has the same seal and other fields."""

    class Other(msgspec.Struct):
        format: int = 1

    with pytest.raises(RecordError, match="cannot be read"):
        unseal(seal(Other()), where="here")  # type: ignore[arg-type]


def test_an_event_that_was_tampered_with_and_sealed_is_seen() -> None:
    """What is sent again passes the reader that everything from outside passes."""
    found = note(PLACE, Outcome(command(), "applied"), at=1.0, until=2.0)
    forged = msgspec.structs.replace(found, sent=[msgspec.Raw(b'{"specversion":"1.0"}')])

    with pytest.raises(RecordError, match="cannot be read"):
        again(forged, PLACE, command())


@pytest.mark.parametrize(
    "sent", [answer(b"[" * 100 + b"]" * 100), answer(b'"%s"' % (b"x" * 1_100_000))]
)
def test_what_no_reader_takes_is_not_noted(sent: Event) -> None:
    """It would be found out only when it is needed."""
    with pytest.raises(PayloadError, match="no reader takes"):
        note(PLACE, Outcome(command(), "applied", sent=(sent,)), at=1.0, until=2.0)


@given(st.text(min_size=1, max_size=300), st.text(max_size=50), st.text(min_size=1, max_size=300))
def test_every_key_can_be_stored(source: str, group: str, event_id: str) -> None:
    """Whatever the fleet and the event are named; two fleets never share a prefix."""
    place = Place(source, group)

    key = place.key(command(id=event_id))

    check_key(key)
    assert key.startswith(place.prefix)
    assert "//" not in key
    assert place.prefix != Place(source + "x", group).prefix
