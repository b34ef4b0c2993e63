"""One transition: the cursor that the machine moves, and what a move does to the record."""

from __future__ import annotations

from asyncio import CancelledError
from typing import Any

import msgspec

from xorca.codec import payload_of
from xorca.dsl.machine import START
from xorca.dsl.orchestrator import Orchestrator
from xorca.dsl.plan import Edge, EmitPlan, Part
from xorca.engine.awaiting import Match, await_command, close, forget_answered
from xorca.engine.draft import Draft
from xorca.engine.emitting import Decided, decide, trace_of
from xorca.engine.gathering import clear_baskets, forget_answers, is_absent
from xorca.engine.record import ENDED, Awaited, Backlog, Entry, raw
from xorca.engine.sending import release, spill_backlog
from xorca.errors import HandlerError, PayloadError
from xorca.events import Event

NOT_POISON = (MemoryError, RecursionError)
POISON = (Exception, CancelledError)  # nobody cancels what does not await


class Transition(msgspec.Struct, eq=False):
    """A private cursor for one event: what the machine asks while it looks for a way.

    Nothing is changed in the draft before it is applied; an exception leaves it as it was.
    """

    state: str
    memory: msgspec.Raw
    draft: Draft
    event: Event
    payloads: tuple[Any, ...] = ()
    opened: tuple[Orchestrator, dict[str, Any]] | None = None
    misfits: list[str] = []
    guarded: bool = False
    edge: Edge | None = None
    gathered: bool = False
    decided: tuple[Decided, ...] = ()

    # -- what the machine asks ------------------------------------------------

    def accepts(self, edge: Edge) -> bool:
        """Decode the payload for an edge and ask its guard."""
        found = self._decode(edge)
        if found is None:
            return False
        if edge.guard is not None:
            passes = self._guard(edge, found)
            self.opened = None  # whatever the guard did to the memory is forgotten
            if not passes:
                self.guarded = True
                return False
        self.payloads = found
        return True

    def act(self, edge: Edge) -> None:
        """Run the handler, and check what it left behind and what it returned."""
        instance, memory = self._open()
        self.draft.acting = edge
        payloads = self.payloads if edge.takes_payload else ()
        try:
            result = edge.function(instance, *payloads)
        except NOT_POISON:
            raise
        except POISON as exc:
            raise HandlerError(raised_in(edge.handler, exc)) from exc
        self.decided = decide(edge, result)
        self.memory = self._encode_memory(edge, memory)
        self.edge = edge

    def gather(self, name: str) -> None:
        """Keep the event for a join; its data must fit at least one that waits for it."""
        parts = [
            part
            for edge in self.draft.plan.joins[self.state]
            for part in edge.parts
            if part.name == name
        ]
        if not self.event.is_json and any(part.codec is not None for part in parts):
            media = self.event.datacontenttype
            raise PayloadError(f"the data is {media}, and a join keeps JSON only")
        data = self.event.data
        misfits = [found for part in parts if (found := _misfit(part, data)) is not None]
        if len(misfits) == len(parts):
            raise misfits[0]
        self.gathered = True

    # -- what it needs for that -------------------------------------------------

    def _open(self) -> tuple[Orchestrator, dict[str, Any]]:
        if self.opened is None:
            self.opened = self.draft.instance(self.event)
        return self.opened

    def _decode(self, edge: Edge) -> tuple[Any, ...] | None:
        if edge.parts or not edge.arms:
            return self.payloads
        reasons: list[str] = []
        for codec in edge.arms:
            try:
                return (payload_of(codec, self.event),)
            except PayloadError as exc:
                reasons.append(str(exc))
        self.misfits.extend(reasons)
        return None

    def _guard(self, edge: Edge, payloads: tuple[Any, ...]) -> bool:
        guard: Any = edge.guard
        instance, _ = self._open()
        self.draft.acting = None
        code = getattr(guard, "__code__", None)
        if code is not None and code.co_argcount == 1:
            payloads = ()
        try:
            return bool(guard(instance, *payloads))
        except NOT_POISON:
            raise
        except POISON as exc:
            name = getattr(guard, "__name__", "when")
            raise HandlerError(raised_in(name, exc), reason="guard-raised") from exc

    def _encode_memory(self, edge: Edge, memory: dict[str, Any]) -> msgspec.Raw:
        codec, before = self.draft.plan.memory.codec, self.memory
        if not codec.names:
            return before
        try:
            data = msgspec.Raw(codec.encode(memory))
            if data != before:
                codec.decode(data)
        except PayloadError as exc:
            raise HandlerError(f"after {edge.handler!r}: {exc}", reason="memory") from exc
        return data


def prepare(draft: Draft, event: Event, payloads: tuple[Any, ...] = ()) -> Transition:
    """Give a cursor that stands where the process does."""
    record = draft.record
    return Transition(record.state or START, record.memory, draft, event, payloads)


