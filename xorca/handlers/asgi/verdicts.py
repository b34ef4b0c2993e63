"""From what became of an event to a status and a sentence; the payload is in neither."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xorca.errors import InvalidEvent, PayloadError
from xorca.handlers.asgi.problems import HttpProblem, again
from xorca.runtime.outcome import Outcome

MALFORMED: Final = {"too-large": 413, "unsupported": 415}
"""The status of what is no event, by its reason; 400 for all others."""

_DEAD: Final = {"process-exists": 409, "source": 403}
_SENTENCES: Final = {
    "payload": "The data does not fit what takes it",
    "handler-raised": "What takes the event failed on it",
    "guard-raised": "What takes the event failed on it",
    "not-heard": "The process hears no event of this type",
    "process-exists": "The process exists since another start",
    "process-id": "The process id is empty, too long, or not to be found in the data",
    "unknown-version": "No such version of the orchestrator is registered here",
    "no-record": "The process does not exist, and was not started in the meantime",
    "source": "The orchestrator does not hear events of this source",
    "dead": "The event was dead-lettered before",
}
_LATER: Final = {
    "no-record": "The process does not exist yet, and its start may be on its way",
    "store": "The store could not be used",
    "contention": "Others were quicker, every time",
    "publish": "The event is stored, and what follows from it could not be sent",
    "unknown-version": "The version of the process is not deployed here",
}
# The ways in which msgspec and pydantic name a place, or what they expected at it: words of
# the schema. What they quote of the data is left out.
_REASONS: Final = re.compile(
    r"(?:Expected `[\w| ]{1,80}`(?:, got `\w{1,20}`)?|Object missing required field `\w{1,80}`"
    r"|Field required|Input should be a valid [a-z]{1,20})"
    r"(?: (?:- at `[\w$.\[\]]{1,80}`|at [\w.]{1,80}))?"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of one event, and what is to be said where it was not taken."""

    status: int
    kind: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the event was taken, or nobody needed to take it."""
        return self.status < 400

    def problem(self) -> HttpProblem:
        """Give it as a problem."""
        if self.status == 503:
            return again(self.kind, self.detail)
        return HttpProblem(self.status, self.kind, self.detail)


_TAKEN: Final = Answer(200)
_ACCEPTED: Final = Answer(202)


def answer_for(outcome: Outcome) -> Answer:
    """Give the status of an outcome, as the reference has them in a table."""
    status, reason = outcome.status, outcome.reason
    if status == "retry":
        why = _LATER.get(reason, "The event could not be worked on now")
        return Answer(503, reason or "retry", f"{why}; send it again.")
    if status == "foreign":
        return Answer(404, "foreign", "Nobody here hears this event; check type and subject.")
    if status == "dead" or (status == "duplicate" and reason == "dead"):
        return _dead(outcome)
    return _ACCEPTED if status == "deferred" else _TAKEN


def malformed(error: InvalidEvent) -> Answer:
    """Give the status of what is no event."""
    said = str(error)
    sentence = f"{said[:1].upper()}{said[1:]}."
    return Answer(MALFORMED.get(error.reason, 400), error.reason, sentence)


def unfit(error: BaseException | None) -> str:
    """Say where data does not fit, without a word of the data."""
    found = [match[0] for match in _REASONS.finditer(str(error))] if error is not None else []
    where = "; ".join(dict.fromkeys(found[:5]))
    return f"{_SENTENCES['payload']}{': ' if where else ''}{where}."


def _dead(outcome: Outcome) -> Answer:
    reason = outcome.reason or "dead"
    if isinstance(outcome.error, InvalidEvent):
        return malformed(outcome.error)
    status = _DEAD.get(reason, 422)
    if reason == "payload":
        error = outcome.error if isinstance(outcome.error, PayloadError) else None
        return Answer(status, reason, unfit(error))
    sentence = _SENTENCES.get(reason, "The event can never be applied")
    return Answer(status, reason, f"{sentence}.")
