"""From an outcome to a line in the log, to counts, and to the attributes of a span.

``who`` is whose event it was: an orchestrator or a fleet, by a name that is registered here.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import msgspec

from xorca.engine.letters import DEAD_LETTER_TYPE
from xorca.runtime.outcome import Outcome
from xorca.telemetry.lines import Value, log, say

if TYPE_CHECKING:
    from xorca.runtime.handling import Handling
    from xorca.telemetry.guarded import Guarded

Who = dict[str, str | int | float]

LOUD = ("dead", "retry")
_NOTABLE = ("deferred", "ignored")
_CONTEXT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}.*", re.ASCII)


# -- the log ----------------------------------------------------------------------


def tell(outcome: Outcome, who: Who, handling: Handling | None = None) -> None:
    """Write the line of an event that was handled."""
    level = _level(outcome, handling)
    if log.isEnabledFor(level):
        error = outcome.error if outcome.status in LOUD else None
        fields = _fields(outcome, who, handling)
        say(level, "event.handled", _sentence(outcome, handling), fields, error=error)


def tell_loud(outcome: Outcome, who: Who) -> None:
    """Write the line of an event that is in trouble; where nobody watches, of no other."""
    if outcome.status in LOUD:
        tell(outcome, who)


def _level(outcome: Outcome, handling: Handling | None) -> int:
    if outcome.status in LOUD:
        return logging.WARNING
    turned = handling is not None and (handling.started or handling.ended)
    return logging.INFO if turned or outcome.status in _NOTABLE else logging.DEBUG


def _fields(outcome: Outcome, who: Who, handling: Handling | None) -> dict[str, Value]:
    event, subject = outcome.raw, outcome.subject
    fields: dict[str, Value] = {
        **who,
        "status": outcome.status,
        "reason": outcome.reason,
        "subject": subject,
        "version": version_of(subject),
        "sent": len(outcome.sent),
        "state_after": outcome.state,
    }
    if event is not None:
        fields |= {"event_type": event.type, "event_id": event.id, "event_source": event.source}
        fields |= _trace_fields(str(event.extensions.get("traceparent", "")), own=False)
    if handling is not None:
        fields |= {
            "state_before": handling.before,
            "state_after": handling.after if handling.after is not None else outcome.state,
            "revision": handling.revision,
            "duration_ms": round(handling.seconds() * 1000, 3),
            "attempts": _attempts(outcome, handling),
            "conflicts": handling.conflicts,
        }
        fields |= _trace_fields(handling.context.get("traceparent", ""), own=True)
    return fields


def _attempts(outcome: Outcome, handling: Handling) -> int:
    lost_all = outcome.status == "retry" and outcome.reason in ("store", "contention")
    return max(1, handling.failures) if lost_all else handling.failures + 1


def _trace_fields(context: str, *, own: bool) -> dict[str, Value]:
    found = _CONTEXT.fullmatch(context)
    if found is None:
        return {}
    return {"trace_id": found[1], "span_id": found[2]} if own else {"trace_id": found[1]}


def version_of(subject: str | None) -> str:
    """Give the version that a subject names; empty if it names none."""
    parts = (subject or "").split("/")
    return parts[1] if len(parts) == 3 else ""


def _sentence(outcome: Outcome, handling: Handling | None) -> str:
    name = "what came" if outcome.raw is None else outcome.raw.type
    said = _SENTENCES[outcome.status].format(name=name, reason=outcome.reason)
    about = "" if outcome.subject is None else f"{outcome.subject}: "
    if handling is None:
        return f"{about}{said}"
    if handling.before is not None and outcome.status == "applied":
        moved = f"{handling.before or 'nothing'} -> {handling.after}"
        turn = "started" if handling.started else "ended" if handling.ended else ""
        also = "started and ended" if handling.started and handling.ended else turn
        said = f"{also} by {name}, {moved}" if also else f"{said}, {moved}"
    tries = f" after {_attempts(outcome, handling)} attempts" if handling.failures else ""
    return f"{about}{said}{tries}"


_SENTENCES = {
    "applied": "{name} applied",
    "duplicate": "{name} came again ({reason})",
    "deferred": "{name} came early and waits",
    "ignored": "{name} ignored ({reason})",
    "foreign": "{name} is for somebody else ({reason})",
    "dead": "dead letter ({reason}): {name}",
    "retry": "{name} must be tried again ({reason})",
}


# -- metrics ------------------------------------------------------------------------


class _Told(msgspec.Struct):
    reason: str = "unknown"


_read_letter = msgspec.json.Decoder(_Told).decode


def count(telemetry: Guarded, outcome: Outcome, who: Who, handling: Handling | None) -> None:
    """Count an event that was handled."""
    from xorca.telemetry import names

    status, reason = outcome.status, outcome.reason
    telemetry.count(names.EVENTS, 1, {**who, "status": status})
    by_reason = {"ignored": names.IGNORED, "retry": names.RETRIES}.get(status)
    if by_reason is not None:
        telemetry.count(by_reason, 1, {**who, "reason": reason})
    if status == "deferred":
        telemetry.count(names.DEFERRED, 1, who)
    if status == "duplicate" and outcome.sent:
        telemetry.count(names.REDELIVERIES, 1, who)
    if handling is None:
        return
    telemetry.record(names.HANDLE_DURATION, handling.seconds(), {**who, "status": status})
    if status == "retry" and reason != "publish":
        return  # what its step did was not saved
    if handling.started:
        telemetry.count(names.STARTED, 1, who)
    if handling.ended:
        telemetry.count(names.ENDED, 1, who)


def count_letters(
    telemetry: Guarded, outcome: Outcome, who: Who, handling: Handling | None
) -> None:
    """Count the dead letters of a commit: that of the event, and of what expired with it."""
    from xorca.telemetry import names

    verdict = (handling.verdict if handling is not None else "") or outcome.status
    if verdict == "duplicate" or outcome.status == "duplicate":
        return  # they were counted when they were committed
    for event in outcome.sent:
        if event.type == DEAD_LETTER_TYPE:
            reason = _read_letter(event.data or b"{}").reason
            telemetry.count(names.DEAD_LETTERS, 1, {**who, "reason": reason})
            if reason == "never-accepted":
                telemetry.count(names.EXPIRED, 1, who)


# -- spans ----------------------------------------------------------------------------


def span_attributes(outcome: Outcome, handling: Handling | None) -> dict[str, str | int | float]:
    """Give what is known of an event at the end of its span."""
    found: dict[str, str | int | float | None] = {
        "xorca.status": outcome.status,
        "xorca.reason": outcome.reason,
        "xorca.subject": outcome.subject,
        "xorca.version": version_of(outcome.subject),
    }
    if outcome.error is not None and outcome.status in LOUD:
        found["error.type"] = type(outcome.error).__qualname__
    if handling is not None:
        found |= {
            "xorca.state.before": handling.before,
            "xorca.state.after": handling.after,
            "xorca.revision": handling.revision,
            "xorca.attempts": _attempts(outcome, handling),
        }
    return {name: value for name, value in found.items() if value is not None and value != ""}
