"""A function that cannot serve is refused where it is decorated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.fleet.stage import BookFetched, FetchBook, command, make_fleet
from xorca import Topic
from xorca.errors import ConfigurationError, DefinitionError
from xorca.fleet import Call, Fleet


class NoJson:
    """Nothing that could be written as JSON."""


async def fetch(command: FetchBook) -> BookFetched:
    return BookFetched(command.book_id)


def codes(decorate: Callable[[], Any]) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        decorate()
    assert all(problem.cause and problem.cure for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def test_the_function_itself_is_given_back() -> None:
    """A served function can still be called and tested as it is."""
    fleet, _ = make_fleet()

    assert fleet.serves("cmd.books.fetch")(fetch) is fetch


def test_a_function_that_is_not_async_is_refused() -> None:
    """F01 names the function, its place and the cure."""
    fleet, _ = make_fleet()

    def slow(command: FetchBook) -> BookFetched:
        return BookFetched("")

    with pytest.raises(DefinitionError, match=r"F01 .*slow' is no async function") as caught:
        fleet.serves("cmd.books.fetch")(slow)  # type: ignore[type-var]
    assert "test_registration.py:" in caught.value.problems[0].place
    assert "async def" in caught.value.problems[0].cure


def test_an_async_generator_is_refused() -> None:
    """Several values are no answer."""
    fleet, _ = make_fleet()

    async def many(command: FetchBook) -> Any:
        yield BookFetched("")

    assert codes(lambda: fleet.serves("cmd.books.fetch")(many)) == ["F01"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("evt.books.fetch.success", "by @on"),
        ("sys.alarm", "by @on"),
        ("notif.books.ready", "observes"),
        ("cmd.books.*", "by its own name"),
        ("books.fetch", "cmd.books.fetch"),
        ("cmd.", "cmd.books.fetch"),
        ("cmd.books fetch", "cmd.books.fetch"),
        ("cmd." + "x" * 190, "cmd.books.fetch"),
    ],
)
def test_what_is_no_command_is_refused(name: str, hint: str) -> None:
    """F02 says what such a name is for."""
    fleet, _ = make_fleet()

    with pytest.raises(DefinitionError, match="F02") as caught:
        fleet.serves(name)(fetch)

    assert hint in caught.value.problems[0].cure


def test_two_handlers_of_one_command_are_refused() -> None:
    """F03 names both; the first stays."""
    fleet, _ = make_fleet()
    fleet.serves("cmd.books.fetch")(fetch)

    async def other(command: FetchBook) -> BookFetched:
        return BookFetched("")

    with pytest.raises(DefinitionError, match=r"F03 'fetch' .*other'"):
        fleet.serves("cmd.books.fetch")(other)
    assert fleet.commands == ("cmd.books.fetch",)


def test_a_missing_annotation_is_refused() -> None:
    """F04 for the payload and F04 for the return value, both at once."""
    fleet, _ = make_fleet()

    async def bare(command):  # type: ignore[no-untyped-def]
        return command

    assert codes(lambda: fleet.serves("cmd.books.fetch")(bare)) == ["F04", "F04"]


def test_an_annotation_that_names_nothing_is_refused() -> None:
    """F05 says which name is unknown."""
    fleet, _ = make_fleet()

    async def lost(command: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Take what does not exist."""

    with pytest.raises(DefinitionError, match=r"F05 .*Nowhere"):
        fleet.serves("cmd.books.fetch")(lost)


def test_an_annotation_without_json_form_is_refused() -> None:
    """F06 for what goes in and for what goes out."""
    fleet, _ = make_fleet()

    async def odd(command: NoJson) -> list[NoJson]:
        return [command]

    assert codes(lambda: fleet.serves("cmd.books.fetch")(odd)) == ["F06", "F06"]


def test_two_payloads_are_refused() -> None:
    """F07: one command has one payload."""
    fleet, _ = make_fleet()

    async def two(a: FetchBook, b: FetchBook) -> None:
        """Take too much."""

    assert codes(lambda: fleet.serves("cmd.books.fetch")(two)) == ["F07"]


