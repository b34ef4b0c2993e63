"""Fetch a book, summarise it, check the summary twice: an orchestrator and its services."""

from __future__ import annotations

from examples.book_summary.books import books
from examples.book_summary.checks import grammar, regulations
from examples.book_summary.orchestrator import BookSummary
from examples.book_summary.summaries import summaries

__all__ = ["BookSummary", "books", "grammar", "regulations", "summaries"]
