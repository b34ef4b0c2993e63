"""A schedule: everything that is decided before a simulated world begins to move."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tests.simulation.faults import Fault, Plan
from xorca.events import Event
from xorca.runtime import Limits

Verb = Literal["cancel", "delete", "prune", "sweep", "redrive", "live"]


@dataclass(frozen=True, slots=True)
class Given:
    """An event from outside, and when it is sent (seconds)."""

    at: float
    event: Event


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator, or a program, asks a worker for without an event.

    ``seconds`` is the age that ``prune`` and ``sweep`` are given; ``event`` is what a live
    block sends. Whoever asks and gets no answer asks again.
    """

    at: float
    verb: Verb
    subject: str = ""
    seconds: float = 0.0
    force: bool = False
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """A worker: who publishes, how wrong its clock is, how much it takes at once.

    With ``publishes`` false its caller sends what ``handle`` gives, and then confirms; a
    ``careless`` one acknowledges before that, and whatever it then fails to send is for a sweep.
    """

    publishes: bool = True
    skew: float = 0.0
    batch: int = 1
    consumers: int = 1
    careless: bool = False


LIMITS = Limits()

LATE = 14 * 86_400.0
"""Seconds after which nothing of what was before is kept for certain."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a world is made of; ``seed`` decides the rest: latencies, order, copies.

    ``deploy`` is when workers begin to be replaced by ones with the newest versions too, and
    ``fixed`` when they begin to be replaced by ones whose handlers raise no more.
    Where there are ``fleets``, they serve the commands, and remember what they answered; else
    somebody does who never fails. ``forgetful`` is from when until when they can write nothing
    down, ``fleet_prunes`` when they forget what is over, and ``coy`` how often they ask for a
    command to come again. ``deaf`` is how often an alarm loses a wake-up, ``pages`` the sizes of
    pages of old inbox keys (see ``paging``), ``arming`` whether the store sets wake-ups in the commit. ``copies`` is how often something is delivered again without need, ``errors`` how often a
    service answers with an error, ``stale`` how late a copy may come (seconds), ``other_ids``
    whether its second answer has another id.
    """

    seed: int
    given: tuple[Given, ...]
    stories: tuple[str, ...]
    plan: Plan = field(default_factory=dict[int, Fault])
    workers: tuple[Setup, ...] = (Setup(),)
    fleets: tuple[Setup, ...] = ()
    forgetful: tuple[float, float] = (0.0, 0.0)
    fleet_prunes: tuple[float, ...] = ()
    coy: float = 0.0
    deaf: float = 0.0
    pages: tuple[int, ...] = ()
    latency: float = 0.05
    visibility: float = 30.0
    copies: float = 0.0
    stale: float = 90.0
    errors: float = 0.0
    causation: bool = True
    other_ids: bool = False
    deploy: float | None = None
    fixed: float | None = None
    acts: tuple[Act, ...] = ()
    limits: Limits = LIMITS
    store_limit: int = 1_000_000
    in_order: bool = False
    sleeps: bool = True
    leases: bool = False
    arming: bool = False
    patience: int = 1_000

    @property
    def is_mended(self) -> bool:
        """Whether something may be left to a sweep, which then comes at the end."""
        return bool(self.acts) or any(setup.careless for setup in self.workers)
