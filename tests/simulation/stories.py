"""What happens to a process from outside: its start, and the events that somebody sends."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from tests.simulation.schedule import Given
from tests.simulation.world import stamp
from xorca.events import Event


def outside(
    name: str, id: str, *, at: float, subject: str | None = None, n: object = 0, **extensions: str
) -> Given:
    """Make an event of somebody outside; its token is its id."""
    event = Event(
        id=id,
        source="/outside",
        type=name,
        subject=subject,
        time=stamp(at),
        data=msgspec.json.encode({"token": id, "n": n}),
        datacontenttype="application/json",
        extensions=dict(extensions),
    )
    return Given(at, event)


def pair(random: Random, pid: str) -> list[Given]:
    """A command starts it; at times another start wants the same process id."""
    found = [begins("cmd.pair.run", pid, n=random.randrange(2), subject=f"caller/{pid}")]
    if random.random() < 0.3:
        at = random.choice((0.1, 3.0, 400.0))
        found.append(begins("cmd.pair.run", pid, at=at, subject="caller/2", again="-2"))
    return found


def fan(random: Random, pid: str) -> list[Given]:
    """From none to seven items."""
    return [begins("xorca.sim.fan.start", pid, n=random.randrange(8))]


def boss(random: Random, pid: str) -> list[Given]:
    """From none to three helpers."""
    return [begins("xorca.sim.boss.start", pid, n=random.randrange(4))]


def first(random: Random, pid: str) -> list[Given]:
    """Nothing but the start."""
    return [begins("xorca.sim.first.start", pid)]


def early(random: Random, pid: str) -> list[Given]:
    """Everything that it hears, too early, in time or late."""
    subject, found = f"sim.early/1.0.0/{pid}", [begins("xorca.sim.early.start", pid)]
    needed = ["note", "note", "seal"]
    spare = [name for name in ("note", "hint", "word", "seal") if random.random() < 0.3]
    for number, name in enumerate(needed + spare):
        at = random.choice((0.0, 0.05, 1.0, 4.0, 12.0))
        id = f"{pid}-{name}{number}"
        found.append(outside(f"evt.{name}.said", id, at=at, subject=subject))
    return found


def notes(random: Random, pid: str) -> list[Given]:
    """Notes, with poison among them, and now and then very many."""
    subject, many = f"sim.notes/1.0.0/{pid}", random.random() < 0.02
    wanted = random.randint(66, 90) if many else random.randint(1, 5)
    found = [begins("xorca.sim.notes.start", pid, n=wanted)]
    since = 0.0
    if random.random() < 0.15:
        found.append(begins("xorca.sim.notes.start", pid, at=0.0, n=13, again="-bad"))
        since = 250.0
    said: list[tuple[str, object]] = [("note", 1)] * wanted
    if not many:
        extra = (("note", 13), ("note", 13), ("note", 14), ("note", "x"), ("ghost", 1), ("ink", 1))
        said += random.sample((*extra, ("pen", 1), ("pen", 13), ("ink", 13)), random.randrange(6))
    random.shuffle(said)
    spread = 500.0 if many else random.choice((0.0, 0.5, 10.0))
    for number, (name, n) in enumerate(said):
        at = since + random.random() * spread
        id = f"{pid}-{name}{number}"
        found.append(outside(f"evt.{name}.said", id, at=at, subject=subject, n=n))
    return found


def crowd(random: Random, pid: str) -> list[Given]:
    """Very many notes in a quarter of an hour."""
    wanted = random.randint(80, 150) + random.choice((0, 0, 0, 150))
    subject = f"sim.notes/1.0.0/{pid}"
    found = [begins("xorca.sim.notes.start", pid, n=wanted)]
    for number in range(wanted):
        at, id = random.random() * 900, f"{pid}-note{number}"
        found.append(outside("evt.note.said", id, at=at, subject=subject, n=1))
    return found


def mended(random: Random, pid: str) -> list[Given]:
    """Notes of which some are poison until a fix comes; it needs all of them to end."""
    subject, poison, good = f"sim.notes/1.0.0/{pid}", random.randint(1, 4), random.randint(0, 3)
    found = [begins("xorca.sim.notes.start", pid, n=poison + good)]
    said = [("note", 13)] * poison + [("note", 1)] * good + [("note", 14)] * random.randrange(2)
    said += [("ink", 13), ("pen", 1)] * random.randrange(2)
    for number, (name, n) in enumerate(said):
        at, id = random.random() * 30, f"{pid}-{name}{number}"
        found.append(outside(f"evt.{name}.said", id, at=at, subject=subject, n=n))
    return found


def waits(random: Random, pid: str) -> list[Given]:
    """An event starts it, at times twice."""
    found = [begins("evt.alarm.rang", pid, n=random.randint(1, 3))]
    if random.random() < 0.3:
        found.append(begins("evt.alarm.rang", pid, at=random.random() * 40, again="-2"))
    return found


def ver(random: Random, pid: str) -> list[Given]:
    """A start that takes whatever version is the newest where it arrives."""
    return [begins("xorca.sim.ver.start", pid, at=random.random() * 12)]


def begins(
    name: str, pid: str, *, at: float = 0.0, n: object = 1, subject: str = "", again: str = ""
) -> Given:
    """Make a start; another one of the same process id needs another ``again``."""
    id = f"{pid}-s{again}"
    return outside(name, id, at=at, subject=subject or None, n=n, processid=pid)


STORIES: dict[str, Callable[[Random, str], list[Given]]] = {
    "pair": pair,
    "fan": fan,
    "boss": boss,
    "first": first,
    "early": early,
    "notes": notes,
    "waits": waits,
    "ver": ver,
}

START_OF = {
    "pair": "cmd.pair.run",
    "fan": "xorca.sim.fan.start",
    "boss": "xorca.sim.boss.start",
    "first": "xorca.sim.first.start",
    "waits": "evt.alarm.rang",
}
