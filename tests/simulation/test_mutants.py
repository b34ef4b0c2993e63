"""Every mutant is caught, and what is not broken is not complained of."""

from __future__ import annotations

import pytest

from tests.simulation.generate import schedule_of
from tests.simulation.mutants import MUTANTS, catch, named
from tests.simulation.mutating import Edit, Mutant, Stale, mutated
from tests.simulation.world import World
from xorca.engine import redrive, timing

SPARE = 300
"""So many schedules more than the known one, should the drawing of schedules have changed."""

SEEDS: dict[str, int] = {
    "local emits after conflict": 1,
    "published watermark": 29,
    "no If-Match": 1,
    "publish first": 1,
    "inbox without emits": 1,
    "reject from cache": 3,
    "acknowledged first": 92,
    "cache before commit": 1,
    "bytes that depend on the time": 1,
    "version in the storage key": 1,
    "own write not recognised": 1,
    "waiting items forgotten at the end": 9,
    "wake-up set once": 85,
    "unlocked by key": 25,
    "sent before it is sent": 10,
    "set before it is set": 420,
    "side objects never written": 5,
    "inbox window of one": 4,
    "no inbox, no fresh read": 1,
    "deadline without its visit": 220,
    "early wake-up dropped": 73,
    "deadline before its time": 68,
    "deferred and not cascaded": 5,
    "cascade kept under the deferred event": 1100,
    "answers matched by type only": 3,
    "answered places stay open": 72,
    "poison is tried for ever": 1,
    "evicted without a floor": 1677,
    "old keys forgotten without a floor": 61,
    "every key in the ring of answers": 34,
    "joins that are never used up": 1,
    "starts forgotten with their life": 7,
    "deleted before it is sent": 198,
    "redriven and still known": 1,
    "marked and not sent": 27,
    "cancelled with its backlog": 467,
    "pruned on the word of a list": 111,
    "cancelled and nobody told": 19,
    "changed from the cache": 37,
    "redriven and still dead": 195,
    "worked on though remembered": 1,
    "own answer though another stands": 20,
    "answered before it is remembered": 8,
    "unwritten answers forgotten": 8,
    "token good after its state": 91,
    "token never used up": 1,
    "token used up by a refusal": 21,
    "token of another life": 41,
    "signature not compared": 20,
}
"""A schedule that is known to show each mutant."""


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS])
def test_a_mutant_is_caught(name: str, quiet: None) -> None:
    """With this part of the code broken an invariant is; without, none is."""
    mutant, seed = named(name), SEEDS[name]

    found = catch(mutant, first=seed, budget=1) or catch(mutant, budget=SPARE)

    assert found is not None, f"write the seed of {name!r} anew: python -m tests.simulation.mutants"
    assert World(schedule_of(found[0])).run() == []


def test_the_code_is_whole_again() -> None:
    """A mutant changes the function itself, for everybody, and only for a while."""
    function = redrive.find_letter
    before = function.__code__

    with mutated(Mutant("m", "w", (Edit(redrive.__name__, "find_letter", "== key", "!= key"),))):
        during = function.__code__

    assert during is not before
    assert function.__code__ is before


def test_a_mutant_that_changes_nothing_is_refused() -> None:
    """Where the words are not found, nothing would be proven."""
    stale = Mutant("m", "w", (Edit(timing.__name__, "is_timer", "no such words", ""),))

    with pytest.raises(Stale, match="write the mutant anew"), mutated(stale):
        pass
