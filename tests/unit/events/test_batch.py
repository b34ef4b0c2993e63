"""Batches: what a bad member costs the others, and what a whole batch is refused for."""

from __future__ import annotations

import pytest

from xorca.errors import InvalidEvent
from xorca.events import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES, Event, read_batch

GOOD = b'{"specversion":"1.0","id":"1","source":"/s","type":"a"}'


def reason_of(body: bytes) -> str:
    """Give the reason for which a whole batch is refused."""
    with pytest.raises(InvalidEvent) as caught:
        read_batch(body)
    return caught.value.reason


def test_empty() -> None:
    """An empty array is a batch of no events."""
    assert read_batch(b" [ ] ") == []


NO_ARRAYS = [
    b"",
    b" ",
    GOOD,
    b'"[]"',
    b"null",
    b"[",
    b"]",
    b"[" + GOOD,
    b"[" + GOOD + b",",
    b"[" + GOOD + b",]",
    b"[," + GOOD + b"]",
    b"[" + GOOD + b"]]",
    b"[" + GOOD + b"] x",
    b"[" + GOOD + b"][" + GOOD + b"]",
    b'["' + b'\\"' * 1_000 + b"]",
    b"\xef\xbb\xbf[]",
    b"[" + b"[" * 100_000,
]


@pytest.mark.parametrize("body", NO_ARRAYS, ids=range(len(NO_ARRAYS)))
def test_refuses_what_is_no_array(body: bytes) -> None:
    """A body that is no JSON array is refused as a whole."""
    assert reason_of(body) == "malformed"


@pytest.mark.parametrize("member", [b"1", b"null", b'"x"', b"[]", b"{}", b"true"])
def test_members_that_are_no_events(member: bytes) -> None:
    """A member of another kind is refused in its place."""
    first, second = read_batch(b"[" + member + b"," + GOOD + b"]")

    assert isinstance(first, InvalidEvent)
    assert isinstance(second, Event)


HARD = {
    "very deep": b"[" * 100_000 + b"]" * 100_000,
    "very deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a lone surrogate": GOOD[:-1] + b',"data":"\\ud800, [{"}',
    "no JSON": b'{"data":nul, "b":"],[\\""}',
    "bad UTF-8": GOOD[:-1] + b',"data":"\xff"}',
}


@pytest.mark.parametrize("member", HARD.values(), ids=HARD)
def test_members_that_stop_a_parser(member: bytes) -> None:
    """A member that no parser passes costs the others nothing."""
    first, second, third = read_batch(b"[" + GOOD + b"," + member + b"," + GOOD + b"]")

    assert isinstance(second, InvalidEvent)
    assert isinstance(first, Event)
    assert first == third


def test_most_members() -> None:
    """A batch of exactly the greatest number of members is read."""
    batch = read_batch(b"[" + b",".join([GOOD] * MAX_BATCH_EVENTS) + b"]")

    assert len(batch) == MAX_BATCH_EVENTS


@pytest.mark.parametrize("member", [GOOD, b"0", b'"\\ud800"'])
def test_refuses_more_members(member: bytes) -> None:
    """One member more is refused for its size, whatever the members are."""
    assert reason_of(b"[" + b",".join([member] * (MAX_BATCH_EVENTS + 1)) + b"]") == "too-large"


def test_refuses_more_bytes() -> None:
    """A batch is refused by its size before anything else."""
    assert reason_of(b"[" + b" " * MAX_BATCH_BYTES) == "too-large"


def test_large_member() -> None:
    """A member that is too large alone is too large in a batch, and costs the others nothing."""
    large = GOOD[:-1] + b',"data":"' + b"x" * MAX_EVENT_BYTES + b'"}'

    first, second = read_batch(b"[" + large + b"," + GOOD + b"]")

    assert isinstance(first, InvalidEvent)
    assert first.reason == "too-large"
    assert isinstance(second, Event)


def test_too_much_of_a_broken_batch() -> None:
    """A batch that no parser passes is not searched for ever."""
    with pytest.raises(InvalidEvent, match="smaller batches") as caught:
        read_batch(b'["\\ud800",[' + b"[]," * 600_000 + b"0]]")

    assert caught.value.reason == "malformed"
