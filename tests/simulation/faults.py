"""What can go wrong at a call of a port, and the plan that says where it does."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal, get_args

Fault = Literal[
    "crash-before",  # the worker dies with its request unsent
    "crash-after",  # the worker dies when its request was executed
    "lost-request",  # nothing was executed; the caller sees a time-out
    "lost-response",  # it was executed; the caller sees a time-out
    "sdk-retry",  # it was executed, and a second time by the SDK, whose answer counts
    "late-request",  # the caller sees a time-out, and it is executed a while later
    "conflict",  # refused although nobody was quicker (a 409); of a bus: some were accepted
    "throttle",  # refused by an overloaded port
    "pause",  # executed after a stop that is longer than a lease or a visibility
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

SINGLE = FAULTS[:-1]
"""The faults of the crash matrix: a pause is nothing to a worker that is alone."""

Plan = dict[int, Fault]
"""Which fault happens at which call, by the number of the call."""


def draw_plan(random: Random, *, rate: float, calls: int, kinds: Sequence[Fault] = FAULTS) -> Plan:
    """Draw faults for the first so many calls."""
    if not rate:
        return {}
    return {at: random.choice(kinds) for at in range(calls) if random.random() < rate}
