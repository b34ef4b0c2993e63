"""Joins: keeping what arrived, telling when all of it has, and handing it to the handler."""

from __future__ import annotations

from typing import Any

import msgspec

from xorca.dsl.names import command_of
from xorca.dsl.plan import Edge, Part
from xorca.engine.awaiting import Match, all_answered, reopen
from xorca.engine.draft import Draft
from xorca.engine.inbox import Sides
from xorca.engine.record import Basket, Gathered, Record, raw
from xorca.errors import PayloadError
from xorca.events import Event

_decode = msgspec.json.Decoder(list[Gathered]).decode
_encode = msgspec.json.Encoder().encode


def put(draft: Draft, event: Event, match: Match | None) -> None:
    """Keep an event for the joins of the present state."""
    item = match.item if match is not None else 0
    emit = match.emit if match is not None else ""
    data = event.data if event.is_json else None
    basket = draft.record.baskets.setdefault(event.type, Basket())
    if _counts_only(draft, event.type):
        data = None  # the join takes no parameter: what was answered is all that matters
    kept = Gathered(item, event.id, event.source, draft.at, raw(data), emit)
    basket.items.append(kept)
    basket.size += len(data or b"") + len(kept.id) + len(kept.source) + len(emit)
    if basket.size > draft.limits.gathered:
        basket.spilled.append(draft.write_side(_encode(basket.items)))
        basket.items, basket.size = [], 0


def _counts_only(draft: Draft, name: str) -> bool:
    joins = draft.plan.joins[draft.record.state]
    return all(part.kind == "count" for e in joins for part in e.parts if part.name == name)


def is_kept(record: Record, name: str) -> bool:
    """Tell whether an event of this name waits already."""
    basket = record.baskets.get(name)
    return basket is not None and bool(basket.items or basket.spilled)


def complete_joins(draft: Draft) -> list[Edge]:
    """Give the joins of the present state for which everything has arrived."""
    record = draft.record
    return [
        edge
        for edge in draft.plan.joins[record.state]
        if all(_arrived(record, part) for part in edge.parts)
    ]


def _arrived(record: Record, part: Part) -> bool:
    awaited = record.awaited.get(part.command) if part.command else None
    if part.kind in ("list", "count"):
        return awaited is not None and all_answered(awaited)
    if is_kept(record, part.name):
        return True
    return part.kind == "optional" and part.command in record.skipped


def payloads_of(draft: Draft, edge: Edge) -> tuple[Any, ...]:
    """Give what a join's handler takes, one a part that has a parameter.

    Raises:
        NeedSides: some of it lies in side objects.
        PayloadError: what was kept does not fit the parameter any more.
    """
    return tuple(_payload(draft, part) for part in edge.parts if part.kind != "count")


def _payload(draft: Draft, part: Part) -> Any:
    if part.codec is None:
        raise PayloadError(f"{part.name!r} has no type to be read as")
    items = kept_items(draft.record, draft.sides, part.name)
    if part.kind == "list":
        items.sort(key=lambda kept: kept.item)
        return [part.codec.decode(bytes(kept.data)) for kept in items]
    if not items or is_absent(part, bytes(items[0].data)):
        return None
    return part.codec.decode(bytes(items[0].data))


def is_absent(part: Part, data: bytes | None) -> bool:
    """Tell whether an event brings nothing for a parameter that may be None."""
    return part.kind == "optional" and data in (None, b"null")


def kept_items(record: Record, sides: Sides, name: str) -> list[Gathered]:
    """Give everything that was kept under a name, also what lies in side objects."""
    basket = record.baskets.get(name)
    if basket is None:
        return []
    spilled = sides.read(*basket.spilled)
    return [item for body in spilled for item in _decode(body)] + basket.items


def consume(draft: Draft, edge: Edge) -> None:
    """Drop what a join has taken, so that it is taken once."""
    record = draft.record
    for part in edge.parts:
        basket = record.baskets.pop(part.name, None)
        if basket is not None:
            draft.sides.dropped.extend(basket.spilled)
        if part.command is not None:
            record.awaited.pop(part.command, None)
            if part.command in record.skipped:
                record.skipped.remove(part.command)


def free_places(draft: Draft, edge: Edge) -> list[tuple[Part, Gathered]]:
    """Take the parts of a join that failed out again, so that better ones may come.

    Gives what was kept. May raise NeedSides.
    """
    record = draft.record
    freed: list[tuple[Part, Gathered]] = []
    for part in edge.parts:
        for kept in kept_items(record, draft.sides, part.name):
            freed.append((part, kept))
            awaited = record.awaited.get(part.command) if part.command else None
            if awaited is not None:
                reopen(awaited, kept.item)
        basket = record.baskets.pop(part.name, None)
        if basket is not None:
            draft.sides.dropped.extend(basket.spilled)
    return freed


def forget_answers(record: Record, sides: Sides, command: str) -> None:
    """Forget the answers to a fan-out that is sent again: they are not the new one's."""
    for name in [name for name in record.baskets if command_of(name) == command]:
        sides.dropped.extend(record.baskets.pop(name).spilled)


def clear_baskets(record: Record, sides: Sides) -> None:
    """Forget what was kept for the joins of a state that is left."""
    for basket in record.baskets.values():
        sides.dropped.extend(basket.spilled)
    record.baskets = {}
