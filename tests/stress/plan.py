"""How hard to hammer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard to hammer.

    ``pause`` is the longest time between two kills, ``patience`` how long the last workers
    may take to finish, in seconds; ``lost`` is the part of acknowledgements that go wrong.
    ``store`` is the URL of where the state lies, if that is not the file of the channel.
    """

    kills: int
    workers: int
    subjects: int
    seed: int
    pause: float = 0.4
    rounds: int = 2
    ticks: int = 3
    patience: float = 120.0
    lost: float = 0.05
    sabotage: str = ""
    store: str = ""
