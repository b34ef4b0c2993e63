"""Orchestrators to be played with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xorca import Final, Orchestrator, State, after, all_of, anywhere, emit, end, on, start, stay


@dataclass
class BookRequest:
    book_id: str


@dataclass
class FetchBook:
    book_id: str


@dataclass
class BookFetched:
    text: str


@dataclass
class CheckText:
    text: str


@dataclass
class Verdict:
    ok: bool


@dataclass
class Failure:
    reason: str


@dataclass
class Summarised:
    book_id: str
    ok: bool


class BookSummary(Orchestrator, name="books.summary"):
    """Fetch a book, check it twice in parallel."""

    book_id: str = ""

    @start
    @emit("cmd.books.fetch")
    def begin(self, request: BookRequest) -> FetchBook:
        self.book_id = request.book_id
        return FetchBook(request.book_id)

    @on("evt.books.fetch.success")
    @emit("cmd.grammar.check", "cmd.regulations.check")
    def check(self, book: BookFetched) -> tuple[CheckText, CheckText]:
        if not book.text:
            raise ValueError("an empty book cannot be checked")
        return CheckText(book.text), CheckText(book.text)

    @on(all_of("evt.grammar.check.success", "evt.regulations.check.success"), to=end)
    @emit("notif.books.summarised")
    def finish(self, grammar: Verdict, regulations: Verdict) -> Summarised:
        return Summarised(self.book_id, grammar.ok and regulations.ok)

    @on("evt.*.error", "evt.*.timeout", to=end)
    @emit("notif.books.failed")
    def fail(self, why: Failure) -> Failure:
        return why

    @after(timedelta(minutes=15), to=end)
    @emit("notif.books.failed")
    def too_late(self) -> Failure:
        return Failure("a service did not answer in 15 minutes")


@dataclass
class Order:
    photos: list[str]


@dataclass
class Photo:
    name: str


@dataclass
class Resized:
    url: str


@dataclass
class Album:
    urls: list[str]


class AlbumPublish(Orchestrator, name="album.publish"):
    """Resize every photo in parallel; answer when the last one is back."""

    note: str = ""

    @start("cmd.album.publish")
    @emit("cmd.photo.resize")
    def resizing(self, order: Order) -> list[Photo]:
        return [Photo(name) for name in order.photos]

    @on("evt.photo.resize.success", to=end)
    @emit("evt.album.publish.success")
    def published(self, photos: list[Resized]) -> Album:
        return Album([photo.url for photo in photos])

    @on("notif.album.noted", at=anywhere, to=stay)
    def noted(self, note: Failure) -> None:
        self.note = note.reason


class Exhibition(Orchestrator, name="exhibition"):
    """Have an album published by whoever serves that."""

    publishing = State()
    open = Final()
    closed = Final()

    urls: list[str]

    @start(to=publishing)
    @emit("cmd.album.publish")
    def begin(self, order: Order) -> Order:
        self.urls = []
        return order

    @on("evt.album.publish.success", at=publishing, to=open)
    def opened(self, album: Album) -> None:
        self.urls = album.urls

    @on("evt.album.publish.error", at=publishing, to=closed)
    def stay_closed(self, why: Failure) -> None: ...


class Reminder(Orchestrator, name="reminder"):
    """Ask once an hour; give up after two and a half."""

    asking = State()
    answered = Final()
    given_up = Final()

    asked: int = 0

    @start(to=asking)
    @emit("cmd.human.ask")
    def begin(self) -> Photo:
        self.asked = 1
        return Photo("question 1")

    @after(timedelta(hours=1), at=asking, to=asking)
    @emit("cmd.human.ask")
    def again(self) -> Photo:
        self.asked += 1
        return Photo(f"question {self.asked}")

    @on("evt.human.ask.success", at=asking, to=answered)
    def thank(self) -> None: ...

    @after(timedelta(hours=2, minutes=30), to=given_up)
    def give_up(self) -> None: ...
