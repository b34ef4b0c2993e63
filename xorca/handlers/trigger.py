"""What every trigger shares: a body, or a part of a payload, as events or as what is refused.

Nothing here raises: whatever a trigger brings is either an event, or Refused with its place
and the reason. An event must be acknowledged as its outcome says, and what is refused be
dead-lettered, by whoever reads the trigger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast
from urllib.parse import quote

from xorca.errors import InvalidEvent
from xorca.events import MAX_BATCH_EVENTS, Event, read_batch, read_binary, read_event, read_http

NATIVE: Final = "native"
"""The reason of what a cloud tells in a form of its own, with no CloudEvent inside."""

_SPACE: Final = " \t\r\n"
_JSON: Final = ("", "application/json")
_EVENT: Final = "application/cloudevents"


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of a payload that is no CloudEvent.

    ``place`` says where it stands, such as ``Records[3].body``, ``reason`` is a stable word,
    ``text`` one sentence with the cure. ``message_id`` is the message that it came in.
    """

    place: str
    reason: str
    text: str
    message_id: str | None = None


Member: TypeAlias = Event | Refused


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a payload something stands, and in which message."""

    place: str
    message_id: str | None = None

    def at(self, more: str) -> Origin:
        """Give the origin of a part: ``.body``, ``[3]``."""
        return Origin(f"{self.place}{more}".removeprefix("."), self.message_id)

    def refuse(self, reason: str, text: str) -> Refused:
        """Say that what stands here is no event."""
        return Refused(self.place, reason, text, self.message_id)

    def refuse_for(self, error: InvalidEvent) -> Refused:
        """Say why what stands here is no event."""
        return Refused(self.place, error.reason, str(error), self.message_id)


ROOT: Final = Origin("")


def split(members: Iterable[Member]) -> tuple[list[Event], list[Refused]]:
    """Part events from what was refused, each in its order."""
    events: list[Event] = []
    refused: list[Refused] = []
    for member in members:
        if isinstance(member, Event):
            events.append(member)
        else:
            refused.append(member)
    return events, refused


def read_text(body: str | bytes, origin: Origin) -> list[Member]:
    """Read a body that says nothing of its form: one structured event, or a JSON array of them."""
    try:
        if is_array(body):
            return _placed(read_batch(body), origin)
        return [read_event(body)]
    except InvalidEvent as error:
        return [origin.refuse_for(error)]


def read_value(value: object, origin: Origin) -> list[Member]:
    """Read JSON that was parsed already: one structured event, or a list of them."""
    if not isinstance(value, list):
        return [_read_member(value, origin)]
    members = cast("list[object]", value)
    if len(members) > MAX_BATCH_EVENTS:
        text = f"the batch has more than {MAX_BATCH_EVENTS} members: send smaller batches"
        return [origin.refuse("too-large", text)]
    return [_read_member(each, origin.at(f"[{place}]")) for place, each in enumerate(members)]


def read_request(headers: Mapping[str, str], body: bytes, origin: Origin) -> list[Member]:
    """Read an HTTP request: structured, a batch, or ``ce-`` headers.

    Where the content type is plain JSON, or none, and no header is of an event, the body
    itself may be one, or an array of them: many a proxy leaves no more of the headers.
    """
    names = {name.lower(): value for name, value in headers.items()}
    coding = names.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        text = "the body is compressed: send it as it is, without Content-Encoding"
        return [origin.refuse("unsupported", text)]
    if len(names) < len(headers) and _twice(headers):
        text = "a header of the event comes twice: send each attribute once"
        return [origin.refuse("duplicate-attribute", text)]
    try:
        return _placed(read_http(headers, body), origin)
    except InvalidEvent as error:
        if error.reason == "unsupported" and _may_be_bare(names, body):
            return read_text(body, origin)
        return [origin.refuse_for(error)]


def read_attributes(
    attributes: Mapping[str, str], body: str | bytes, origin: Origin
) -> list[Member]:
    """Read a message in binary mode: its attributes are of the event, the body is the data.

    Names are ``ce-id`` or ``ce_id`` in any case; ``content-type`` says what the body is, JSON
    by default. Values are taken as they are: no broker percent-encodes them. Where that says
    that the body is the event itself, the attributes are there for filters alone.
    """
    headers: dict[str, str] = {}
    for name, value in attributes.items():
        header = _header(name)
        if header in headers:
            text = f"attribute {header[:64]!r} comes twice: send each attribute once"
            return [origin.refuse("duplicate-attribute", text)]
        is_type = header == "content-type"
        headers[header] = value if is_type else quote(value, errors="surrogatepass")
    if headers.get("content-type", "").strip().lower().startswith(_EVENT):
        return read_text(body, origin)
    try:
        return [read_binary(headers, _bytes(body))]
    except InvalidEvent as error:
        return [origin.refuse_for(error)]


def is_binary(attributes: Iterable[str]) -> bool:
    """Tell whether message attributes of these names are those of an event."""
    return any(_header(name) == "ce-specversion" for name in attributes)


def is_array(body: str | bytes) -> bool:
    """Tell whether JSON text is an array."""
    if isinstance(body, str):
        return body.lstrip(_SPACE).startswith("[")
    return body.lstrip(_SPACE.encode()).startswith(b"[")


def json_of(value: object) -> bytes:
    """Write JSON that was parsed as text again.

    Raises:
        InvalidEvent: it is no JSON value, or has no form in UTF-8.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except RecursionError:
        raise InvalidEvent(
            "the JSON is nested too deeply: flatten the data", reason="too-deep"
        ) from None
    except UnicodeEncodeError:
        raise InvalidEvent(
            "it holds a lone surrogate, which no text may: remove it, or send its pair"
        ) from None
    except (TypeError, ValueError):
        raise InvalidEvent(
            "it holds what JSON does not, such as NaN or bytes: send JSON values"
        ) from None


def _read_member(value: object, origin: Origin) -> Member:
    try:
        return read_event(json_of(value))
    except InvalidEvent as error:
        return origin.refuse_for(error)


def _placed(found: Iterable[Event | InvalidEvent], origin: Origin) -> list[Member]:
    members = list(found)
    if len(members) == 1 and isinstance(members[0], Event):
        return [members[0]]
    return [
        member if isinstance(member, Event) else origin.at(f"[{place}]").refuse_for(member)
        for place, member in enumerate(members)
    ]


def _may_be_bare(names: Mapping[str, str], body: bytes) -> bool:
    kind = names.get("content-type", "").partition(";")[0].strip().lower()
    return kind in _JSON and b'"specversion"' in body


def _twice(headers: Mapping[str, str]) -> bool:
    names = [name.lower() for name in headers]
    ours = [name for name in names if name == "content-type" or name.startswith("ce-")]
    return len(ours) > len(set(ours))


def _header(name: str) -> str:
    lower = name.lower()
    if lower.replace("_", "-") in ("content-type", "contenttype"):
        return "content-type"
    return f"ce-{lower[3:]}" if lower.startswith("ce_") else lower


def _bytes(body: str | bytes) -> bytes:
    # A lone surrogate becomes bytes that are not UTF-8, and is refused as such by the reader.
    return body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
