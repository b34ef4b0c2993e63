"""Patterns are matched in few steps, whatever comes: counted, not timed (T20)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tests.security.programs import Guarded, Purchase
from tests.unit.support import event, stage
from xorca.dsl.names import is_name, is_pattern, matches
from xorca.dsl.orchestrator import plan_of
from xorca.dsl.plan import MEMO
from xorca.dsl.sources import allows
from xorca.events.limits import MAX_IDENTIFIER_BYTES

LONGEST = MAX_IDENTIFIER_BYTES


def lines_of(call: Callable[[], object]) -> int:
    """Count the lines of Python that a call runs."""
    count = 0

    def trace(frame: FrameType, what: str, arg: Any) -> Any:
        nonlocal count
        count += what == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*.a.*.a.*.a.*.b", ".".join("a" * 512)),
        ("evt.*.*.*.*.*.*.*.*.x", "evt" + ".a" * 510),
        ("*." * 60 + "b", ".".join("a" * 512)),
        ("*.a" * 40, ".".join("a" * 512)),
        ("evt.*", "a" * LONGEST + "!"),
        ("*.a", "a" * 1023 + "!"),
    ],
)
def test_matching_is_at_most_pattern_times_name(pattern: str, name: str) -> None:
    """In the worst case each segment is compared with each, and never more often."""
    segments = (pattern.count(".") + 1) * (name.count(".") + 1)

    assert lines_of(lambda: matches(pattern, name)) < 8 * segments + 100


@pytest.mark.parametrize("times", [1, 10, 100])
def test_a_long_name_is_no_more_lines(times: int) -> None:
    """A name of 1 kB or of 100 kB without dots costs the same steps of ours."""
    name = "a" * 1024 * times + "!"

    assert lines_of(lambda: matches("evt.*.error", name)) < 30
    assert lines_of(lambda: allows(("/srvc/*", "/a/*/b"), name)) < 60
    assert lines_of(lambda: is_name(name)) < 30
    assert lines_of(lambda: is_pattern("*" + name)) < 30


def test_names_from_outside_fill_no_table() -> None:
    """What a class remembers of names has an end, however many come."""
    plan = plan_of(Purchase)

    for n in range(MEMO + 500):
        plan.trigger("paying", f"evt.x{n}.y")
        plan.written_name("paying", f"evt.y{n}.y")
        plan.answers(f"evt.z{n}.y")

    assert len(plan._triggers) <= MEMO
    assert len(plan._taken) <= MEMO
    assert len(plan._answered) <= MEMO


def test_sources_from_outside_fill_no_table() -> None:
    """Nor does what is remembered of sources."""
    play = stage(Guarded)
    registry = play.runtime.registry

    for n in range(MEMO + 500):
        registry.route(event("order.placed", subject=None, source=f"/evil/{n}", processid="a"))

    assert len(registry._judged) <= MEMO  # type: ignore[attr-defined]
