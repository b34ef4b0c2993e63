"""What a process went through, told in text for a test that failed."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xorca
from xorca.runtime import Outcome
from xorca_contrib.testing.views import Sent

_XORCA = str(Path(xorca.__file__).parent)
_LONGEST = 300
_INDENT = " " * 12


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery: when, what became of it, and what was sent for the first time."""

    at: datetime
    outcome: Outcome
    sent: tuple[Sent, ...] = ()
    remark: str = ""


def told(title: str, lines: Iterable[Line], *, since: datetime, ending: str = "") -> str:
    """Tell a story; times are counted from ``since``."""
    body = [text for line in lines for text in _told_line(line, since)]
    return "\n".join([title, *body, *([f"  {ending}"] if ending else [])])


def shown(value: object) -> str:
    """Give a value as text of bounded length, whatever its ``repr`` does."""
    try:
        text = repr(value)
    except Exception as exc:  # a story must never fail the report of a test
        text = f"<{type(value).__name__}, whose repr raised {type(exc).__name__}>"
    return _cut(text)


def _told_line(line: Line, since: datetime) -> Iterator[str]:
    outcome = line.outcome
    yield f"  +{line.at - since!s:<8}  {_heard(outcome)}"
    if line.remark:
        yield f"{_INDENT}{line.remark}"
    yield f"{_INDENT}{_verdict(outcome)}"
    for sent in line.sent:
        yield f"{_INDENT}sent {sent.name} {shown(sent.payload)}"
    if outcome.error is not None:
        yield from (f"{_INDENT}{text}" for text in _raised(outcome.error))


def _heard(outcome: Outcome) -> str:
    event = outcome.raw
    if event is None:
        return "something that is no CloudEvent"
    data = (event.data or b"").decode("utf-8", "replace")
    return f"{event.type} {_cut(data)}".rstrip()


def _verdict(outcome: Outcome) -> str:
    reason = f" ({outcome.reason})" if outcome.reason else ""
    state = f", state {outcome.state!r}" if outcome.state else ""
    return f"{outcome.status}{reason}{state}"


def _raised(error: Exception) -> list[str]:
    """Give the traceback from the user's first frame on; what runs the handler is left out."""
    found = traceback.TracebackException.from_exception(error)
    own = [frame for frame in found.stack if not frame.filename.startswith(_XORCA)]
    if not own:
        return "".join(found.format_exception_only()).splitlines()
    found.stack = traceback.StackSummary.from_list(own)
    return "".join(found.format()).splitlines()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"
