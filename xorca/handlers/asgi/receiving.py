"""``POST /``: CloudEvents in, and what they lead to out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from starlette.responses import Response

from xorca.errors import InvalidEvent
from xorca.events import Event, read_binary, read_event, read_http
from xorca.handlers.asgi.accepting import Wish, wish_of
from xorca.handlers.asgi.answers import empty_response, json_response
from xorca.handlers.asgi.gate import Asked, Gate
from xorca.handlers.asgi.problems import HttpProblem
from xorca.handlers.asgi.reports import Done, done_with, report_of
from xorca.handlers.asgi.verdicts import malformed
from xorca.handlers.asgi.writing import BATCH, STRUCTURED, Mode, events_response
from xorca.ports import Bus
from xorca.runtime.outcome import Outcome

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]*)', re.IGNORECASE)
_UTF8 = ("utf-8", "utf8", "us-ascii")
_WRITTEN = {STRUCTURED: Mode.STRUCTURED, BATCH: Mode.BATCH}
_CACHEABLE = 256


class Handling(Protocol):
    """What takes events: a Runtime or a Fleet."""

    @property
    def bus(self) -> Bus | None:
        """Where emitted events go; None: to whoever sent the event."""
        ...

    async def handle(self, *events: Event) -> list[Outcome]:
        """Give one outcome an event, in order."""
        ...


class Receiver:
    """Takes the events of requests.

    Args:
        handling: What takes the events.
        gate: What counts them by their sources.
        pass_over: Answer 202 for an event that nobody here hears, instead of 404.
    """

    __slots__ = ("_gate", "_handling", "_pass_over")

    def __init__(self, handling: Handling, gate: Gate, *, pass_over: bool) -> None:
        self._handling, self._gate, self._pass_over = handling, gate, pass_over

    @property
    def replies(self) -> bool:
        """Whether what is emitted goes back in the response."""
        return self._handling.bus is None

    async def receive(self, asked: Asked) -> Response:
        """Take the events of a request and answer it."""
        headers = asked.heads.of_event()
        came_as = _mode_of(headers.get("content-type", ""))
        members = _members(came_as, headers, asked.body)
        if len(members) > self._gate.limits.batch:
            most = self._gate.limits.batch
            raise HttpProblem(413, "too-large", f"The batch has more than {most} events.")
        wish = wish_of(asked.heads.get(b"accept")[:4096], came_as)
        if came_as is Mode.BATCH:
            return self._answer_batch(await self._take_all(members), wish)
        return self._answer_one(await self.take(members[0]), wish)

    async def take(self, member: Event | InvalidEvent) -> Done:
        """Apply the one event of a request."""
        if isinstance(member, InvalidEvent):
            return done_with(member, None)
        self._gate.check_sources([member.source])
        (outcome,) = await self._handling.handle(member)
        return done_with(member, outcome)

    async def _take_all(self, members: Sequence[Event | InvalidEvent]) -> list[Done]:
        """Apply the events among the members of a batch."""
        if len(members) == 1:
            return [await self.take(members[0])]
        events = [member for member in members if isinstance(member, Event)]
        self._gate.check_sources([event.source for event in events])
        outcomes = iter(await self._handling.handle(*events) if events else ())
        return [done_with(m, next(outcomes) if isinstance(m, Event) else None) for m in members]

    # -- answering --------------------------------------------------------------

    def problem(self, done: Done) -> HttpProblem:
        """Give the problem of an event that was not taken."""
        problem = done.answer.problem()
        if self.replies and done.sent and problem.status != 503:
            problem.more["emitted"] = report_of([done], emitted=True)[0]["emitted"]
        return problem

    def _answer_one(self, done: Done, wish: Wish) -> Response:
        if not self._is_fine(done):
            raise self.problem(done)
        assert done.outcome is not None  # it is an event
        said = {"xorca-outcome": done.outcome.status}
        if wish.report:
            (line,) = report_of([done], emitted=self.replies)
            return json_response(line, done.answer.status if done.answer.ok else 202, headers=said)
        if not (self.replies and done.sent):
            return empty_response(202, headers=said)
        return events_response(done.sent, wish.mode, headers=said)

    def _answer_batch(self, done: list[Done], wish: Wish) -> Response:
        report = report_of(done, emitted=self.replies)
        again = next((one for one in done if one.answer.status == 503), None)
        if again is not None:
            raise _about(again.answer.problem(), report)
        bad = [one.answer for one in done if not self._is_fine(one)]
        if bad and len(bad) == len(done) and len({answer.status for answer in bad}) == 1:
            detail = f"No event of the batch was taken; of the first: {bad[0].detail}"
            raise _about(HttpProblem(bad[0].status, bad[0].kind, detail), report)
        if wish.report or bad:
            return json_response(report, 207 if bad else 200)
        # An event that stands in the batch twice led to its events once.
        sent = list({event.key: event for one in done for event in one.sent}.values())
        if not (self.replies and sent):
            return empty_response(202)
        return events_response(sent, wish.mode)

    def _is_fine(self, done: Done) -> bool:
        passed = self._pass_over and done.outcome is not None and done.outcome.status == "foreign"
        return done.answer.ok or passed


def _classify(content_type: str) -> tuple[Mode, bool]:
    """Say how events of this content type are written, and whether they are readable here."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in _WRITTEN:
        return Mode.BINARY, True
    charset = _CHARSET.search(content_type)
    return _WRITTEN[media_type], charset is None or charset[1].lower() in _UTF8


_known = lru_cache(maxsize=256)(_classify)


def _mode_of(content_type: str) -> Mode:
    """Say how events of this content type are written.

    Raises:
        HttpProblem: they are not in UTF-8.
    """
    known = _known if len(content_type) <= _CACHEABLE else _classify
    mode, is_readable = known(content_type)
    if not is_readable:
        raise HttpProblem(415, "unsupported", "The events are not in UTF-8; encode them anew.")
    return mode


def _members(mode: Mode, headers: dict[str, str], body: bytes) -> list[Event | InvalidEvent]:
    try:
        if mode is Mode.STRUCTURED:
            return [read_event(body)]
        if mode is Mode.BINARY and _is_binary(headers):
            return [read_binary(headers, body)]
        return read_http(headers, body)  # a batch, or a sentence that says what is wrong
    except InvalidEvent as exc:
        raise malformed(exc).problem() from None


def _is_binary(headers: dict[str, str]) -> bool:
    """Tell whether there is an event in the headers.

    Raises:
        HttpProblem: there is part of one.
    """
    if headers.get("content-type", "").lower().startswith("application/cloudevents"):
        return False
    if "ce-specversion" in headers:
        return True
    if any(name.startswith("ce-") for name in headers):
        raise HttpProblem(
            400, "missing-attribute", 'The header ce-specversion is missing; send "1.0".'
        )
    return False


def _about(problem: HttpProblem, report: list[dict[str, object]]) -> HttpProblem:
    problem.more["outcomes"] = report
    return problem
