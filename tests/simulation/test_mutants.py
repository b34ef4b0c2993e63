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
    "published watermark": 81,
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
    "wake-up set once": 86,
    "unlocked by key": 46,
    "sent before it is sent": 38,
    "set before it is set": 308,
    "side objects never written": 9,
    "inbox window of one": 4,
    "no inbox, no fresh read": 1,
    "deadline without its visit": 958,
    "early wake-up dropped": 86,
    "deadline before its time": 73,
    "deferred and not cascaded": 24,
    "cascade kept under the deferred event": 1100,
    "answers matched by type only": 3,
    "answered places stay open": 87,
    "poison is tried for ever": 1,
    "evicted without a floor": 16,
    "old keys forgotten without a floor": 203,
    "every key in the ring of answers": 34,
    "joins that are never used up": 1,
    "a page that forgets as it grows": 26,
    "a page searched too narrowly": 26,
    "starts forgotten with their life": 7,
    "deleted before it is sent": 198,
    "redriven and still known": 1,
    "marked and not sent": 27,
    "cancelled with its backlog": 52,
    "pruned on the word of a list": 111,
    "cancelled and nobody told": 19,
    "changed from the cache": 37,
    "redriven and still dead": 195,
    "worked on though remembered": 1,
    "own answer though another stands": 20,
    "answered before it is remembered": 8,
    "unwritten answers forgotten": 8,
    "token good after its state": 38,
    "token never used up": 1,
    "token used up by a refusal": 21,
    "token of another life": 41,
    "signature not compared": 20,
    "tombstone without versions": 12,
    "tombstone's floor off by one": 207,
    "signals of an earlier life": 141,
    "tombstone that expires at once": 42,
    "tombstone without a floor": 15,
    "tombstone of the last life only": 12,
    "floor lost in the next life": 15,
    "floor reached at its own time": 207,
    "no new life after a failed start": 36,
    "letters of a failed start lost": 36,
    "inbox of a failed start lost": 711,
    "redriven start begins nothing": 47,
    "redriven wake-up finds no timer": 25,
    "redrive meets the floor": 1040,
    "inbox lost by a redrive": 597,
    "places of a failed join stay taken": 181,
    "failed join keeps one part": 158,
    "expired and applied all the same": 80,
    "deferred given up at once": 6,
    "no room for early events": 2,
    "expired letter with its own event": 4050,
    "repetition carries a letter": 4412,
    "early wake-up carries a letter": 857,
    "hidden floods": 112,
    "flood stops what has an effect": 112,
    "kept for an hour only": 1,
    "floor in the future": 34,
    "merged page with the oldest time": 61,
    "page of one spill only": 61,
    "refused starts forgotten": 131,
    "letter of an ended process opened": 1,
    "dead and not marked so": 15,
    "redriven and forgotten": 1627,
    "room made by the dead": 16,
    "list in the order of arrival": 9,
    "waiting items last first": 9,
    "older answers in a new list": 2360,
    "end drops its backlog": 91,
    "confirm forgotten": 359,
    "warm record handed out twice": 6,
    "time-out taken for success": 4,
    "side objects deleted before the commit": 54,
    "wake-ups taken back before the commit": 525,
    "failed wake-up is no failure": 74,
    "lone event acknowledged unsent": 100,
    "life's deadline never set": 4,
    "life's deadline ends with a state": 4,
    "deadline of a state that is entered anew": 35,
    "deadline from the start on": 4,
    "recalled timers of other visits": 420,
    "summary with the last deadline": 306,
    "sweep sets no wake-up": 57,
    "no patience with orphans": 4,
    "orphans for ever": 5,
    "loose letter under another id each time": 16,
    "unsent loose letter acknowledged": 5,
    "token never expires": 135,
    "token used up by a misfit": 9,
    "memory written after the answer": 1,
    "memory written over another's": 103,
    "worked on twice at once": 37,
    "asked to come again and remembered": 37,
    "changed: tidied before the save": 1152,
    "memories pruned at once": 37,
    "memory forgotten by its fleet": 17,
    "half a batch for the whole": 536,
    "room without sending": 1040,
    "room asked for again and again": 536,
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
