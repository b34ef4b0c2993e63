"""What the events of this example carry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BookRequest:
    book_id: str


@dataclass(frozen=True)
class FetchBook:
    book_id: str


@dataclass(frozen=True)
class BookFetched:
    text: str


@dataclass(frozen=True)
class CreateSummary:
    text: str


@dataclass(frozen=True)
class SummaryCreated:
    summary: str


@dataclass(frozen=True)
class CheckText:
    text: str


@dataclass(frozen=True)
class Verdict:
    ok: bool
    why: str = ""


@dataclass(frozen=True)
class BookSummarised:
    book_id: str
    summary: str
    ok: bool


@dataclass(frozen=True)
class Failure:
    reason: str
