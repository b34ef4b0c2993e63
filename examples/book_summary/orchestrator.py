"""The orchestrator: what it hears, what it decides, what it remembers."""

from __future__ import annotations

from datetime import timedelta

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
from xorca import Orchestrator, after, all_of, emit, end, on, start


class BookSummary(Orchestrator, name="books.summary", version="1.0.0"):
    """Fetch a book, summarise it, check the summary twice in parallel."""

    book_id: str = ""
    summary: str = ""

    @start
    @emit("cmd.books.fetch")
    def begin(self, request: BookRequest) -> FetchBook:
        self.book_id = request.book_id
        return FetchBook(request.book_id)

    @on("evt.books.fetch.success")
    @emit("cmd.summary.create")
    def summarise(self, book: BookFetched) -> CreateSummary:
        return CreateSummary(book.text)

    @on("evt.summary.create.success")
    @emit("cmd.grammar.check", "cmd.regulations.check")
    def check(self, made: SummaryCreated) -> tuple[CheckText, CheckText]:
        self.summary = made.summary
        return CheckText(made.summary), CheckText(made.summary)

    @on(all_of("evt.grammar.check.success", "evt.regulations.check.success"), to=end)
    @emit("notif.books.summarised")
    def finish(self, grammar: Verdict, regulations: Verdict) -> BookSummarised:
        return BookSummarised(self.book_id, self.summary, grammar.ok and regulations.ok)

    @on("evt.*.error", "evt.*.timeout", to=end)
    @emit("notif.books.failed")
    def fail(self, why: Failure) -> Failure:
        return why

    @after(timedelta(minutes=15), to=end)
    @emit("notif.books.failed")
    def too_late(self) -> Failure:
        return Failure("a service did not answer in 15 minutes")
