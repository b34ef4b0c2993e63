"""What a test is told when it, or the orchestrator under test, is wrong."""

from __future__ import annotations

from xorca.errors import XorcaError
from xorca.runtime import Outcome


class XorcaTestError(XorcaError, AssertionError):
    """The orchestrator did what a test does not expect; the cause is the handler's error."""


TROUBLE = ("dead", "retry", "foreign")
"""What no test means to cause unless it says so with ``expect=``."""


def check_outcome(outcome: Outcome, expect: str | None) -> None:
    """Raise XorcaTestError, from the handler's own error, where an outcome is not as expected."""
    if expect is None and outcome.status in TROUBLE:
        raise trouble(outcome)
    if expect not in (None, outcome.status):
        raise XorcaTestError(
            f"{_event_of(outcome)} was to be {expect!r} and is {outcome.status!r}{_why(outcome)}"
        ) from outcome.error


def trouble(outcome: Outcome) -> XorcaTestError:
    """Give the error for an event that a test did not mean to lose, with its cause."""
    what = {
        "dead": "became a dead letter",
        "retry": "could not be worked on and would come again",
        "foreign": "is heard by no class of this orchestra, or carries another's subject",
    }[outcome.status]
    error = XorcaTestError(
        f"{_event_of(outcome)} {what}{_why(outcome)}. "
        f'Where the test means this to happen, say expect="{outcome.status}"'
    )
    error.__cause__ = outcome.error
    return error


def _event_of(outcome: Outcome) -> str:
    return "what was delivered" if outcome.raw is None else repr(outcome.raw.type)


def _why(outcome: Outcome) -> str:
    reason = f" ({outcome.reason})" if outcome.reason else ""
    error = outcome.error
    return reason if error is None else f"{reason}: {type(error).__name__}: {error}"
