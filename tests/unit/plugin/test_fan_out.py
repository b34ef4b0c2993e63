"""Answers to the items of a fan-out, early events, and sub-orchestrations."""

from __future__ import annotations

import pytest

from tests.unit.plugin.sample import (
    Album,
    AlbumPublish,
    BookFetched,
    BookRequest,
    BookSummary,
    Exhibition,
    Failure,
    Order,
    Photo,
    Resized,
    Verdict,
)
from xorca_contrib.testing import Orchestra, XorcaTestError


async def test_items_are_answered_one_after_another(orchestra: Orchestra) -> None:
    """Without item= each answer goes to the next command without one."""
    process = await orchestra.start(AlbumPublish, Order(["a", "b"]))

    await process.answer("evt.photo.resize.success", Resized("1"))
    left = list(process.awaited)
    await process.answer("evt.photo.resize.success", Resized("2"))

    assert left == ["cmd.photo.resize"]
    assert process.sent == [
        ("cmd.photo.resize", Photo("a")),
        ("cmd.photo.resize", Photo("b")),
        ("evt.album.publish.success", Album(["1", "2"])),
    ]


async def test_an_item_can_be_chosen(orchestra: Orchestra) -> None:
    """With item= answers come in any order; the join has the order of sending."""
    process = await orchestra.start(AlbumPublish, Order(["a", "b", "c"]))

    for item in (2, 0, 1):
        await process.answer("evt.photo.resize.success", Resized(f"url {item}"), item=item)

    assert process.sent[-1].payload == Album(["url 0", "url 1", "url 2"])


async def test_an_item_is_answered_once(orchestra: Orchestra) -> None:
    """Asking for one that was answered lists those that were not."""
    process = await orchestra.start(AlbumPublish, Order(["a", "b", "c"]))
    await process.answer("evt.photo.resize.success", Resized("1"), item=1)

    with pytest.raises(XorcaTestError, match=r"item 1 of 'cmd.photo.resize'.*these do: 0, 2"):
        await process.answer("evt.photo.resize.success", Resized("1"), item=1)


async def test_the_answer_of_a_fan_out_needs_its_causation(orchestra: Orchestra) -> None:
    """A service that loses causationid can be tried."""
    process = await orchestra.start(AlbumPublish, Order(["a", "b"]))

    outcome = await process.answer(
        "evt.photo.resize.success", Resized("1"), causation=False, expect="dead"
    )

    assert outcome.reason == "no-causation"


async def test_an_event_that_answers_nothing_is_heard(orchestra: Orchestra) -> None:
    """hear() carries the subject of the process."""
    process = await orchestra.start(AlbumPublish, Order(["a"]))

    outcome = await process.hear("notif.album.noted", Failure("lovely"))

    assert outcome.status == "applied"
    assert process.memory.note == "lovely"


async def test_an_event_that_no_state_hears_is_an_error(orchestra: Orchestra) -> None:
    """A misspelt name does not pass in silence."""
    process = await orchestra.start(AlbumPublish, Order(["a"]))

    with pytest.raises(XorcaTestError, match="heard by no class"):
        await process.hear("notif.album.notted", Failure("lovely"))


async def test_a_command_starts_a_served_child(orchestra: Orchestra) -> None:
    """A sub-orchestration is started by the command and answers it."""
    orchestra.serve(AlbumPublish)
    parent = await orchestra.start(Exhibition, Order(["a"]))
    child = orchestra.process(AlbumPublish)

    await child.answer("evt.photo.resize.success", Resized("1"))

    assert child.sent[-1] == ("evt.album.publish.success", Album(["1"]))
    assert (parent.state, parent.memory.urls) == ("open", ["1"])


async def test_a_child_that_is_not_served_is_answered_by_the_test(orchestra: Orchestra) -> None:
    """Without serve() the child is a command like any other."""
    parent = await orchestra.start(Exhibition, Order(["a"]))

    await parent.answer("evt.album.publish.success", Album(["by hand"]))

    assert parent.memory.urls == ["by hand"]
    assert orchestra.processes == [parent]


async def test_a_process_that_was_not_started_is_not_found(orchestra: Orchestra) -> None:
    """The error says which processes there are."""
    await orchestra.start(BookSummary, BookRequest("b-1"), process_id="x")

    with pytest.raises(XorcaTestError, match=r"there are: books\.summary/1\.0\.0/x"):
        orchestra.process(AlbumPublish)


async def test_one_of_several_processes_is_found_by_its_id(orchestra: Orchestra) -> None:
    """Several processes of one class are told apart by their ids."""
    await orchestra.start(BookSummary, BookRequest("b-1"), process_id="x")
    second = await orchestra.start(BookSummary, BookRequest("b-2"), process_id="y")

    assert orchestra.process(BookSummary, "y") is second
    with pytest.raises(XorcaTestError, match=r"2 processes of 'books\.summary' fit"):
        orchestra.process(BookSummary)


async def test_an_answer_given_twice_counts_once(orchestra: Orchestra) -> None:
    """twice=True delivers the same bytes again, and nothing may change by it."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched("text"), twice=True)

    await process.answer("evt.grammar.check.success", Verdict(True), twice=True)

    assert process.awaited == ["cmd.regulations.check"]
    assert len(process.history) == 3
