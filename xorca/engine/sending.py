"""Wide fan-outs leave in windows: what waits, and what goes when others are answered."""

from __future__ import annotations

import msgspec

from xorca.engine.awaiting import emit_of
from xorca.engine.draft import Draft
from xorca.engine.record import Awaited, Backlog, Entry

_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def release(draft: Draft, command: str, entry: Entry, *, rest: bool = False) -> None:
    """Send as many waiting items of a fan-out as the window has room for.

    With ``rest`` all of them, for nobody will answer them any more: what was decided is
    sent. May raise NeedSides when the next of them lie in a side object.
    """
    awaited = draft.record.awaited.get(command)
    backlog = draft.record.backlog.get(command)
    if awaited is None or backlog is None:
        return
    outstanding = int(awaited.open, 16) & ((1 << awaited.sent) - 1)
    room = awaited.count if rest else draft.limits.window - outstanding.bit_count()
    emitter = draft.emitter
    while room > 0 and awaited.sent < awaited.count:
        if not backlog.items:
            _load(draft, backlog)
        data = bytes(backlog.items.pop(0))
        emit_id = emit_of(draft.mark, awaited, awaited.sent)
        trace = backlog.trace
        draft.send(emitter.event(emit_id, command, data, cause=backlog.cause, trace=trace), entry)
        awaited.sent += 1
        room -= 1
    _finish(draft, command, awaited)


def _finish(draft: Draft, command: str, awaited: Awaited) -> None:
    if awaited.sent >= awaited.count:
        awaited.sent = 0
        del draft.record.backlog[command]


def _load(draft: Draft, backlog: Backlog) -> None:
    name = backlog.spilled[0]
    (body,) = draft.sides.read(name)
    backlog.items = _decode(body)
    del backlog.spilled[0]
    draft.sides.dropped.append(name)


def spill_backlog(draft: Draft, backlog: Backlog) -> None:
    """Move waiting items to side objects where they would make the record heavy."""
    limit = draft.limits.backlog
    if sum(len(memoryview(item)) for item in backlog.items) <= limit:
        return
    chunk: list[msgspec.Raw] = []
    size = 0
    for item in backlog.items:
        chunk.append(item)
        size += len(memoryview(item))
        if size > limit:
            backlog.spilled.append(draft.write_side(_encode(chunk)))
            chunk, size = [], 0
    if chunk:
        backlog.spilled.append(draft.write_side(_encode(chunk)))
    backlog.items = []
