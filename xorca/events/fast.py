"""The short way for the events that nearly always come; it accepts, and never refuses.

An event that this way cannot prove to be right is left to the exact reader, which
accepts it, or says what is wrong with it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from xorca.errors import InvalidEvent
from xorca.events.attributes import check_source, check_time
from xorca.events.envelope import Event
from xorca.events.json_text import check_depth
from xorca.events.limits import MAX_IDENTIFIER_BYTES
from xorca.events.media import Media, media_of

# So many characters are never more bytes than an identifier may have.
_SHORT: Final = MAX_IDENTIFIER_BYTES // 4


class _Envelope(msgspec.Struct, gc=False):
    """The attributes that xorca and its services send; others take the exact way."""

    specversion: str = ""
    id: str = ""
    source: str = ""
    type: str = ""
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    causationid: str | None = None
    sequence: str | int | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    processid: str | None = None
    processversion: str | None = None


_read = msgspec.json.Decoder(_Envelope).decode


def read_usual(body: bytes) -> Event | None:
    """Read an event that is surely right; None says nothing about the others."""
    try:
        envelope = _read(body)
        if not _is_usual(envelope):
            return None
        data = bytes(envelope.data)
        extensions = _extensions(envelope)
        if body.count(b'"') != _quotes(envelope, data, extensions):
            return None
        # JSON has no raw control characters but DEL; the others need an escape.
        plain = body.isascii() and b"\\" not in body and b"\x7f" not in body
        if not plain and not _is_printable(envelope, body):
            return None
        check_source(envelope.source)
        if envelope.time is not None:
            check_time(envelope.time)
        check_depth(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidEvent):
        return None
    return Event(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        subject=envelope.subject,
        time=envelope.time,
        data=data or None,
        datacontenttype=envelope.datacontenttype,
        extensions=extensions,
    )


def _is_usual(envelope: _Envelope) -> bool:
    subject, sequence = envelope.subject, envelope.sequence
    return (
        envelope.specversion == "1.0"
        and 0 < len(envelope.id) <= _SHORT
        and 0 < len(envelope.source) <= _SHORT
        and 0 < len(envelope.type) <= _SHORT
        and (subject is None or 0 < len(subject) <= _SHORT)
        and (not isinstance(sequence, int) or 0 <= sequence < 2**31)
        and (envelope.datacontenttype is None or media_of(envelope.datacontenttype) is Media.JSON)
    )


def _extensions(envelope: _Envelope) -> dict[str, str | int | bool]:
    extensions: dict[str, str | int | bool] = {}
    if envelope.causationid is not None:
        extensions["causationid"] = envelope.causationid
    if envelope.sequence is not None:
        extensions["sequence"] = envelope.sequence
    if envelope.traceparent is not None:
        extensions["traceparent"] = envelope.traceparent
    if envelope.tracestate is not None:
        extensions["tracestate"] = envelope.tracestate
    if envelope.processid is not None:
        extensions["processid"] = envelope.processid
    if envelope.processversion is not None:
        extensions["processversion"] = envelope.processversion
    return extensions


def _quotes(envelope: _Envelope, data: bytes, extensions: dict[str, str | int | bool]) -> int:
    """Count the quotes that an event of just these members has.

    Each member has two around its name, and two around its value if that is text. A name
    that comes twice, or that the struct does not have, leaves more quotes in the body.
    """
    quotes = 16 + 4 * len(extensions)
    if isinstance(envelope.sequence, int):
        quotes -= 2
    if envelope.subject is not None:
        quotes += 4
    if envelope.time is not None:
        quotes += 4
    if envelope.datacontenttype is not None:
        quotes += 4
    return quotes + 2 + data.count(b'"') if data else quotes


def _is_printable(envelope: _Envelope, body: bytes) -> bool:
    body.decode()
    values = (
        envelope.id,
        envelope.type,
        envelope.subject or "",
        envelope.datacontenttype or "",
        envelope.causationid or "",
        str(envelope.sequence),
        envelope.traceparent or "",
        envelope.tracestate or "",
        envelope.processid or "",
        envelope.processversion or "",
    )
    return "".join(values).isprintable()
