"""Layer C in part: the orders of two and three workers, where there are not too many."""

from __future__ import annotations

import pytest

from tests.simulation.duels import DUELS
from tests.simulation.interleavings import explore
from tests.simulation.loop import Parked
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutating import mutated
from tests.simulation.paths import Path

LIMIT = 250


@pytest.mark.parametrize("name", DUELS)
def test_every_order_of_calls_keeps_the_promise(name: str, quiet: None) -> None:
    """Whoever is first at each port, nothing is lost, doubled or sent uncommitted."""
    found = explore(DUELS[name], limit=LIMIT)

    assert found.failures == []
    assert found.orders == LIMIT or found.complete


def test_every_order_is_taken_once() -> None:
    """Two workers of three calls each can follow each other in twenty ways."""
    path, seen = Path(), set[tuple[int, ...]]()
    path.active = True
    while True:
        left, order = {0: 3, 1: 3}, list[int]()
        while any(left.values()):
            tags = [tag for tag, calls in left.items() if calls]
            parked = [Parked(tag, "save", "key") for tag in tags]
            order.append(tags[path.choose(parked)])
            left[order[-1]] -= 1
        seen.add(tuple(order))
        if not path.advance():
            break

    assert len(seen) == 20


def test_the_orders_find_a_save_without_a_condition(quiet: None) -> None:
    """The check bites: some order of two different events loses one of them."""
    blind = next(mutant for mutant in MUTANTS if mutant.name == "no If-Match")

    with mutated(blind):
        found = explore(DUELS["different events"])

    assert found.failures


@pytest.mark.parametrize("name", ["different events", "both warm", "two starts", "one start twice"])
def test_the_orders_that_differ_lead_to_every_end(name: str, quiet: None) -> None:
    """Leaving out orders that differ in nothing that matters leaves out no way to end."""
    every, different = explore(DUELS[name]), explore(DUELS[name], reduced=True)

    assert different.ends == every.ends
    assert different.orders < every.orders / 2


def test_the_orders_that_differ_find_the_same_breakage(quiet: None) -> None:
    """With the condition of a save gone, fewer orders show it too."""
    blind = next(mutant for mutant in MUTANTS if mutant.name == "no If-Match")

    with mutated(blind):
        found = explore(DUELS["different events"], reduced=True)

    assert found.failures
