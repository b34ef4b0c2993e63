"""The duels of layer C."""

from __future__ import annotations

from tests.simulation.interleavings import Duel
from tests.simulation.stories import outside
from xorca.events import Event

EARLY, NOTES = "sim.early/1.0.0/p", "sim.notes/1.0.0/p"


def _start(name: str, n: object = 1, id: str = "s", subject: str | None = None) -> Event:
    return outside(name, id, at=0.0, n=n, subject=subject, processid="p").event


def _said(subject: str, *names: str) -> tuple[Event, ...]:
    """Make events: ``note1`` is a note, ``note1!`` a poisonous one."""
    return tuple(
        outside(
            f"evt.{name.rstrip('!0123456789')}.said",
            name,
            at=0.0,
            subject=subject,
            n=13 if name.endswith("!") else 1,
        ).event
        for name in names
    )


NOTE, PAIR, FIRST = "xorca.sim.notes.start", "cmd.pair.run", "xorca.sim.first.start"
FAN, WAITS, EARLIER = "xorca.sim.fan.start", "evt.alarm.rang", "xorca.sim.early.start"

DUELS: dict[str, Duel] = {
    "the same event": Duel(
        "notes", (_start(NOTE, 1),), _said(NOTES, "note1"), ((("note1",),), (("note1",),))
    ),
    "different events": Duel(
        "notes",
        (_start(NOTE, 2),),
        _said(NOTES, "note1", "note2"),
        ((("note1",),), (("note2",),)),
    ),
    "batches that overlap, with poison": Duel(
        "notes",
        (_start(NOTE, 3),),
        _said(NOTES, "note1", "note2!", "note3", "note4"),
        ((("note2!", "note1", "note3"),), (("note3", "note2!", "note4"),)),
    ),
    "warm against cold": Duel(
        "notes",
        (_start(NOTE, 3), *_said(NOTES, "note0")),
        _said(NOTES, "note0", "note1", "note2"),
        ((("note1",),), (("note2", "note0"),)),
        warm=(0,),
    ),
    "both warm": Duel(
        "notes",
        (_start(NOTE, 3), *_said(NOTES, "note0")),
        _said(NOTES, "note0", "note1", "note2"),
        ((("note1",),), (("note2",),)),
        warm=(0, 1),
    ),
    "one start twice": Duel(
        "pair", (), (_start(PAIR, subject="caller/1"),), ((("s",),), (("s",),))
    ),
    "two starts": Duel(
        "pair",
        (),
        (_start(PAIR, subject="caller/1"), _start(PAIR, id="t", subject="caller/2")),
        ((("s",),), (("t",),)),
    ),
    "both parts of a join": Duel(
        "pair",
        (_start(PAIR, subject="caller/1"),),
        (),
        ((("reply:evt.left.do",),), (("reply:evt.right.do",),)),
    ),
    "the parts of a join, each twice": Duel(
        "pair",
        (_start(PAIR, subject="caller/1"),),
        (),
        (
            (("reply:evt.left.do", "reply:evt.right.do"),),
            (("reply:evt.right.do", "reply:evt.left.do"),),
        ),
    ),
    "an early event and what brings its state": Duel(
        "early",
        (_start(EARLIER),),
        _said(EARLY, "note1", "note2", "seal1"),
        ((("note1", "seal1"),), (("reply:evt.one.do", "note2"),)),
    ),
    "an answer that ends the wait of another": Duel(
        "first",
        (_start(FIRST),),
        (),
        ((("reply:evt.near.do",),), (("reply:evt.far.do",),)),
    ),
    "items of a fan-out": Duel(
        "fan",
        (_start(FAN, 3),),
        (),
        ((("reply:evt.page.scan",),), (("reply:evt.page.scan",),)),
    ),
    "two events each": Duel(
        "notes",
        (_start(NOTE, 4),),
        _said(NOTES, "note1", "note2", "note3", "note4"),
        ((("note1",), ("note2",)), (("note3",), ("note4",))),
        warm=(0, 1),
    ),
    "the last event against another": Duel(
        "notes",
        (_start(NOTE, 1),),
        _said(NOTES, "note1", "note2"),
        ((("note1",),), (("note2",),)),
        warm=(0, 1),
    ),
    "three workers, one event": Duel(
        "notes",
        (_start(NOTE, 1),),
        _said(NOTES, "note1"),
        ((("note1",),), (("note1",),), (("note1",),)),
    ),
    "three workers, three events": Duel(
        "notes",
        (_start(NOTE, 3),),
        _said(NOTES, "note1", "note2", "note3"),
        ((("note1",),), (("note2",),), (("note3",),)),
    ),
}
