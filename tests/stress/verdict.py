"""The promise, checked against what the ledger, the logs and the memories say.

Every function gives sentences, one a violation; none of them means that the promise held.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from tests.stress.ledger import Entry, Ledger
from tests.stress.shift import NAME, WAYS
from xorca.engine.record import Record, unseal
from xorca.errors import RecordError
from xorca.events import Event, read_event

SOURCE = f"/xorca/{NAME}/"
TIMER = "sys.xorca.timer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the driver sent for a process: its start event and its ticks."""

    start: str
    ticks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known after the hammering: ``asked`` by subject, ``logs`` as lines."""

    ledger: Ledger
    asked: Mapping[str, Asked]
    logs: Sequence[str] = ()
    complaints: Sequence[str] = ()


@dataclass(slots=True)
class Decided:
    """An event in the outbox of a committed record, and where in the ledger it came first."""

    place: int
    event: Event
    body: bytes


@dataclass(slots=True)
class Story:
    """The commits of one process in the order of the ledger."""

    key: str
    records: list[Record] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    decided: dict[str, Decided] = field(default_factory=dict)


class Memory(msgspec.Struct):
    """What a process remembers of what it applied."""

    applied: list[str] = []
    count: int = 0


def violations(evidence: Evidence) -> list[str]:
    """Say in how many ways the promise was broken."""
    stories, found = read_stories(evidence.ledger.commits)
    found += evidence.complaints
    found += check_rest(evidence.ledger)
    for story in stories.values():
        found += check_revisions(story)
        found += check_path(story)
        found += check_bytes(story)
    decided = {each: made for story in stories.values() for each, made in story.decided.items()}
    found += check_published(decided, evidence.ledger.published)
    found += check_served(decided, evidence.logs)
    found += check_processes(stories.values(), evidence.asked)
    return found


def read_stories(commits: Iterable[Entry]) -> tuple[dict[str, Story], list[str]]:
    """Read every commit; one that cannot be read is torn."""
    stories: dict[str, Story] = {}
    torn: list[str] = []
    for entry in commits:
        try:
            record = unseal(entry.body, where=entry.name)
        except RecordError as exc:
            torn.append(f"torn record: {exc}")
            continue
        story = stories.setdefault(entry.name, Story(entry.name))
        story.records.append(record)
        story.places.append(entry.place)
        for emit_id, out in record.outbox.items():
            body = bytes(out.event)
            story.decided.setdefault(emit_id, Decided(entry.place, read_event(body), body))
    return stories, torn


def check_rest(ledger: Ledger) -> Iterator[str]:
    """Say what is wrong with the file as it was left."""
    if ledger.damage != "ok":
        yield f"damaged file: {ledger.damage}"
    if ledger.left_over:
        yield f"not drained: {ledger.left_over} deliveries are left"
    last = {entry.name: entry.body for entry in ledger.commits}
    for key in ledger.stored.keys() | last.keys():
        if ledger.stored.get(key) != last.get(key):
            yield f"{key}: what is stored is not what was committed last"


def check_revisions(story: Story) -> Iterator[str]:
    """Each commit raises the revision by one and only adds to the memory (I1)."""
    known = Memory()
    for number, record in enumerate(story.records, 1):
        memory = msgspec.json.decode(record.memory, type=Memory)
        if record.revision != number:
            yield f"{story.key}: commit {number} has revision {record.revision}"
        if record.incarnation != story.records[0].incarnation:
            yield f"{story.key}: commit {number} began another life"
        if memory.applied[: len(known.applied)] != known.applied:
            yield f"{story.key}: revision {record.revision} lost what was applied before"
        if memory.count != len(memory.applied):
            yield f"{story.key}: counted {memory.count}, wrote down {len(memory.applied)}"
        known = memory


def check_path(story: Story) -> Iterator[str]:
    """The states that a process went through are a way through its machine (I3)."""
    state = "fanning"
    for record in story.records:
        lines = [line.state for line in record.history if line.revision == record.revision]
        for after in [*lines, record.state]:
            if after != state and (state, after) not in WAYS:
                yield f"{story.key}: went from {state!r} to {after!r} in {record.revision}"
            state = after


def check_bytes(story: Story) -> Iterator[str]:
    """An event stays the same in whatever revision it is stored (I5)."""
    for record in story.records:
        for emit_id, out in record.outbox.items():
            if bytes(out.event) != story.decided[emit_id].body:
                yield f"{emit_id}: other bytes in revision {record.revision}"


def check_published(decided: Mapping[str, Decided], published: Iterable[Entry]) -> Iterator[str]:
    """What was decided is sent, with its bytes, after the commit; nothing else is (I4, I5)."""
    missing = set(decided)
    for entry in published:
        event = read_event(entry.body)
        if entry.name == "sys.xorca.deadletter":
            yield f"dead letter: {event.payload()}"
        if not event.source.startswith(SOURCE) or entry.name == TIMER:
            continue
        missing.discard(event.id)
        made = decided.get(event.id)
        if made is None:
            yield f"{event.id}: {entry.name} was sent and never committed"
        elif made.place > entry.place:
            yield f"{event.id}: {entry.name} was sent before its commit"
        elif made.body != entry.body:
            yield f"{event.id}: {entry.name} was sent with other bytes than were committed"
    yield from (f"{emit_id}: {decided[emit_id].event.type} was never sent" for emit_id in missing)


def check_served(decided: Mapping[str, Decided], logs: Iterable[str]) -> Iterator[str]:
    """Every command reaches a service, each time with the bytes that were committed (I4, I5)."""
    digests = {emit_id: digest_of(made.event) for emit_id, made in decided.items()}
    missing = {emit_id for emit_id, made in decided.items() if made.event.type.startswith("cmd.")}
    for line in logs:
        kind, *words = line.split()
        if kind != "served":
            continue
        emit_id, digest = words
        missing.discard(emit_id)
        if digests.get(emit_id) != digest:
            yield f"{emit_id}: a service saw other bytes than were committed"
    yield from (
        f"{emit_id}: no service ever saw {decided[emit_id].event.type}" for emit_id in missing
    )


def digest_of(event: Event) -> str:
    """Give what a service writes down of the bytes of an event."""
    return sha256(event.to_json()).hexdigest()[:32]


def check_processes(stories: Iterable[Story], asked: Mapping[str, Asked]) -> Iterator[str]:
    """Every process ends, having applied all that was for it, each exactly once (I2, I6)."""
    by_subject: dict[str, list[Story]] = defaultdict(list)
    for story in stories:
        by_subject[story.records[-1].subject].append(story)
    for subject in by_subject.keys() - asked.keys():
        yield f"{subject}: nobody asked for it"
    for subject, given in asked.items():
        found = by_subject.get(subject, [])
        if len(found) != 1:
            yield f"{subject}: there are {len(found)} records of it"
            continue
        yield from _check_process(found[0], given)


def _check_process(story: Story, given: Asked) -> Iterator[str]:
    last = story.records[-1]
    subject, types = last.subject, Counter(made.event.type for made in story.decided.values())
    if (last.status, last.state) != ("ended", "done"):
        yield f"{subject}: never ended, it is {last.status} in {last.state!r}"
    if last.dead or last.dead_dropped:
        yield f"{subject}: has dead letters"
    if types["notif.hammer.done"] != 1:
        yield f"{subject}: told {types['notif.hammer.done']} times that it is done"
    applied = Counter(msgspec.json.decode(last.memory, type=Memory).applied)
    yield from (
        f"{subject}: {token} was applied {n} times" for token, n in applied.items() if n > 1
    )
    commands = {i for i, made in story.decided.items() if made.event.type.startswith("cmd.")}
    due = {given.start, *given.ticks, *commands}
    yield from (f"{subject}: {token} was never applied" for token in due - applied.keys())
    timers = {token for token in applied.keys() - due if "-timer-" in token}
    yield from (f"{subject}: {t} was applied and never sent" for t in applied.keys() - due - timers)
    if len(timers) != types["cmd.hammer.count"]:
        yield f"{subject}: {len(timers)} deadlines for {types['cmd.hammer.count']} rests"
