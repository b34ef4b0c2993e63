"""What really happened, kept by the simulated ports: the one witness that no worker can fool.

It reads stored records by its own few fields, follows each process with the reference model
of its class, and notes at once what breaks an invariant. The invariants are those of
``docs/explanation/proof.md``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from tests.simulation.causes import check_letters
from tests.simulation.deadlines import check_in_time, check_overdue, check_timers
from tests.simulation.lives import Emit, Life
from tests.simulation.models import Illegal
from tests.simulation.sight import (
    Head,
    Sight,
    Told,
    read_head,
    read_sight,
    read_told,
    wakes_of,
)
from xorca.events import Event

if TYPE_CHECKING:
    from tests.simulation.people import People
    from tests.simulation.schedule import Schedule

LETTER = "sys.xorca.deadletter"
SERVED_BY_PROCESSES = "cmd.help.give"
SERVERS = frozenset({"sim.pair", "sim.helper"})
SKEW = 1.0
LETTERS = frozenset(
    {"not-heard", "early", "deferred-full", "never-accepted", "process-exists"}
    | {"stale-unprovable", "record-too-large"}
)
"""Why an event may be given up; what handlers raise is for those that are written to raise."""

POISON = frozenset({"handler-raised", "guard-raised", "payload"})
FRAIL = frozenset({"sim.notes", "sim.frail"})
CLOCKS = 3.5
"""How far the clocks of two workers may be apart, in seconds."""


class Ledger:
    """The commits, publications and outcomes of one schedule, and what is wrong with them."""

    def __init__(self, schedule: Schedule, *, forgetful: bool = False) -> None:
        self.schedule = schedule
        self.lives: dict[str, Life] = {}
        self.by_subject: dict[str, Life] = {}
        self.emits: dict[str, Emit] = {}
        self.bytes: dict[str, bytes] = {}
        self.published: dict[str, int] = defaultdict(int)
        self.loose: dict[str, str] = {}
        self.arming: set[str] = set()  # wake-ups that the very commit sets
        self.unheard: dict[str, float] = {}  # when an alarm lost a wake-up
        self.armed_at: dict[str, float] = {}
        self.troubled = 0.0  # when a fault was injected last
        self.letter_ids: dict[tuple[str, str], str] = {}
        self.people: People | None = None
        self.redriven: dict[str, int] = defaultdict(int)
        self.violations: list[str] = []
        self.wakes: set[str] = set()
        self.commits = 0
        self.kills = 0
        self.strict_rounds = schedule.causation
        self.forgetful = (
            forgetful  # answers that nobody hears, and old events, come when none is known
        )
        self._left: dict[tuple[int, str, str], int] = {}
        self._sides: dict[str, set[str]] = {}

    def wrong(self, invariant: str, what: str) -> None:
        """Note a violation."""
        self.violations.append(f"{invariant} {what}")

    # -- commits ---------------------------------------------------------------------

    def committed(self, key: str, body: bytes, now: float = 0.0) -> None:
        """Look at a record that was just stored."""
        sight = read_sight(body)
        self.commits += 1
        life = self.lives.get(key)
        if life is None:
            life = self.lives[key] = Life(key, sight)
        self._same_process(life, sight)
        self._log(life, sight)
        check_letters(self, life, sight)
        check_timers(self, life, sight)
        self._outbox(life, sight)
        self._seen(life, sight)
        life.last = sight
        life.statuses.add(sight.status)
        life.touched = now
        self.by_subject[sight.subject] = life
        life.bodies.append(body)

    def side(self, key: str, body: bytes) -> None:
        """Note what a side object of a record holds of a join."""
        if body[:2] != b"[[":
            return
        owner = key.removeprefix("_side/").rpartition("/")[0]
        rows = msgspec.json.decode(body)
        self._sides.setdefault(owner, set()).update(word for row in rows for word in row[1::4])

    def is_gathered(self, life: Life, event_id: str) -> bool:
        """Tell whether an event was ever kept for a join of this process."""
        return event_id in life.gathered or event_id in self._sides.get(life.key, ())

    def removed(self, key: str, now: float) -> None:
        """Note that a record is gone for good: a tombstone whose time is over, and nothing else."""
        life = self.lives.get(key)
        if life is None or life.last is None:
            return
        if life.last.status != "deleted":
            self.wrong("I1", f"{life.last.subject} was removed, and it is {life.last.status}")
        if life.last.keep_until > now + CLOCKS:
            self.wrong("I1", f"the tombstone of {life.last.subject} was removed too early")
        life.last = None

    def _same_process(self, life: Life, sight: Sight) -> None:
        last = life.last
        expected = 1 if last is None else last.revision + 1
        if sight.revision != expected:
            self.wrong("I1", f"{sight.subject}: revision {sight.revision} after {expected - 1}")
        if last is None or last.status in ("failed", "deleted"):
            life.begin_anew(sight)
            if last is None or last.status == "deleted":
                life.letters = {}  # they went with the life that they are of
            return
        check_overdue(self, last, sight)
        if (last.subject, last.incarnation) != (sight.subject, sight.incarnation):
            self.wrong("I1", f"{sight.subject}: another life began over {last.subject}")
        if sight.status == "deleted":
            self._deleted(life, last, sight)

    def _deleted(self, life: Life, last: Sight, sight: Sight) -> None:
        """A tombstone follows what is over, and takes nothing along that is not out."""
        if last.status == "active":
            self.wrong("I3", f"{sight.subject} was deleted while it was active")
        for emit_id, emit in self.emits.items():
            if emit.life is life and emit_id not in self.published:
                self.wrong("I4", f"{emit.type} {emit_id} was deleted, and never sent")
        life.begin_anew(sight)

    def _log(self, life: Life, sight: Sight) -> None:
        log, known = sight.memory.log, len(life.log)
        if log[:known] != life.log:
            self.wrong(
                "I2", f"{sight.subject}: revision {sight.revision} lost {life.log} for {log}"
            )
            life.log = log
            return
        for line in log[known:]:
            self._line(life, sight, line)
        life.log = log
        if sight.state != life.walk.state and sight.status != "cancelled":
            self.wrong(
                "I3", f"{sight.subject}: in {sight.state!r}, and {life.walk.state!r} is right"
            )

    def _line(self, life: Life, sight: Sight, line: str) -> None:
        try:
            before = life.walk.state
            step, tokens, decided = life.walk.advance(line)
        except Illegal as exc:
            self.wrong("I3", f"{sight.subject}: {exc}")
            return
        items = [self.emits[token].item for token in tokens if token in self.emits]
        if items != sorted(items):
            self.wrong("I3", f"{sight.subject}: a list in another order than it was sent: {line}")
        for token in tokens:
            if token in life.tokens and not self._is_by_name(sight, token):
                self.wrong("I2", f"{sight.subject}: {token} was applied twice: {line!r}")
            if token in life.buried and not self.redriven[life.key]:
                self.wrong("I2", f"{sight.subject}: {token} is dead, and was applied: {line!r}")
            life.tokens[token] = step
            check_in_time(self, life, sight, token)
            self._token(life, sight, token)
        if life.walk.state != before:
            life.fallen = {}
        life.owed.update(decided)
        for name, _, _ in decided:
            life.sent_last[name] = step

    def _is_by_name(self, sight: Sight, token: str) -> bool:
        """Tell whether an answer that names no command is that to a command of an earlier life."""
        emit = self.emits.get(token)
        return not self.strict_rounds and emit is not None and emit.incarnation != sight.incarnation

    def _token(self, life: Life, sight: Sight, token: str) -> None:
        if self.people is not None and token in self.people.uses:
            self.people.takes_effect(life, sight, token)
            return
        if "-timer-" in token:
            timer = life.timers.get(token) or life.fallen.get(token)
            if timer is None:
                self.wrong("I3", f"{sight.subject}: {token} fired, of a visit that is over")
            elif timer.due > sight.updated + SKEW + 0.002:
                self.wrong("I3", f"{sight.subject}: {token} fired before its time")
            return
        emit = self.emits.get(token)
        if emit is None or not self.strict_rounds:
            return
        if emit.life is not life:
            if emit.type != SERVED_BY_PROCESSES:
                self.wrong("I3", f"{sight.subject}: {token} is another process's command")
            return
        if emit.incarnation != sight.incarnation:
            self.wrong("I3", f"{sight.subject}: {token} is of an earlier life")
            return
        newest = life.sent_last.get(emit.type, -1)
        if newest > emit.step:
            self.wrong("I3", f"{sight.subject}: {token} was superseded by line {newest}")

    def _outbox(self, life: Life, sight: Sight) -> None:
        mine, horizon = life.walk.model, self.schedule.limits.horizon
        if life.last is not None and sight.updated - life.last.updated < horizon / 2:
            for emit_id in life.last.outbox.keys() - sight.outbox.keys() - self.published.keys():
                self.wrong("I4", f"{sight.subject}: {emit_id} is noted as sent, and never was")
        for emit_id, out in sight.outbox.items():
            known = self.emits.get(emit_id)
            body = bytes(out.event)
            if known is not None:
                if known.body != body:
                    self.wrong("I5", f"{emit_id}: other bytes in revision {sight.revision}")
                continue
            self._emitted(life, sight, emit_id, body)
        is_untold = sight.name in SERVERS and sight.incarnation not in life.told
        if sight.status == "cancelled" and is_untold:
            self.wrong("I4", f"{sight.subject}: it is cancelled, and its caller not told")
        if life.owed and (
            sight.status != "active" or any(o[0] not in mine.wide for o in life.owed)
        ):
            lost = [o for o in life.owed if sight.status != "active" or o[0] not in mine.wide]
            self.wrong("I4", f"{sight.subject}: decided and not in the outbox: {sorted(lost)}")
            life.owed.difference_update(lost)

    def _emitted(self, life: Life, sight: Sight, emit_id: str, body: bytes) -> None:
        head = read_head(body)
        told = read_told(head.data) if bytes(head.data) != b"null" else Told()
        emit = Emit(life, sight.revision, body, head.type, told.step, told.item, sight.incarnation)
        self.emits[emit_id] = emit
        self._bytes(emit_id, body)
        if head.type == LETTER or told.reason == "process-exists":
            self._letter(life, sight, head, told)
            return
        if told.reason == "cancelled" and sight.status == "cancelled":
            if sight.incarnation in life.told:
                self.wrong("I2", f"{sight.subject}: its cancel was told twice")
            life.told.add(sight.incarnation)
            return
        owed = (head.type, told.step, told.item)
        if owed in life.owed:
            life.owed.discard(owed)
        else:
            self.wrong("I3", f"{sight.subject}: emitted {owed}, which nothing decided")

    def _letter(self, life: Life, sight: Sight, head: Head, told: Told) -> None:
        poison = told.reason in POISON and sight.name in FRAIL
        if not (poison or told.reason in LETTERS):
            self.wrong("I6", f"{sight.subject}: a dead letter that nothing calls for: {told}")
        about = told.event["id"] if told.event else head.causationid
        life.letters[about, told.reason] = life.letters.get((about, told.reason), 0) + 1
        times = sum(count for (one, _), count in life.letters.items() if one == about)
        old = told.reason == "stale-unprovable"
        is_forgotten = self.forgetful and (old or about.startswith("r-"))
        if times > 1 + self.redriven[life.key] and not is_forgotten:
            self.wrong("I2", f"{sight.subject}: {about} was buried twice ({told.reason})")
        if head.type == LETTER:
            life.buried.add(about)

    def _seen(self, life: Life, sight: Sight) -> None:
        recorded = life.recorded
        recorded.update(sight.inbox)
        for packed in (sight.seen, sight.answered):
            recorded.update([packed[at : at + 16] for at in range(0, len(packed), 16)])
        for basket in sight.baskets.values():
            life.gathered.update([row[1] for row in basket.items])
            life.answered_ids.update([row[5] for row in basket.items])
        life.deferred.update([one.event.id for one in sight.deferred])
        for one in sight.dead:
            life.buried.add(one.id)
            life.buried.update([event.id for event in one.events])
        life.timers = wakes_of(sight)
        self.wakes.update(life.timers)

    # -- what left -----------------------------------------------------------------------

    def sent(self, worker: int, event: Event, *, in_order: bool = True) -> None:
        """Note that the bus took an event."""
        body = event.to_json()
        self._bytes(event.id, body)
        self.published[event.id] += 1
        emit = self.emits.get(event.id)
        if emit is None:
            if event.type == LETTER and event.source == "/xorca/runtime":
                told = read_told(event.data or b"{}")
                self.loose[(told.event or {}).get("id", "")] = told.reason
                return
            self.wrong("I5", f"{event.type} {event.id} was sent and never committed")
            return
        if not in_order:
            return
        place = (worker, emit.life.key, emit.incarnation)
        if self.published[event.id] == 1:
            if self._left.get(place, 0) > emit.revision:
                self.wrong("I7", f"{event.type} {event.id} left after a later revision's")
            self._left[place] = max(self._left.get(place, 0), emit.revision)

    def answered(self, event: Event) -> None:
        """Note that a service answered; the same answer every time."""
        self._bytes(event.id, event.to_json())

    def armed(self, event: Event, now: float) -> None:
        """Note that a wake-up was set."""
        self.armed_at[event.id] = now
        self._bytes(event.id, event.to_json())
        if event.id not in self.wakes:
            self.wrong("I5", f"the wake-up {event.id} was set and never committed")

    def _bytes(self, event_id: str, body: bytes) -> None:
        if self.bytes.setdefault(event_id, body) != body:
            self.wrong("I5", f"{event_id} was seen with other bytes")
