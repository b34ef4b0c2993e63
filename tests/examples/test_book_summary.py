"""The orchestrator of the example, and its services by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.book_summary import BookSummary, books, grammar, regulations, summaries
from examples.book_summary.books import ADDRESSED, CHAPTERS, DOUBLED, LIBRARY, text_of
from examples.book_summary.checks import grammar_of, regulations_of
from examples.book_summary.payloads import (
    BookFetched,
    BookRequest,
    BookSummarised,
    CheckText,
    CreateSummary,
    Failure,
    FetchBook,
    SummaryCreated,
    Verdict,
)
from examples.book_summary.prose import prose_of, sentences
from examples.book_summary.summaries import summarise
from xorca.dsl.advice import advise
from xorca.dsl.orchestrator import plan_of
from xorca.fleet import Refusal

if TYPE_CHECKING:
    from xorca_contrib.testing import Orchestra, ScriptedFleet


async def test_a_book_is_fetched_summarised_and_checked_twice(orchestra: Orchestra) -> None:
    """Each answer gives the next command; both verdicts together give the result."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    await process.answer("evt.books.fetch.success", BookFetched("A text."))
    await process.answer("evt.summary.create.success", SummaryCreated("In short."))
    await process.answer("evt.regulations.check.success", Verdict(True))
    await process.answer("evt.grammar.check.success", Verdict(True))

    assert process.ended
    assert process.sent == [
        ("cmd.books.fetch", FetchBook("b-1")),
        ("cmd.summary.create", CreateSummary("A text.")),
        ("cmd.grammar.check", CheckText("In short.")),
        ("cmd.regulations.check", CheckText("In short.")),
        ("notif.books.summarised", BookSummarised("b-1", "In short.", True)),
    ]


@pytest.mark.parametrize("verdicts", [(True, False), (False, True), (False, False)])
async def test_one_bad_verdict_spoils_the_result(
    orchestra: Orchestra, scripted_fleet: ScriptedFleet, verdicts: tuple[bool, bool]
) -> None:
    """A summary is good only if both checks pass."""
    scripted_fleet.answers("cmd.books.fetch", BookFetched("A text."))
    scripted_fleet.answers("cmd.summary.create", SummaryCreated("In short."))
    scripted_fleet.answers("cmd.grammar.check", Verdict(verdicts[0]))
    scripted_fleet.answers("cmd.regulations.check", Verdict(verdicts[1]))

    process = await orchestra.run(BookSummary, BookRequest("b-1"))

    assert process.sent[-1] == (
        "notif.books.summarised",
        BookSummarised("b-1", "In short.", False),
    )


async def test_a_failed_fetch_ends_in_fail(orchestra: Orchestra) -> None:
    """Whatever service refuses, the process ends and says why."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    await process.answer("evt.books.fetch.error", Failure("gone"))

    assert process.ended
    assert process.state == "fail"
    assert process.sent[-1] == ("notif.books.failed", Failure("gone"))


async def test_silence_ends_after_fifteen_minutes(orchestra: Orchestra) -> None:
    """A service that never answers is noticed."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))

    await process.wait(minutes=15)

    assert process.state == "too_late"


async def test_the_example_is_idempotent(orchestra: Orchestra) -> None:
    """Every event may come twice."""
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.success", BookFetched("A text."))
    await process.answer("evt.summary.create.success", SummaryCreated("In short."))

    await process.assert_idempotent()


def test_there_is_no_advice_on_the_example() -> None:
    """What users copy is beyond reproach."""
    assert advise(plan_of(BookSummary)) == ()


def test_every_command_of_the_orchestrator_is_served() -> None:
    """The fleets of the example serve what its orchestrator sends."""
    served = {name for fleet in (books, summaries, grammar, regulations) for name in fleet.commands}

    assert served == plan_of(BookSummary).commands


def test_there_are_25_chapters_with_real_prose() -> None:
    """Each chapter has enough sentences to pick from."""
    counts = {chapter: len(sentences(text_of(chapter))) for chapter in CHAPTERS}

    assert len(counts) == 25
    assert min(counts.values()) >= 3


def test_exactly_the_planted_chapters_fail_a_check() -> None:
    """Real text passes both checks; each planted sentence survives and fails its own."""
    made = {chapter: summarise(text_of(chapter)) for chapter in CHAPTERS}

    assert [name for name, text in made.items() if not grammar_of(text).ok] == [DOUBLED]
    assert [name for name, text in made.items() if not regulations_of(text).ok] == [ADDRESSED]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It was the the end.", "the word 'the' is doubled"),
        ("It was The the end.", "the word 'The' is doubled"),
        ("Well , yes.", "there is a space in 'l ,'"),
        ("It stops", "the last sentence has no end"),
        ("This is it, is it not?", ""),
        ("We use f(x) and … are done.", ""),
    ],
)
def test_what_the_grammar_check_finds(text: str, why: str) -> None:
    """A doubled word, a loose comma and a missing end; nothing else."""
    assert grammar_of(text) == Verdict(not why, why)


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("Write to a.b+c@example.org today.", False),
        ("Use a decorator, such as @property.", True),
        ("The operator @ multiplies matrices.", True),
    ],
)
def test_what_the_regulations_check_finds(text: str, ok: bool) -> None:
    """An e-mail address is found, an at sign alone is none."""
    assert regulations_of(text).ok is ok


def test_a_summary_keeps_the_first_sentence_and_the_order() -> None:
    """The first sentence stands, then the two heaviest in the order of the text."""
    text = (
        "Books are kept here. Nobody knows why. A library keeps books, and books keep a library."
        " It rains a lot outside. The library keeps its books dry."
    )

    assert summarise(text) == (
        "Books are kept here. A library keeps books, and books keep a library."
        " The library keeps its books dry."
    )


def test_a_text_without_a_sentence_is_refused() -> None:
    """There is nothing to summarise in a list of words."""
    with pytest.raises(Refusal, match="no whole sentence"):
        summarise("alpha beta gamma")


def test_code_lists_and_headings_are_no_prose() -> None:
    """Only paragraphs of sentences are kept, without marks and notes."""
    page = (
        "A *title*\n=========\n\nThe *first* word counts [1] and is\nkept.\n\n"
        "   code()\n\n* one\n* two\n"
    )

    assert prose_of(page) == "The first word counts and is kept."


def test_a_library_of_files_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that the user names is read in place of Python's help."""
    (tmp_path / "note.txt").write_text("This is my own small note.")
    monkeypatch.setenv(LIBRARY, str(tmp_path))

    assert text_of("note.txt") == "This is my own small note."


@pytest.mark.parametrize("book", ["../secret.txt", "missing.txt", "note.pdf"])
def test_nothing_outside_the_library_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, book: str
) -> None:
    """A book id is a name in the library, never a path."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "note.pdf").write_text("Some text is in this file.")
    (tmp_path / "secret.txt").write_text("Nobody may read this text.")
    monkeypatch.setenv(LIBRARY, str(library))

    with pytest.raises(Refusal, match="no book"):
        text_of(book)
