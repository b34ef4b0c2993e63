"""Random schedules keep every invariant, and what is broken on purpose is caught."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.simulation.campaign import Tally, invariant_of, run_many, run_seeds
from tests.simulation.faults import FAULTS
from tests.simulation.generate import plain_schedule_of, schedule_of
from tests.simulation.ports import SimAlarm, SimStore
from tests.simulation.schedule import Schedule
from tests.simulation.shrink import fails, shrink
from tests.simulation.world import World

SCHEDULES = 2_000


@pytest.fixture
def unconditional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the store save whatever is there, as one without conditional writes would."""

    def never(store: SimStore, key: str, expect: str | None) -> None:
        """Compare nothing."""

    monkeypatch.setattr(SimStore, "_compare", never)


def first_that_fails() -> tuple[Schedule, list[str]]:
    for seed in range(1, 200):
        schedule = schedule_of(seed)
        violations = World(schedule).run()
        if violations:
            return schedule, violations
    pytest.fail("a store without a condition was not noticed")


def test_schedules_break_no_invariant() -> None:
    """Two thousand schedules with every kind of fault leave nothing to complain of."""
    tally = Tally()

    for part in run_many(1, SCHEDULES, jobs=2):
        tally.add(part)

    assert tally.wrong == {}
    assert tally.counts["schedules"] == SCHEDULES
    assert all(tally.faults[kind] > 100 for kind in FAULTS)
    assert tally.counts["workers killed"] > 1_000


def test_schedules_with_wake_ups_in_the_commit_break_no_invariant() -> None:
    """A store that sets wake-ups in the very commit of a save keeps every promise, too."""
    tally = Tally()

    for part in run_many(1, SCHEDULES // 4, jobs=2, arming=True):
        tally.add(part)

    assert tally.wrong == {}
    assert tally.counts["schedules"] == SCHEDULES // 4


@pytest.mark.usefixtures("quiet")
def test_a_commit_that_forgets_its_wake_ups_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime believes such a store, so a deadline never comes, and that is seen."""

    async def forget(self: SimAlarm, _: object, commit: Callable[..., Awaitable[str]]) -> str:
        return await commit(lambda: None)

    monkeypatch.setattr(SimAlarm, "ride", forget)

    found = run_seeds(1, 60, arming=True)

    assert found.wrong != {}


@pytest.mark.usefixtures("unconditional")
def test_store_without_condition_is_caught() -> None:
    """Without compare-and-swap a process loses or doubles something, and that is seen."""
    _, violations = first_that_fails()

    assert invariant_of(violations[0]) in {"I1", "I2", "I3", "I4", "I5"}


@pytest.mark.usefixtures("unconditional")
def test_failing_schedule_is_made_small() -> None:
    """What is left fails in the same way, and has less of everything in it."""
    schedule, violations = first_that_fails()
    invariant = invariant_of(violations[0])

    small = shrink(schedule, invariant)

    assert fails(small, invariant)
    assert len(small.given) <= len(schedule.given)
    assert len(small.plan) < len(schedule.plan) or not schedule.plan
    assert shrink(small, invariant) == small


@pytest.mark.parametrize("seed", [1, 9, 193, 1412])
def test_seed_replays_exactly(seed: int) -> None:
    """The same seed gives the same trace, line by line."""
    traces: list[list[str]] = []
    for _ in range(2):
        world = World(schedule_of(seed), traced=True)
        world.run()
        traces.append([str(line) for line in world.trace])

    assert traces[0] == traces[1]
    assert len(traces[0]) > 10


REGRESSIONS = {
    9: "a cached record named a side object that a later commit had dropped",
    193: "an acknowledged second start is no event lost",
    379: "an event deferred and then ignored in one commit",
    1334: "an answer that names no command was taken for proof that the command was sent",
    1583: "the same, with a deadline between two rounds",
    2766: "two processes that were over answered each other for ever",
    4009: "the same as 1334, of a join",
    17325: "a wake-up of an earlier life of the process id fired a deadline of the next",
    34152: "an event for which a full record had no room, and that it took when it came again",
    41623: "a process began while its redrive was on its way",
    43431: "an event that was ignored by a process that waits for ever",
    54486: "the same, of one that was kept for a join",
}


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_seed_that_once_failed(seed: int) -> None:
    """What a seed once found stays mended."""
    assert World(plain_schedule_of(seed)).run() == []


WHOLE_REGRESSIONS = {
    317146: "a repetition carried what had expired, while another copy was acknowledged",
    1001115: "an answer that nobody hears was buried again once its key was in a page",
    1019554: "an event that was too much carried what had expired, and was taken for seen",
}


@pytest.mark.parametrize("seed", WHOLE_REGRESSIONS)
def test_seed_of_a_whole_schedule_that_once_failed(seed: int) -> None:
    """The same, with the fleets and people that later schedules have."""
    assert World(schedule_of(seed)).run() == []


def test_fleets_and_people_take_part() -> None:
    """Among the schedules are real fleets, tokens that people bring, and what is very old."""
    drawn = [schedule_of(seed) for seed in range(1, 400)]

    assert sum(bool(one.fleets) for one in drawn) > 50
    assert sum("door" in one.stories for one in drawn) > 30
    assert sum(one.stale > 90.0 for one in drawn) > 3
