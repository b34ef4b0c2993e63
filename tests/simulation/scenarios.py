"""Fixed stories in a fixed order, for the crash matrix: one worker, no luck."""

from __future__ import annotations

from collections.abc import Sequence

from tests.simulation.schedule import Given, Schedule, Setup
from tests.simulation.stories import outside
from xorca.runtime import Limits

SMALL = Limits(window=2, gathered=100, backlog=60)
EARLY, NOTES = "sim.early/1.0.0/p", "sim.notes/1.0.0/p"


def _scenario(story: str, given: Sequence[Given], **options: object) -> Schedule:
    options.setdefault("workers", (Setup(),))
    fixed = {"latency": 0.0, "in_order": True, "seed": 1}
    return Schedule(given=tuple(given), stories=(story,), **{**fixed, **options})  # type: ignore[arg-type]


def _start(name: str, n: object = 1, **more: object) -> Given:
    extensions = {"id": "s", "at": 0.0, "processid": "p", **more}
    id, at = str(extensions.pop("id")), float(extensions.pop("at"))  # type: ignore[arg-type]
    return outside(name, id, at=at, n=n, **extensions)  # type: ignore[arg-type]


def _said(subject: str, *words: tuple[str, object]) -> list[Given]:
    return [
        outside(f"evt.{name}.said", f"{name}{at}", at=0.0, subject=subject, n=n)
        for at, (name, n) in enumerate(words)
    ]


BATCH = (Setup(batch=8),)
CALLER = (Setup(batch=8, publishes=False),)
GOOD = ("note", 1)
PAIR, FAN, NOTE = "cmd.pair.run", "xorca.sim.fan.start", "xorca.sim.notes.start"
EARLY_WORDS = (("seal", 1), ("word", 1), ("note", 1), ("hint", 1), ("note", 1))

SCENARIOS: dict[str, Schedule] = {
    "notes one by one": _scenario("notes", [_start(NOTE, 3), *_said(NOTES, *[GOOD] * 3)]),
    "poison first in a batch": _scenario(
        "notes",
        [_start(NOTE, 2), *_said(NOTES, ("note", 13), GOOD, ("note", 14), GOOD)],
        workers=BATCH,
    ),
    "poison start, then a good one": _scenario(
        "notes", [_start(NOTE, 13, id="bad"), _start(NOTE, 1), *_said(NOTES, GOOD)]
    ),
    "poison join, then a good one": _scenario(
        "notes",
        [
            _start(NOTE, 1),
            *_said(NOTES, ("ink", 13), ("pen", 1), ("ink", 1), ("pen", 2), ("ghost", 1), GOOD),
        ],
    ),
    "join that answers its caller": _scenario("pair", [_start(PAIR, 1, subject="caller/1")]),
    "join asked again": _scenario("pair", [_start(PAIR, 1, subject="caller/1")], errors=0.45),
    "join without causation": _scenario(
        "pair", [_start(PAIR, 1, subject="caller/1")], causation=False, errors=0.3
    ),
    "served by a fleet that remembers": _scenario(
        "pair", [_start(PAIR, 1, subject="caller/1")], fleets=(Setup(),)
    ),
    "served by a fleet whose caller publishes": _scenario(
        "first", [_start("xorca.sim.first.start")], fleets=(Setup(batch=4, publishes=False),)
    ),
    "conditional command": _scenario("pair", [_start(PAIR, 0, subject="caller/1")]),
    "second start": _scenario(
        "pair",
        [_start(PAIR, 1, subject="caller/1"), _start(PAIR, 1, id="s2", subject="caller/2")],
    ),
    "fan-out in windows": _scenario("fan", [_start(FAN, 3)], limits=SMALL),
    "fan-out in batches": _scenario("fan", [_start(FAN, 4)], limits=SMALL, workers=BATCH),
    "fan-out with torn items": _scenario("fan", [_start(FAN, 3)], errors=0.4),
    "children": _scenario("boss", [_start("xorca.sim.boss.start", 2)]),
    "first of two": _scenario("first", [_start("xorca.sim.first.start")]),
    "early one by one": _scenario(
        "early", [_start("xorca.sim.early.start"), *_said(EARLY, *EARLY_WORDS)]
    ),
    "early in a batch": _scenario(
        "early", [_start("xorca.sim.early.start"), *_said(EARLY, *EARLY_WORDS)], workers=BATCH
    ),
    "early, the caller publishes": _scenario(
        "early", [_start("xorca.sim.early.start"), *_said(EARLY, *EARLY_WORDS)], workers=CALLER
    ),
    "deadlines": _scenario("waits", [_start("evt.alarm.rang", 2)], visibility=2.0),
    "newer version after the crash": _scenario(
        "ver", [_start("xorca.sim.ver.start")], deploy=100_000.0
    ),
}
