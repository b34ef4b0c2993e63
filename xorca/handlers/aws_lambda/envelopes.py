"""What AWS puts around a message: the envelopes of SNS and EventBridge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import msgspec

from xorca.errors import InvalidEvent
from xorca.events import Event, read_event
from xorca.handlers.trigger import (
    NATIVE,
    Member,
    Origin,
    is_array,
    is_binary,
    json_of,
    read_attributes,
    read_text,
)

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DEEPEST: Final = 3  # a rule, a topic, a queue
_HEAD: Final = ("id", "source", "detail-type", "time")


@dataclass(frozen=True, slots=True)
class Unwrap:
    """Takes messages out of their envelopes.

    ``plain`` says that an EventBridge event without a CloudEvent inside is one by itself.
    """

    plain: bool = False

    def message(self, body: str, attributes: Mapping[str, str], origin: Origin) -> list[Member]:
        """Read the body of a message: in binary mode, in an envelope, or by itself."""
        if is_binary(attributes):
            return read_attributes(attributes, body, origin)
        return self._text(body, origin, 0)

    def notification(self, found: Mapping[str, object], origin: Origin) -> list[Member]:
        """Read what SNS delivered."""
        return self._notification(found, origin, 0)

    def rule(self, found: Mapping[str, object], origin: Origin) -> list[Member]:
        """Read what EventBridge delivered."""
        try:
            detail = json_of(found["detail"])
        except InvalidEvent as error:
            return [origin.at(".detail").refuse_for(error)]
        return self._detail({name: found.get(name) for name in _HEAD}, detail, origin)

    def _text(self, body: str, origin: Origin, deep: int) -> list[Member]:
        found = read_text(body, origin)
        if is_array(body) or isinstance(found[0], Event) or deep == _DEEPEST:
            return found
        envelope = _object(body)
        if envelope is None or "specversion" in envelope:
            return found
        if is_notification(envelope):
            plain = {name: _value(raw) for name, raw in envelope.items()}
            return self._notification(plain, origin, deep + 1)
        if is_rule(envelope):
            head = {name: _value(envelope.get(name)) for name in _HEAD}
            return self._detail(head, bytes(envelope["detail"]), origin)
        return [native(origin)] if "Records" in envelope else found

    def _notification(self, found: Mapping[str, object], origin: Origin, deep: int) -> list[Member]:
        message = found.get("Message")
        at = origin.at(".Message")
        if found.get("Type", "Notification") != "Notification":
            text = f"it is no notification but a {found['Type']!r}"[:100]
            return [origin.refuse(NATIVE, f"{text}: confirm the subscription where it is made")]
        if not isinstance(message, str):
            return [at.refuse("malformed", "the notification has no Message that is text")]
        attributes = attributes_of(found.get("MessageAttributes"), "Value")
        if is_binary(attributes):
            return read_attributes(attributes, message, at)
        return self._text(message, at, deep)

    def _detail(self, head: Mapping[str, object], detail: bytes, origin: Origin) -> list[Member]:
        at = origin.at(".detail")
        inner = _object(detail)
        if inner is not None and "specversion" in inner:
            return read_text(detail, at)
        return [_of_rule(head, detail, origin) if self.plain else native(at)]


def is_notification(found: Mapping[str, object]) -> bool:
    """Tell whether an object has the members of what SNS sends."""
    return "TopicArn" in found and "Message" in found


def is_rule(found: Mapping[str, object]) -> bool:
    """Tell whether an object has the members of what EventBridge sends."""
    return "detail-type" in found and "detail" in found


def attributes_of(given: object, member: str) -> dict[str, str]:
    """Give message attributes by name; those that are no text are left out."""
    if not isinstance(given, dict):
        return {}
    found: dict[str, str] = {}
    for name, attribute in cast("dict[object, object]", given).items():
        if isinstance(name, str) and isinstance(attribute, dict):
            value = cast("dict[object, object]", attribute).get(member)
            if isinstance(value, str):
                found[name] = value
    return found


def native(origin: Origin) -> Member:
    """Refuse what AWS tells in a form of its own."""
    return origin.refuse(
        NATIVE,
        "it is an event of AWS's own with no CloudEvent inside: send CloudEvents here, or put"
        " something before it that makes one",
    )


def _of_rule(head: Mapping[str, object], detail: bytes, origin: Origin) -> Member:
    event = {
        "specversion": "1.0",
        "id": head["id"],
        "source": head["source"],
        "type": head["detail-type"],
        "time": head["time"],
        "data": msgspec.Raw(detail),
    }
    try:
        return read_event(msgspec.json.encode(event))
    except UnicodeEncodeError:
        text = "its id, source, detail-type or time holds a lone surrogate, which no text may"
        return origin.refuse("malformed", f"{text}: remove it, or send its pair")
    except InvalidEvent as error:
        return origin.refuse_for(error)


def _object(body: str | bytes) -> dict[str, msgspec.Raw] | None:
    try:
        return _members(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _value(raw: msgspec.Raw | None) -> object:
    try:
        return None if raw is None else msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
