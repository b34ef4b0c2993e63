"""The model of the commit protocol: what it promises holds, and breaking it is noticed."""

from __future__ import annotations

import pytest

from tests.model.checker import BREAKAGES, missing_tools, search

pytestmark = pytest.mark.skipif(
    bool(missing_tools()), reason="spin and gcc are not installed (apt-get install spin gcc)"
)


def test_every_state_keeps_the_promise() -> None:
    """No reachable state breaks the promise, with crashes and losses without bounds."""
    found = search("")

    assert found.complete
    assert not found.violation
    assert found.states > 1_000_000


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_breakage_is_found(breakage: str) -> None:
    """A protocol without one of its rules breaks the promise in some state."""
    assert search(breakage).violation
