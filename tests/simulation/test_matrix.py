"""Layer A in part: every single fault, and some pairs. The rest: ``make prove``."""

from __future__ import annotations

import pytest

from tests.simulation.faults import SINGLE
from tests.simulation.matrix import baseline, run_one, run_scenario
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutating import mutated
from tests.simulation.scenarios import SCENARIOS

PAIRS = 60


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_end_is_the_same_whatever_goes_wrong(name: str, quiet: None) -> None:
    """State, log, dead letters and what was sent are those of the run without faults."""
    tally = run_scenario(name, PAIRS)

    assert tally.failures == []
    assert (tally.singles, tally.pairs) == (tally.calls * len(SINGLE), PAIRS)


def test_the_matrix_finds_what_is_sent_before_it_is_committed(quiet: None) -> None:
    """The comparison bites: with the protocol turned round, single faults show it."""
    schedule = SCENARIOS["notes one by one"]
    calls, expected = baseline(schedule)
    first = next(mutant for mutant in MUTANTS if mutant.name == "publish first")

    with mutated(first):
        wrong = [at for at in range(calls) if run_one(schedule, {at: "crash-before"}, expected)]

    assert wrong