def _misfit(part: Part, data: bytes | None) -> PayloadError | None:
    try:
        if part.codec is not None and not is_absent(part, data):
            part.codec.decode(data)
    except PayloadError as exc:
        return exc
    return None


def raised_in(handler: str, exc: BaseException) -> str:
    """Say what was raised and where, without its message: that may hold what is secret."""
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return f"{handler!r} raised {type(exc).__qualname__}{where}"


def apply_transition(draft: Draft, move: Transition, event: Event, entry: Entry) -> None:
    """Write what a transition decided into the draft."""
    edge = move.edge
    assert edge is not None  # the machine ran its handler
    record = draft.record
    record.memory = move.memory
    if edge.target is not None:
        _enter(draft, edge.target, entry)
    _send_all(draft, move.decided, event, entry)
    draft.changed = True
    draft.note(event.type)


def _enter(draft: Draft, target: str, entry: Entry) -> None:
    record, plan = draft.record, draft.plan
    if record.baskets:
        clear_baskets(record, draft.sides)
    forget_answered(record, plan.joined_ahead[target])
    if record.timers and plan.deadlines[record.state]:
        draft.disarm_visit(record.visit)
    record.attempt = record.attempt + 1 if record.state == target and record.visit else 1
    record.visit += 1
    record.state = target
    if target in plan.finals:
        _end(draft, entry)
        return
    for edge in plan.deadlines[target]:
        draft.arm(edge)


def _end(draft: Draft, entry: Entry) -> None:
    record = draft.record
    record.status = ENDED
    draft.retain()
    draft.disarm(list(record.timers))
    for command in list(record.backlog):
        release(draft, command, entry, rest=True)
    record.awaited, record.deferred = {}, []


def _send_all(draft: Draft, decided: tuple[Decided, ...], event: Event, entry: Entry) -> None:
    for item in decided:
        if item.skipped:
            if item.plan.is_command and item.plan.name not in draft.record.skipped:
                draft.record.skipped.append(item.plan.name)
        elif item.plan.kind == "many" and item.plan.is_command:
            _send_fan_out(draft, item.plan, item.data, event, entry)
        else:
            for data in item.data:
                _send_one(draft, item.plan, data, event, entry)


def _send_one(draft: Draft, plan: EmitPlan, data: bytes, event: Event, entry: Entry) -> None:
    if plan.is_command and draft.record.status != ENDED:
        _await(draft, plan.name, Awaited(draft.revision, draft.index), entry)
    emit_id, trace = draft.next_id(), draft.trace or trace_of(event)
    if plan.is_answer:
        sent = draft.emitter.event(emit_id, plan.name, data, cause=event.id, trace=trace)
    else:
        to = (event.id, draft.record.subject)
        sent = draft.emitter.reply(emit_id, plan.name, data, to, trace)
    draft.send(sent, entry)


def _send_fan_out(
    draft: Draft, plan: EmitPlan, data: tuple[bytes, ...], event: Event, entry: Entry
) -> None:
    """Send the first window of a fan-out; the rest waits in the record for answers."""
    record, window = draft.record, draft.limits.window
    first, count = draft.index, len(data)
    waits = record.status != ENDED
    sent = min(count, window) if waits else count
    if waits:
        everything = f"{(1 << count) - 1:x}" if count else "0"
        partly = sent if sent < count else 0
        awaited = Awaited(draft.revision, first, count, everything, True, partly)
        _await(draft, plan.name, awaited, entry)
    emitter, trace = draft.emitter, draft.trace or trace_of(event)
    for body in data[:sent]:
        made = emitter.event(draft.next_id(), plan.name, body, cause=event.id, trace=trace)
        draft.send(made, entry)
    draft.index = first + count
    if sent < count:
        backlog = Backlog(event.id, [raw(body) for body in data[sent:]], trace)
        record.backlog[plan.name] = backlog
        spill_backlog(draft, backlog)


def _await(draft: Draft, command: str, awaited: Awaited, entry: Entry) -> None:
    if command in draft.record.backlog:
        release(draft, command, entry, rest=True)  # what it supersedes was decided, too
    older = draft.record.awaited.get(command)
    if awaited.many or (older is not None and older.many):
        forget_answers(draft.record, draft.sides, command)
    await_command(draft.record, command, awaited)


def answer(draft: Draft, match: Match, entry: Entry) -> None:
    """Note that a command was answered; an answer that names it proves that it was out.

    One without causation may be that of an earlier command of the same name.
    """
    record, command = draft.record, match.command
    if match.by_causation:
        draft.known_out(match.emit)
    entry.answered = match.by_causation
    awaited = record.awaited[command]
    if awaited.many or command in draft.plan.joined[record.state]:
        close(awaited, match.item)
    else:
        del record.awaited[command]
