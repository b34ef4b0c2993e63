"""Drawing workers."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.schedule import Setup


def draw_setup(random: Random) -> Setup:
    """Draw one worker."""
    return Setup(
        publishes=random.random() < 0.7,
        skew=random.choice((0.0, 0.0, 0.0, 0.4, -3.0, 3.0)),
        batch=random.choice((1, 1, 2, 4, 8)),
        consumers=random.choice((1, 1, 2)),
    )


def not_behind(workers: tuple[Setup, ...]) -> tuple[Setup, ...]:
    """Keep clocks from running late: what is forgotten early is told by the time of an event."""
    return tuple(replace(one, skew=max(0.0, one.skew)) for one in workers)
