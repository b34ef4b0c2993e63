"""The answer to a command: its id, its name and its data. Pure."""

from __future__ import annotations

from typing import Literal

from xorca.codec import encode_json
from xorca.engine.letters import DEAD_LETTER_TYPE, dead_letter_data
from xorca.errors import PayloadError
from xorca.events import Event, derived_id
from xorca.fleet.call import checked_size, encode_payload
from xorca.fleet.registration import Handler
from xorca.fleet.sender import Sender
from xorca.fleet.signals import Refusal

Answer = Literal["success", "error", "timeout"]
_REASON_LENGTH = 2_000


def reply_id(source: str, command: Event) -> str:
    """Give the id of the answer, the same whatever the answer is.

    A command that is delivered again may be answered otherwise the second time; whoever
    hears both takes them for one event, and the first stands.
    """
    return derived_id(source, command.source, command.id)


def reply_to(command: Event, answer: Answer, data: bytes | None, sender: Sender) -> Event:
    """Make the answer to a command."""
    return Event(
        id=reply_id(sender.source, command),
        source=sender.source,
        type=f"evt.{command.type[4:]}.{answer}",
        subject=command.subject,
        time=sender.time(),
        data=data,
        datacontenttype=None if data is None else "application/json",
        extensions=sender.caused_by(command),
    )


def dead_letter(event: Event, *, reason: str, cause: str, sender: Sender) -> Event:
    """Tell of an event that an observer could not take; nobody else would hear of it."""
    subject = event.subject or ""
    return Event(
        id=derived_id("dead", sender.source, event.key, reason),
        source=sender.source,
        type=DEAD_LETTER_TYPE,
        subject=event.subject,
        time=sender.time(),
        data=dead_letter_data(event, subject=subject, reason=reason, cause=cause),
        datacontenttype="application/json",
        extensions=sender.caused_by(event),
    )


def success_data(handler: Handler, value: object) -> bytes | None:
    """Write what a service returned; None for an answer without data.

    Raises:
        PayloadError: it does not fit the annotation, or is too large.
    """
    if handler.gives is not None:
        return checked_size(handler.name, handler.gives.encode(value))
    if value is not None:
        raise PayloadError(f"expected None, got {type(value).__qualname__}")
    return None


def refusal_data(handler: Handler, refusal: Refusal) -> bytes:
    """Write the payload of a refusal.

    Raises:
        PayloadError: it has no JSON form, or is too large.
    """
    if isinstance(refusal.payload, str):
        return failure_data(refusal.payload, refusal)
    return encode_payload(handler.name, refusal.payload)


def failure_data(reason: str, error: Exception) -> bytes:
    """Write the data of an error that has no payload of its own."""
    text = reason[:_REASON_LENGTH].encode("utf-8", "replace").decode("utf-8")
    return encode_json({"reason": text, "error": type(error).__name__})


def message_of(error: Exception) -> str:
    """Give the text of an exception; its class where it has none, or cannot say it."""
    try:
        return str(error) or type(error).__name__
    except Exception:  # a __str__ that raises must not cost the answer
        return type(error).__name__
