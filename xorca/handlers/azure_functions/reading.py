"""From whatever a trigger of Azure Functions brings to events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xorca.errors import InvalidEvent
from xorca.events import Event
from xorca.handlers.azure_functions.bodies import read_body
from xorca.handlers.azure_functions.custom import is_custom, parsed, read_custom
from xorca.handlers.azure_functions.objects import is_binding, read_binding
from xorca.handlers.trigger import ROOT, Member, Origin, Refused, json_of, split


def read_trigger(
    payload: object, *, event_grid_schema: bool = True
) -> tuple[list[Event], list[Refused]]:
    """Read the events of a trigger, and what in it is none.

    It takes what the worker gives a function (``CloudEvent``, ``EventGridEvent``,
    ``ServiceBusMessage`` and a list of them, ``QueueMessage``, ``EventHubEvent``,
    ``HttpRequest``), what the host posts to a custom handler, and what Event Grid posts to a
    webhook, as bytes, text or parsed JSON. It never raises.

    Args:
        payload: What the trigger brought.
        event_grid_schema: Take events of the Event Grid schema as the CloudEvents that they
            would be; otherwise they are refused as ``native``.
    """
    return split(_members(payload, ROOT, native=event_grid_schema))


def _members(payload: object, origin: Origin, *, native: bool) -> list[Member]:
    if is_binding(payload):
        return read_binding(payload, origin, native=native)
    if isinstance(payload, bytearray):
        payload = bytes(payload)
    if isinstance(payload, (bytes, str)):
        return _read_text(payload, origin, native=native)
    if is_custom(payload):
        return read_custom(payload, origin, native=native)
    several = _several(payload)
    if any(is_binding(each) for each in several):
        return [
            member
            for index, each in enumerate(several)
            for member in _members(each, origin.at(f"[{index}]"), native=native)
        ]
    try:
        return read_body(json_of(payload), origin, native=native)
    except InvalidEvent as error:
        return [origin.refuse_for(error)]


def _read_text(text: bytes | str, origin: Origin, *, native: bool) -> list[Member]:
    members = read_body(text, origin, native=native)
    if any(isinstance(member, Event) for member in members):
        return members
    posted = parsed(text)
    return read_custom(posted, origin, native=native) if is_custom(posted) else members


def _several(payload: object) -> Sequence[object]:
    return cast("Sequence[object]", payload) if isinstance(payload, (list, tuple)) else ()
