"""What an invocation is answered with: by its kind, and by what must come again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xorca.events import Event
from xorca.handlers.aws_lambda.reading import Kind
from xorca.handlers.aws_lambda.taking import Taken
from xorca.runtime.intake import raise_retries
from xorca.runtime.outcome import Outcome


def answer(kind: Kind, taken: Sequence[Taken], *, emitted: bool) -> object:
    """Answer an invocation that is no HTTP request.

    Args:
        kind: How it came.
        taken: What became of its parts.
        emitted: Give what was emitted to the caller.

    Raises:
        UndeliveredError: it must come again as a whole.
    """
    if kind is Kind.QUEUE:
        return _failures(taken)
    raise_retries(_outcomes(taken))
    return _report(taken, emitted=emitted) if kind is Kind.DIRECT else None


def _failures(taken: Sequence[Taken]) -> Mapping[str, object]:
    """Name the messages that must come again.

    Raises:
        UndeliveredError: one of them has no id to be named by.
    """
    again = [one for one in taken if one.again]
    nameless = [one for one in again if one.part.message_id is None]
    if nameless:
        raise_retries(_outcomes(nameless))
    return {"batchItemFailures": [{"itemIdentifier": one.part.message_id} for one in again]}


def _report(taken: Sequence[Taken], *, emitted: bool) -> Mapping[str, object]:
    found: dict[str, object] = {"outcomes": [_line(each) for each in _outcomes(taken)]}
    if emitted:
        sent = {event.key: event for each in _outcomes(taken) for event in each.sent}
        found["emitted"] = [_plain(event) for event in sent.values()]
    return found


def _line(outcome: Outcome) -> dict[str, object]:
    event = outcome.raw
    line: dict[str, object] = {}
    if event is not None:
        line |= {"id": event.id, "source": event.source, "type": event.type}
    line |= {"status": outcome.status, "reason": outcome.reason}
    line |= {"subject": outcome.subject, "state": outcome.state}
    if event is None and outcome.error is not None:
        line["detail"] = str(outcome.error)
    return line


def _plain(event: Event) -> object:
    """Give an event as values that Lambda's own encoder writes."""
    import json

    return json.loads(event.to_json())


def _outcomes(taken: Sequence[Taken]) -> list[Outcome]:
    return [outcome for one in taken for outcome in one.outcomes]
