"""All simulated orchestrators, by the name of their story."""

from __future__ import annotations

from tests.simulation.machines_commands import Boss, Fan, First, Helper, Pair
from tests.simulation.machines_events import Early, FixedNotes, Notes, Ver1, Ver2, Waits
from tests.simulation.machines_people import Door
from tests.simulation.machines_rare import FixedFrail, Frail, Hasty, Pulse, Slow
from xorca import Orchestrator

Classes = tuple[type[Orchestrator], ...]

CAST: dict[str, Classes] = {
    "pair": (Pair,),
    "fan": (Fan,),
    "boss": (Boss, Helper),
    "first": (First,),
    "early": (Early,),
    "notes": (Notes,),
    "waits": (Waits,),
    "ver": (Ver1, Ver2),
    "door": (Door,),
    "frail": (Frail,),
    "pulse": (Pulse,),
    "slow": (Slow,),
    "hasty": (Hasty,),
}

FIXED: dict[type[Orchestrator], type[Orchestrator]] = {Notes: FixedNotes, Frail: FixedFrail}


def cast_of(stories: tuple[str, ...], *, deployed: bool, fixed: bool = False) -> Classes:
    """Give the classes that some stories need; the newest version only once it is deployed."""
    found = [cls for story in CAST if story in stories for cls in CAST[story]]
    if fixed:
        found = [FIXED.get(cls, cls) for cls in found]
    return tuple(cls for cls in found if deployed or cls is not Ver2)
