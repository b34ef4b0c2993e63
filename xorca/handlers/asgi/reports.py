"""What became of events, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from xorca.engine.letters import DEAD_LETTER_TYPE
from xorca.errors import InvalidEvent
from xorca.events import Event
from xorca.handlers.asgi.verdicts import Answer, answer_for, malformed
from xorca.runtime.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Done:
    """A member of a request, what became of it, and the status that this has."""

    given: Event | InvalidEvent
    outcome: Outcome | None
    answer: Answer

    @property
    def sent(self) -> tuple[Event, ...]:
        """What it made its process emit.

        Of an event that was refused, the status is what its sender is told: the dead letter
        names files and lines, for those who run this.
        """
        sent = () if self.outcome is None else self.outcome.sent
        if self.answer.ok:
            return sent
        return tuple(event for event in sent if event.type != DEAD_LETTER_TYPE)


def done_with(given: Event | InvalidEvent, outcome: Outcome | None) -> Done:
    """Put a member and its outcome together."""
    if isinstance(given, InvalidEvent):
        return Done(given, None, malformed(given))
    assert outcome is not None  # every event has one
    return Done(given, outcome, answer_for(outcome))


def report_of(done: Sequence[Done], *, emitted: bool) -> list[dict[str, object]]:
    """Give a report; with ``emitted``, of what was emitted as well."""
    return [_line(one, emitted=emitted) for one in done]


def emitted_of(events: Sequence[Event]) -> list[msgspec.Raw]:
    """Give events in their structured form, as parts of a JSON document."""
    return [msgspec.Raw(event.to_json()) for event in events]


def _line(done: Done, *, emitted: bool) -> dict[str, object]:
    line: dict[str, object] = {"status": done.answer.status}
    given, outcome = done.given, done.outcome
    if isinstance(given, Event):
        line |= {"id": given.id, "source": given.source, "type": given.type}
    if outcome is None:
        line |= {"outcome": "malformed", "reason": done.answer.kind}
    else:
        line |= {"outcome": outcome.status, "reason": outcome.reason}
        line |= {"subject": outcome.subject, "state": outcome.state}
    if done.answer.detail:
        line["detail"] = done.answer.detail
    if emitted:
        line["emitted"] = emitted_of(done.sent)
    return line
