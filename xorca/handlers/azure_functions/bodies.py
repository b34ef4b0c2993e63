"""The body of a message: events, in each of the forms in which Azure carries them."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from xorca.errors import InvalidEvent
from xorca.events import read_event
from xorca.events.batch import split_batch
from xorca.handlers.azure_functions.event_grid import converted, is_native
from xorca.handlers.azure_functions.sources import as_uri
from xorca.handlers.trigger import NATIVE, Member, Origin, Refused, is_array, read_text

_BOM: Final = b"\xef\xbb\xbf"
_WRAPPINGS: Final = 3
"""How often text may be wrapped in base64 or a JSON string, before it is given up."""

_MENDABLE: Final = ("invalid-attribute", "invalid-data")
_OCTETS: Final = msgspec.Raw(b'"application/octet-stream"')
_UNSET: Final = (b"", b"null")

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_string = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode


def read_body(body: bytes | str, origin: Origin, *, native: bool) -> list[Member]:
    """Read a body: one event, or an array of them.

    It may be wrapped in base64, as Storage queues have it by default, or in a JSON string,
    as the host hands text to a custom handler. ``native`` takes events of the Event Grid
    schema, too.
    """
    text = unwrapped(body)
    return mended(read_text(text, origin), text, native=native)


def mended(members: list[Member], text: bytes, *, native: bool) -> list[Member]:
    """Look once more at what was refused in JSON text: is it only that Azure wrote it?"""
    if all(not isinstance(member, Refused) for member in members):
        return members
    raws = _raws(text)
    if len(raws) != len(members):
        return members
    return [
        _second_look(member, raw, native=native) if isinstance(member, Refused) else member
        for member, raw in zip(members, raws, strict=True)
    ]


def unwrapped(body: bytes | str) -> bytes:
    """Give JSON text out of its wrappings; what holds none is given as it is."""
    given = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    text = given
    for _ in range(_WRAPPINGS):
        text = text.removeprefix(_BOM).strip()
        if text[:1] in (b"{", b"["):
            return text
        inner = _from_string(text) if text[:1] == b'"' else _from_base64(text)
        if inner is None:
            return given
        text = inner
    return text if text.strip()[:1] in (b"{", b"[") else given


def _from_string(text: bytes) -> bytes | None:
    try:
        return _string(text).encode()
    except (msgspec.DecodeError, UnicodeError):
        return None


def _from_base64(text: bytes) -> bytes | None:
    try:
        return b64decode(text, validate=True) or None
    except binascii.Error:
        return None


def _raws(text: bytes) -> Sequence[bytes]:
    if not is_array(text):
        return [text]
    try:
        return split_batch(text)
    except InvalidEvent:
        return []


def _second_look(refused: Refused, raw: bytes, *, native: bool) -> Member:
    origin = Origin(refused.place, refused.message_id)
    try:
        members = _members(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return refused
    if is_native(members):
        return converted(members, origin) if native else origin.refuse(NATIVE, _NATIVE)
    if refused.reason == "invalid-data" and _is_bare_binary(members):
        members["datacontenttype"] = _OCTETS
    source = _text_of(members.get("source"))
    if source is not None:
        members["source"] = msgspec.Raw(_encode(as_uri(source)))
    return _reread(members, refused) if refused.reason in _MENDABLE else refused


def _reread(members: dict[str, msgspec.Raw], refused: Refused) -> Member:
    try:
        return read_event(_encode(members))
    except InvalidEvent as error:
        return Origin(refused.place, refused.message_id).refuse_for(error)


def _is_bare_binary(members: Mapping[str, msgspec.Raw]) -> bool:
    """Tell whether there are bytes of which nobody said what they are: JSON is only assumed."""
    return "data_base64" in members and bytes(members.get("datacontenttype") or b"") in _UNSET


def _text_of(raw: msgspec.Raw | None) -> str | None:
    try:
        return None if raw is None else _string(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_NATIVE: Final = (
    "it is an event of the Event Grid schema: let the event subscription deliver the"
    " CloudEvents schema, or read it with event_grid_schema=True"
)
