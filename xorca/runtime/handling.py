"""What is seen of one event while it is handled, where somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING

from xorca.engine.record import ACTIVE, ENDED
from xorca.errors import Conflict

if TYPE_CHECKING:
    from xorca.engine.draft import Draft
    from xorca.engine.verdict import Verdict
    from xorca.telemetry.guarded import GuardedSpan


class Handling:
    """The way of one event; where its step runs again, only the last run counts.

    ``verdict`` is what the step said, whatever became of the publishing after it. ``failures``
    are attempts of which the outcome was not known or refused, ``conflicts`` the refused ones.
    """

    __slots__ = (
        "after", "before", "conflicts", "ended", "failures", "revision", "since", "span",
        "started", "verdict",
    )  # fmt: skip

    def __init__(self, span: GuardedSpan | None = None) -> None:
        self.since = perf_counter()
        self.span = span
        self.before: str | None = None
        self.after: str | None = None
        self.revision: int | None = None
        self.started = self.ended = False
        self.verdict = ""
        self.failures = self.conflicts = 0

    @property
    def context(self) -> dict[str, str]:
        """The trace context for what is emitted; empty for that of the event itself."""
        return {} if self.span is None else self.span.context

    def current(self) -> AbstractContextManager[None]:
        """Be the span under which others begin, for a block."""
        return nullcontext() if self.span is None else self.span.current()

    def seconds(self) -> float:
        """Give how long it takes so far."""
        return perf_counter() - self.since

    def failed(self, exc: Exception) -> None:
        """Note that an attempt was lost."""
        self.failures += 1
        self.conflicts += isinstance(exc, Conflict)

    def step(self, draft: Draft | None, run: Callable[[], Verdict]) -> Verdict:
        """Run the step of the event, and note what it does to its process."""
        if draft is None:
            verdict = run()
            self.verdict = verdict.status
            return verdict
        record = draft.record
        before, was_active = record.state, record.status == ACTIVE
        draft.trace = self.context
        try:
            with self.current():
                verdict = run()
        finally:
            draft.trace = None
        self.verdict, self.before, self.after = verdict.status, before, record.state
        self.revision = draft.revision if draft.changed else record.revision
        self.started = not before and verdict.status == "applied"
        self.ended = was_active and record.status == ENDED
        return verdict
