"""The service that fetches books: chapters of Python's own help, or files of a library."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from examples.book_summary.desk import LONGEST, at_work
from examples.book_summary.payloads import BookFetched, FetchBook
from examples.book_summary.prose import prose_of
from xorca.fleet import Call, Fleet, Refusal

LIBRARY = "BOOK_SUMMARY_LIBRARY"
"""The environment variable that names a file, or a folder of files, to read instead."""

_CHAPTERS = """
assert assignment augassign binary bitwise booleans break calls class continue debugger del dict
dynamic-features exceptions for function global import lambda lists nonlocal raise while with
"""
CHAPTERS = tuple(_CHAPTERS.split())
"""Chapters that every Python has, each with some sentences of prose."""

DOUBLED, ADDRESSED = "while", "with"
PLANTED = {
    DOUBLED: "This chapter was typed in in a hurry.",
    ADDRESSED: "Questions about this chapter go to editor@example.org at any time.",
}
"""First sentences that two chapters are given, so that each check finds something."""

books = Fleet(source="/srvc/books", concurrency=5)


@books.serves("cmd.books.fetch", timeout=LONGEST)
async def fetch(command: FetchBook, call: Call) -> BookFetched:
    async with at_work(call):
        return BookFetched(await asyncio.to_thread(text_of, command.book_id))


def text_of(book_id: str) -> str:
    """Give the prose of a book.

    Raises:
        Refusal: there is no such book, or it has no prose.
    """
    library = os.environ.get(LIBRARY)
    page = _file(Path(library), book_id) if library else _chapter(book_id)
    text = prose_of(page)
    if not text:
        raise Refusal(f"the book {book_id!r} has no sentence of prose")
    return text


def _chapter(book_id: str) -> str:
    from pydoc_data.topics import topics

    if book_id not in topics:
        raise Refusal(f"there is no book {book_id!r}")
    planted = PLANTED.get(book_id)
    return f"{planted}\n\n{topics[book_id]}" if planted else topics[book_id]


def books_in(library: Path) -> list[str]:
    """Give the books of a library: its one file, or the text files of a folder."""
    if library.is_file():
        return [library.name]
    kinds = {".txt", ".md", ".rst"}
    return sorted(path.name for path in library.glob("*") if path.suffix in kinds)


def _file(library: Path, book_id: str) -> str:
    if book_id not in books_in(library):
        raise Refusal(f"there is no book {book_id!r} in this library")
    path = library if library.is_file() else library / book_id
    return path.read_text(encoding="utf-8", errors="replace")
