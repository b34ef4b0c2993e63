"""The public door of xorca, pinned: a name is added or removed on purpose."""

from __future__ import annotations

import pytest

import xorca

PUBLIC = [
    "Final",
    "Orchestrator",
    "Outcome",
    "Runtime",
    "State",
    "Topic",
    "XorcaError",
    "after",
    "all_of",
    "anywhere",
    "emit",
    "end",
    "on",
    "open_store",
    "start",
    "stay",
]


def test_public_names_are_pinned() -> None:
    """``__all__`` is sorted and holds exactly the names that were agreed."""
    assert list(xorca.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_there(name: str) -> None:
    """Every public name can be had from the package."""
    assert getattr(xorca, name) is not None
