"""What is checked of an outcome, and of the world once it is at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tests.simulation.ledger import Ledger
from tests.simulation.lives import Life
from tests.simulation.sight import key_of
from xorca.events import Event
from xorca.runtime import Outcome

if TYPE_CHECKING:
    from tests.simulation.worker import Worker
    from tests.simulation.world import World

EXCUSES = frozenset(
    {"stale-unprovable", "record-too-large", "deferred-full", "never-accepted", "flood"}
)
TIMER = "sys.xorca.timer"
IGNORED = {
    "evt.hint.said": ("one", "two", "three"),
    "evt.note.said": ("three",),
    "evt.seal.said": ("three",),
}
"""What may be ignored as too early, too late or twice, by the state that a process stays in:
the worker that was told so may have died since."""


UNNOTED = {
    "sim.early": tuple(IGNORED),
    "sim.notes": ("evt.ink.said", "evt.pen.said"),
    "sim.waits": ("evt.alarm.rang",),
}
"""What may be ignored without a trace when its source sends too much of it."""


def life_of(ledger: Ledger, subject: str | None) -> Life | None:
    """Give the process of a subject."""
    if subject is None:
        return None
    return ledger.by_subject.get(subject)


def check_outcome(worker: Worker, event: Event, outcome: Outcome, began: float) -> None:
    """An outcome says what the ledger shows (I6), and the failure of others is not ours (I8)."""
    ledger = worker.world.ledger
    life = life_of(ledger, outcome.subject)
    complaint = _complaint(worker, ledger, life, event, outcome, began)
    if outcome.status == "ignored" and life is not None:
        (life.flooded if outcome.reason == "flood" else life.ignored).add(event.id)
    if complaint:
        invariant = "I8" if outcome.status == "retry" else "I6"
        ledger.wrong(invariant, f"{event.type} {event.id}: {outcome!r}: {complaint}")


def _complaint(
    worker: Worker, ledger: Ledger, life: Life | None, event: Event, outcome: Outcome, began: float
) -> str:
    status = outcome.status
    if status == "retry":
        return _retry(worker, life, outcome, began)
    if status == "foreign" or outcome.reason == "internal":
        return f"it is ours, and {outcome.error!r}"
    if status == "dead":
        return _dead(ledger, life, event, outcome)
    if life is None:
        return "there is no record"
    return (
        _ignored(ledger, life, event, outcome)
        if status == "ignored"
        else _changed(ledger, life, event, outcome, began)
    )


def _changed(ledger: Ledger, life: Life, event: Event, outcome: Outcome, began: float) -> str:
    if key_of(event) not in life.recorded:
        return "it is in no inbox"
    if outcome.status == "applied" and not _is_applied(ledger, life, event):
        return "nothing of it is stored"
    # A repetition may be answered from a cached record, that of the time before it died.
    alone = len(ledger.schedule.workers) == 1 and not ledger.kills
    if alone and outcome.reason == "seen" and life.last is not None and life.touched < began:
        return "it is dead" if event.id in {dead.id for dead in life.last.dead} else ""
    return ""


def _is_applied(ledger: Ledger, life: Life, event: Event) -> bool:
    token = token_of(event)
    if token in life.tokens or ledger.is_gathered(life, event.id) or event.id in life.buried:
        return True
    emit = ledger.emits.get(token)  # kept, and forgotten again in the same commit
    over = "ended" in life.statuses
    return over or (emit is not None and life.sent_last.get(emit.type, -1) > emit.step)


def token_of(event: Event) -> str:
    """Give the word by which a log tells of an event; of a reply, its command's id."""
    return (event.data and _token(event.data).token) or event.id


class _Tokened(msgspec.Struct):
    token: str = ""


_token = msgspec.json.Decoder(_Tokened).decode


def _retry(worker: Worker, life: Life | None, outcome: Outcome, began: float) -> str:
    ledger = worker.world.ledger
    if outcome.reason == "no-record" and life is not None and life.last is not None:
        lived = outcome.raw is None or outcome.raw.subject in (None, *ledger.by_subject)
        stood = lived and life.touched < began
        return "there is a record, and was all the time" if stood else ""
    if outcome.reason in ("no-record", "unknown-version", "record-too-large"):
        return ""
    upset = worker.wire.upset
    keys = {outcome.subject or ""} if life is None else {outcome.subject or "", life.key}
    for about, at in upset.items():
        if at >= began and (about in keys or (life is not None and life.key in about)):
            return ""
    if life is None and any(at >= began for at in upset.values()):
        return ""
    return "nothing went wrong with its subject"


def _dead(ledger: Ledger, life: Life | None, event: Event, outcome: Outcome) -> str:
    if outcome.state is None and outcome.sent:
        return ""  # a loose letter; whether it left is checked at the end
    if life is None or event.id not in life.buried:
        return "no dead letter is stored"
    return ""


def _ignored(ledger: Ledger, life: Life, event: Event, outcome: Outcome) -> str:
    if outcome.reason in ("ended", "failed", "cancelled", "deleted"):
        return "" if outcome.reason in life.statuses else f"it never was {outcome.reason}"
    if outcome.reason == "stale" and event.source == "/service":
        return _stale(ledger, life, event)
    return ""


def _stale(ledger: Ledger, life: Life, event: Event) -> str:
    """An answer is stale if its command was answered, asked again, or is no one's any more."""
    token = token_of(event)
    emit = ledger.emits.get(token)
    if emit is None or not ledger.strict_rounds:
        return ""
    used = token in life.tokens or life.sent_last.get(emit.type, -1) > emit.step
    kept = token in life.answered_ids or ledger.is_gathered(life, token)
    over = life.statuses & {"ended", "cancelled", "deleted"} or event.id in life.buried
    return "" if used or kept or over else f"{token} is still awaited"


