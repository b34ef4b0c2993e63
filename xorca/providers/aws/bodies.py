"""Reading the body of a message of SQS, whoever put it there."""

from __future__ import annotations

import msgspec

from xorca.errors import InvalidEvent
from xorca.events import Event, read_event


class _Wrapped(msgspec.Struct):
    """What SNS and the rules of EventBridge put around an event; an event has specversion."""

    specversion: msgspec.Raw = msgspec.Raw()
    kind: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="detail-type")
    detail: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="Type")
    message: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="Message")


_decode = msgspec.json.Decoder(_Wrapped).decode


def event_of_body(body: str) -> Event:
    """Read a structured event, as it is or as SNS or EventBridge wrapped it.

    Raises:
        InvalidEvent: it holds none.
    """
    try:
        found = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return read_event(body)  # which says what is wrong
    if found.specversion:
        return read_event(body)
    if found.kind and found.detail:
        return read_event(bytes(found.detail))
    if bytes(found.type) == b'"Notification"' and found.message:
        return read_event(_text(found.message))
    return read_event(body)


def _text(message: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(message, type=str)
    except msgspec.MsgspecError as exc:
        raise InvalidEvent(f"the Message of a notification is no text: {exc}") from exc
