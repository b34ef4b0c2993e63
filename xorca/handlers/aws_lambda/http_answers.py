"""Answers to HTTP requests, in the form that Lambda wants; no web framework is needed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from xorca.errors import InvalidEvent
from xorca.events import Event
from xorca.handlers.asgi.problems import MEDIA_TYPE, HttpProblem, again
from xorca.handlers.asgi.reports import Done, done_with, report_of
from xorca.handlers.aws_lambda.taking import Taken
from xorca.runtime.outcome import Outcome

_BATCH, _STRUCTURED = "application/cloudevents-batch+json", "application/cloudevents+json"
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A response, before it has the form of any one of AWS's services."""

    status: int
    headers: Headers = field(default=())
    body: bytes = b""

    def as_lambda(self, *, several: bool) -> dict[str, object]:
        """Give it as Lambda wants it; ``several``: with ``multiValueHeaders``."""
        answer: dict[str, object] = {"statusCode": self.status}
        grouped: dict[str, list[str]] = {}
        for name, value in self.headers:
            grouped.setdefault(name, []).append(value)
        if several:
            answer["multiValueHeaders"] = grouped
        else:
            cookies = [value for name, value in self.headers if name.lower() == "set-cookie"]
            rest = {name: ", ".join(values) for name, values in grouped.items()}
            answer["headers"] = {n: v for n, v in rest.items() if n.lower() != "set-cookie"}
            answer |= {"cookies": cookies} if cookies else {}
        return answer | self._written()

    def _written(self) -> dict[str, object]:
        try:
            return {"body": self.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            return {"body": b64encode(self.body).decode("ascii"), "isBase64Encoded": True}


def problem_answer(problem: HttpProblem) -> HttpAnswer:
    """Give a problem document."""
    headers = [("content-type", MEDIA_TYPE), *problem.headers.items()]
    return HttpAnswer(problem.status, headers, msgspec.json.encode(problem.members()))


def events_answer(taken: Taken, *, emitted: bool) -> HttpAnswer:
    """Answer a request with events; with ``emitted``, by what they led to."""
    done = [_done(outcome) for outcome in taken.outcomes]
    if not done:
        return HttpAnswer(202)
    report = report_of(done, emitted=emitted)
    if any(one.answer.status == 503 for one in done):
        return _again(report)
    bad = [one for one in done if not one.answer.ok]
    if bad and len(done) == 1:
        return problem_answer(bad[0].answer.problem())
    if bad:
        return _json(207, report)
    sent = list({event.key: event for one in done for event in one.sent}.values())
    return _events(sent) if emitted and sent else HttpAnswer(202)


def _done(outcome: Outcome) -> Done:
    if outcome.raw is not None:
        return done_with(outcome.raw, outcome)
    assert isinstance(outcome.error, InvalidEvent)  # what is no event was refused
    return done_with(outcome.error, None)


def _again(report: list[dict[str, object]]) -> HttpAnswer:
    problem = again("retry", "Some of the request could not be worked on now; send it again.")
    problem.more["outcomes"] = report
    return problem_answer(problem)


def _events(events: Sequence[Event]) -> HttpAnswer:
    if len(events) == 1:
        return HttpAnswer(200, [("content-type", _STRUCTURED)], events[0].to_json())
    body = b"[%b]" % b",".join(event.to_json() for event in events)
    return HttpAnswer(200, [("content-type", _BATCH)], body)


def _json(status: int, found: object) -> HttpAnswer:
    return HttpAnswer(status, [("content-type", "application/json")], msgspec.json.encode(found))
