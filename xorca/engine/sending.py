"""Wide fan-outs leave in windows: what waits, and what goes when others are answered."""

from __future__ import annotations

import msgspec

from xorca.engine.awaiting import emit_of
from xorca.engine.commit import Commit
from xorca.engine.record import Awaited, Backlog, Entry

_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def release(
    draft: Commit, command: str, entry: Entry, *, rest: bool = False, most: int = 0
) -> None:
    """Send as many waiting items of a fan-out as the window has room for.

    With ``rest`` all of them, or ``most`` of them, for nobody will answer them any more: what
    was decided is sent. May raise NeedSides when the next of them lie in a side object.
    """
    awaited = draft.record.awaited.get(command)
    backlog = draft.record.backlog.get(command)
    if awaited is None or backlog is None:
        return
    outstanding = int(awaited.open, 16) & ((1 << awaited.sent) - 1)
    room = most or awaited.count if rest else draft.limits.window - outstanding.bit_count()
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


def _finish(draft: Commit, command: str, awaited: Awaited) -> None:
    if awaited.sent >= awaited.count:
        awaited.sent = 0
        del draft.record.backlog[command]


def _load(draft: Commit, backlog: Backlog) -> None:
    name = backlog.spilled[0]
    (body,) = draft.sides.read(name)
    backlog.items = _decode(body)
    del backlog.spilled[0]
    draft.sides.dropped.append(name)


def spill_backlog(draft: Commit, backlog: Backlog) -> None:
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


def release_all(commit: Commit, entry: Entry, *, room: int) -> bool:
    """Send what waits of every fan-out, until the outbox holds ``room`` bytes.

    Gives whether that was all; otherwise commit, publish, and go on.
    """
    record = commit.record
    size = sum(len(memoryview(out.event)) for out in record.outbox.values())
    for command in list(record.backlog):
        while command in record.backlog:
            if size > room:
                commit.changed = True  # so that what the outbox holds can leave it
                return False
            size += _release_one(commit, command, entry)
    return True


def _release_one(commit: Commit, command: str, entry: Entry) -> int:
    """Send the next item of a fan-out and give its size."""
    record, sent = commit.record, len(commit.fresh)
    release(commit, command, entry, rest=True, most=1)
    if len(commit.fresh) > sent:
        return len(memoryview(next(reversed(record.outbox.values())).event))
    if command in record.backlog:  # nobody awaits it
        commit.sides.dropped.extend(record.backlog.pop(command).spilled)
    return 0
