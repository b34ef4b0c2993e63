"""Identities and topics: short, stable, and different where their parts are."""

from __future__ import annotations

import pytest

from xorca.events import Topic, derived_id, event_key

PARTS = [("a", "b"), ("ab", ""), ("", "ab"), ("b", "a"), ("A", "b"), ("a", "\ud800")]

KEY = "+DZ+ytzQSsDg32BE"
ID = "7a3h5sw42bfmbyg7mbcauyiajv"


def test_keys_differ() -> None:
    """Different pairs of source and id have different keys of 16 characters."""
    keys = {event_key(*parts) for parts in PARTS}

    assert [len(key) for key in keys] == [16] * len(PARTS)


def test_derived_ids_differ() -> None:
    """Different parts give different ids of lower-case letters and digits."""
    ids = {derived_id(*parts) for parts in PARTS}

    assert len(ids) == len(PARTS)
    assert all(len(text) == 26 and text.isalnum() and text == text.lower() for text in ids)


@pytest.mark.parametrize("length", [8, 26, 52])
def test_derived_id_is_stable(length: int) -> None:
    """The same parts give the same id, of the length that is asked for."""
    whole = derived_id("books", "1", length=52)

    assert derived_id("books", "1", length=length) == whole[:length]
    assert len(whole) == 52


def test_known_values() -> None:
    """Keys and ids that are stored today are found again tomorrow."""
    assert (event_key("/s", "1"), derived_id("/s", "1")) == (KEY, ID)


def test_topic_is_its_name() -> None:
    """A topic reads as its wire name."""
    assert str(Topic("cmd.books.fetch", dict)) == "cmd.books.fetch"
