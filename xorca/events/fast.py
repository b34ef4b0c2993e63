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
from xorca.events.limits import MAX_DEPTH, MAX_IDENTIFIER_BYTES
from xorca.events.media import Media, media_of

# So many characters are never more bytes than an identifier may have.
_SHORT: Final = MAX_IDENTIFIER_BYTES // 4
# As numbers, for which bytes are searched in a fifth of the time.
_BACKSLASH: Final = ord("\\")
_DEL: Final = 0x7F
# So few bytes cannot be nested too deep.
_FLAT: Final = MAX_DEPTH


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
        if not (_is_usual(envelope) and (len(body) <= MAX_IDENTIFIER_BYTES or _is_short(envelope))):
            return None
        data = bytes(envelope.data)
        extensions: dict[str, str | int | bool] = {}
        if body.count(b'"') != _quotes(envelope, extensions) + data.count(b'"'):
            return None
        # JSON has no raw control characters but DEL; the others need an escape.
        plain = body.isascii() and _BACKSLASH not in body and _DEL not in body
        if not plain and not _is_printable(envelope, body):
            return None
        check_source(envelope.source)
        if envelope.time is not None:
            check_time(envelope.time)
        if len(data) > _FLAT:
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
    content = envelope.datacontenttype
    return (
        envelope.specversion == "1.0"
        and bool(envelope.id and envelope.source and envelope.type)
        and envelope.subject != ""
        and (content is None or content == "application/json" or media_of(content) is Media.JSON)
    )


def _is_short(envelope: _Envelope) -> bool:
    return (
        len(envelope.id) <= _SHORT
        and len(envelope.source) <= _SHORT
        and len(envelope.type) <= _SHORT
        and len(envelope.subject or "") <= _SHORT
    )


def _quotes(  # noqa: C901 - one question an attribute
    envelope: _Envelope, extensions: dict[str, str | int | bool]
) -> int:
    """Take the extensions out, and count the quotes of an event of just these members.

    Each member has two around its name, and two around its value if that is text. A name
    that comes twice, or that the struct does not have, leaves more quotes in the body.
    Those of the data are not counted.
    """
    quotes = 16
    if envelope.subject is not None:
        quotes += 4
    if envelope.time is not None:
        quotes += 4
    if envelope.datacontenttype is not None:
        quotes += 4
    if envelope.data:
        quotes += 2
    if envelope.causationid is not None:
        extensions["causationid"] = envelope.causationid
    if envelope.sequence is not None:
        extensions["sequence"] = envelope.sequence
        if isinstance(envelope.sequence, int):
            if not 0 <= envelope.sequence < 2**31:
                return -1  # another way must judge it
            quotes -= 2
    if envelope.traceparent is not None:
        extensions["traceparent"] = envelope.traceparent
    if envelope.tracestate is not None:
        extensions["tracestate"] = envelope.tracestate
    if envelope.processid is not None:
        extensions["processid"] = envelope.processid
    if envelope.processversion is not None:
        extensions["processversion"] = envelope.processversion
    return quotes + 4 * len(extensions)


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
