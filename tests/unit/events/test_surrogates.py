"""A surrogate without its partner is named in the error."""

from __future__ import annotations

import pytest

from xorca.errors import InvalidEvent
from xorca.events import read_binary, read_event

EVENT = '{"specversion":"1.0","id":"1","source":"/a","type":"t"%s}'


@pytest.mark.parametrize(
    ("members", "alone"),
    [
        (r',"data":"\ud800"', r"\ud800"),
        (r',"data":{"a":"\uD83Dx"}', r"\uD83D"),
        (r',"subject":"a\udc00b"', r"\udc00"),
        (r',"data":"\ud83d\ude00 \ude00"', r"\ude00"),
        (r',"data":"\\\\\ud900"', r"\ud900"),
    ],
)
def test_the_lone_surrogate_is_named(members: str, alone: str) -> None:
    """Not only that the text ends too early."""
    with pytest.raises(InvalidEvent, match="lone surrogate") as caught:
        read_event(EVENT % members)

    assert alone in str(caught.value)


@pytest.mark.parametrize("text", [r"\ud83d\ude00", r"\\ud800"])
def test_pairs_and_escaped_backslashes_are_right(text: str) -> None:
    """A pair is one character; after two backslashes there is no escape."""
    assert read_event(EVENT % f',"data":"{text}"').payload()


def test_in_binary_mode_too() -> None:
    """The body is the data."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "t"}
    headers["content-type"] = "application/json"

    with pytest.raises(InvalidEvent, match="lone surrogate"):
        read_binary(headers, rb'"\ud800"')
