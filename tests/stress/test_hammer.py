"""Workers that are killed at random keep the promise; workers that are broken do not."""

from __future__ import annotations

import pytest

from tests.stress.hammering import assert_promise_held, run_hammer

CHANCES = ("--kills", "4", "--lost", "0.4", "--patience", "2")


@pytest.mark.parametrize("store", ["", "file:"])
def test_nothing_is_lost_when_workers_are_killed(store: str) -> None:
    """Eight kills among three workers: every event is applied once, and all of it is sent."""
    done = run_hammer("--kills", "8", "--seed", "11", "--store", store)

    assert_promise_held(done)


@pytest.mark.parametrize(
    ("store", "sabotage", "sign"),
    [
        ("", "overwrite", "has revision"),
        ("", "forget", "was applied 2 times"),
        ("file:", "overwrite", "has revision"),
        ("file:", "hurry", "was sent before its commit"),
    ],
)
def test_a_broken_protocol_is_found_out(store: str, sabotage: str, sign: str) -> None:
    """Saving without a condition loses, forgetting applies twice, hurrying sends too soon.

    Real processes race or do not, so that one short run may by chance see nothing.
    """
    for seed in ("2", "3", "4"):
        done = run_hammer(*CHANCES, "--seed", seed, "--store", store, "--sabotage", sabotage)
        if done.returncode == 1:
            break

    assert done.returncode == 1, done.stdout + done.stderr
    assert sign in done.stdout