def test_keyword_only_parameters_are_refused() -> None:
    """F07: nobody would fill them."""
    fleet, _ = make_fleet()

    async def keyed(command: FetchBook, *, more: int) -> None:
        """Take what nobody gives."""

    assert codes(lambda: fleet.serves("cmd.books.fetch")(keyed)) == ["F07"]


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(seconds=-1), 30])
def test_a_timeout_that_leaves_no_time_is_refused(timeout: Any) -> None:
    """F08: a positive timedelta is needed."""
    fleet, _ = make_fleet()

    assert codes(lambda: fleet.serves("cmd.a.b", timeout=timeout)(fetch)) == ["F08"]


def test_all_problems_come_at_once() -> None:
    """A wrong name, a wrong time and a wrong type are said in one error."""
    fleet, _ = make_fleet()

    async def odd(command: NoJson) -> None:
        """Take what has no JSON form."""

    found = codes(lambda: fleet.serves("evt.a.b", timeout=timedelta(0))(odd))

    assert found == ["F02", "F08", "F06"]


def test_a_pattern_that_is_none_is_refused() -> None:
    """Observers take names and patterns, and nothing else."""
    fleet, _ = make_fleet()

    async def hear(payload: Any) -> None:
        """Hear it."""

    assert codes(lambda: fleet.observes("notif.bo*ks")(hear)) == ["F02"]


def test_payload_classes_may_be_local() -> None:
    """Annotations are looked up where the decorator stands."""
    fleet, _ = make_fleet()

    class Local(FetchBook):
        """A payload class that only this function knows."""

    @fleet.serves("cmd.books.fetch")
    async def serve(call: Call, command: Local) -> None:
        """Serve it."""

    assert fleet.commands == ("cmd.books.fetch",)


def test_a_topic_names_the_command() -> None:
    """A shared contract can be used in place of its name."""
    fleet, _ = make_fleet()

    fleet.serves(Topic("cmd.books.fetch", FetchBook))(fetch)

    assert fleet.commands == ("cmd.books.fetch",)


def test_patterns_are_everything_that_is_heard() -> None:
    """Commands and observed patterns, each once and in order."""
    fleet, _ = make_fleet()

    async def hear(payload: Any) -> None:
        """Hear it."""

    fleet.serves("cmd.books.fetch")(fetch)
    fleet.observes("notif.*")(hear)
    fleet.observes("notif.*")(hear)

    assert fleet.patterns == ("cmd.books.fetch", "notif.*")


@pytest.mark.parametrize("source", ["", "two words", "/a\n", "x" * 2000])
def test_a_source_that_is_no_uri_reference_is_refused(source: str) -> None:
    """A fleet whose answers nobody could read is not made."""
    with pytest.raises(ConfigurationError, match="Fleet"):
        Fleet(source)


def test_a_fleet_without_hands_is_refused() -> None:
    """A concurrency of 0 would wait for ever."""
    with pytest.raises(ConfigurationError, match="concurrency=0"):
        Fleet("/srvc/books", concurrency=0)


def test_the_worker_group_is_the_source_unless_named() -> None:
    """Two processes with one source share the work by default."""
    assert Fleet("/srvc/books").name == "/srvc/books"
    assert Fleet("/srvc/books", name="books").name == "books"


def test_a_fleet_serves_one_loop_after_the_other() -> None:
    """A function host that makes a loop for every call can keep one fleet."""
    fleet, _ = make_fleet(concurrency=1)
    fleet.serves("cmd.books.fetch")(fetch)

    async def three() -> list[str]:
        found = await fleet.handle(*[command(id=str(number)) for number in range(3)])
        return [outcome.status for outcome in found]

    assert [asyncio.run(three()) for _ in range(2)] == [["applied"] * 3] * 2


@pytest.mark.parametrize("kind", ["serves", "observes"])
@pytest.mark.parametrize("name", [fetch, None, 3])
def test_a_decorator_without_a_name_is_refused(kind: str, name: Any) -> None:
    """F02: ``@fleet.serves`` without parentheses would serve nothing, silently."""
    fleet, _ = make_fleet()

    assert codes(lambda: getattr(fleet, kind)(name)) == ["F02"]


@pytest.mark.parametrize("source", [None, 3])
def test_a_source_that_is_no_text_is_refused(source: Any) -> None:
    """The sentence says what to write."""
    with pytest.raises(ConfigurationError, match="write source='/srvc/books'"):
        Fleet(source=source)