def check_end(world: World) -> None:
    """At rest, everything decided was sent, everything taken is accounted for, all is over."""
    ledger = world.ledger
    if world.broker.open:
        ledger.wrong("stuck", f"{world.broker.open} messages were never settled")
    if world.commands.open:
        ledger.wrong("stuck", f"{world.commands.open} commands were never settled")
    for emit_id, emit in ledger.emits.items():
        if emit_id not in ledger.published:
            ledger.wrong("I4", f"{emit.type} {emit_id} of {emit.life.key} was never sent")
    for life in ledger.lives.values():
        _at_rest(ledger, life)
    if _is_quiet(world):
        _sent_once(ledger)
    for event in world.broker.delivered.values():
        _accounted(world, ledger, event)


def _is_quiet(world: World) -> bool:
    """Tell whether nothing went wrong, nothing came twice, and one worker was alone."""
    schedule = world.schedule
    alone = len(schedule.workers) == 1 and not (world.kills or schedule.acts or schedule.leases)
    calm = not (world.injected or schedule.copies or schedule.is_mended or world.gave_up)
    alone = alone and schedule.workers[0].consumers == 1
    return alone and calm and schedule.latency < 1 and schedule.store_limit >= 1_000_000


def _sent_once(ledger: Ledger) -> None:
    """Where nothing went wrong, what is known to be out is neither sent nor stored again (I5)."""
    for emit_id, times in ledger.published.items():
        if times > 1:
            ledger.wrong("I5", f"{emit_id} was sent {times} times, and nothing went wrong")
    for life in ledger.lives.values():
        for emit_id, out in life.last.outbox.items() if life.last is not None else ():
            if out.revision < life.last.revision:
                ledger.wrong("I5", f"{emit_id} is out, and was saved again")


def _at_rest(ledger: Ledger, life: Life) -> None:
    last = life.last
    if last is not None and last.status == "failed" and not last.dead:
        ledger.wrong("I6", f"{last.subject} failed to start, and its letter is gone")
    if last is None or last.status != "active" or "failed" in life.statuses:
        return
    if not _wants_more(ledger, life) and not _is_excused(ledger, life):
        ledger.wrong("stuck", f"{last.subject} is in {last.state!r}: {life.log}")


def _is_excused(ledger: Ledger, life: Life) -> bool:
    """Tell whether something that it waits for may have been dead-lettered."""
    if life.walk.model.name == "sim.slow":
        return False  # it waits for deadlines alone
    reasons = {reason for _, reason in life.letters} | set(ledger.loose.values())
    return bool(reasons & EXCUSES) or "no-record" in reasons


def _wants_more(ledger: Ledger, life: Life) -> bool:
    """Tell whether nobody sends a process as much as it needs; one was poison until the fix."""
    name, given = life.walk.model.name, ledger.schedule.given
    if name == "sim.early":
        return sum(one.event.type == "evt.note.said" for one in given) == 1
    return name == "sim.pulse" or (bool(life.log) and life.log[0].endswith(" n=13"))


def _accounted(world: World, ledger: Ledger, event: Event) -> None:
    if event.source != "/outside" or event.id in ledger.loose:
        return
    for life in ledger.lives.values():
        if event.id in life.tokens or event.id in life.buried:
            return
    key = key_of(event)
    if event.subject not in ledger.by_subject and any(
        key in life.recorded for life in ledger.lives.values()
    ):
        return  # a start for a process that was there
    if _is_flood(ledger, event):
        return
    found = life_of(ledger, event.subject or _named(event))
    if found is not None and found.statuses & {"ended", "failed", "cancelled", "deleted"}:
        return
    if found is not None and key in found.recorded and _still_waits(ledger, found, event):
        return  # nothing will show it in the log
    ledger.wrong("I6", f"{event.type} {event.id} was acknowledged and is nowhere")


def _is_flood(ledger: Ledger, event: Event) -> bool:
    """Tell whether an event was ignored without a trace, as one too many of its source."""
    for life in ledger.lives.values():
        if event.id in life.flooded:
            return event.type in UNNOTED.get(life.walk.model.name, ())
    return False


def _named(event: Event) -> str | None:
    """Give the subject of the process that a beat is for: it may be deleted."""
    asked = event.id.partition("-")[0]
    return f"sim.pulse/1.0.0/{asked}" if event.type == "evt.pulse.beat" else None


def _still_waits(ledger: Ledger, life: Life, event: Event) -> bool:
    """Tell whether an event was kept for a join, or ignored, by a process that goes on no more."""
    if _wants_more(ledger, life):
        return True
    ignored = event.id in life.ignored or life.walk.state in IGNORED.get(event.type, ())
    kept = ignored or ledger.is_gathered(life, event.id) or _is_deferred(life, event)
    return (kept or _is_one_too_many(life, event)) and _is_excused(ledger, life)


def _is_one_too_many(life: Life, event: Event) -> bool:
    """Tell whether another event of that name holds its place in a join, so that it is ignored.

    Whoever applied it may have died before he said so.
    """
    basket = None if life.last is None else life.last.baskets.get(event.type)
    return basket is not None and bool(basket.items)


def _is_deferred(life: Life, event: Event) -> bool:
    """Tell whether an event waits for its state; only an event, or a sweep, looks at its time."""
    return life.last is not None and event.id in {one.event.id for one in life.last.deferred}
