"""Binary mode: the attributes in HTTP headers, the data as the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from xorca.errors import InvalidEvent
from xorca.events.attributes import invalid
from xorca.events.envelope import Event
from xorca.events.json_text import checked_data
from xorca.events.lazy import lazy_pattern
from xorca.events.limits import MAX_EVENT_BYTES
from xorca.events.media import Media, media_of
from xorca.events.structured import as_bytes
from xorca.events.validation import check_size, checked_event, too_large

_PREFIX: Final = "ce-"
_SMALL: Final = MAX_EVENT_BYTES // 8
"""So much, in bytes or characters, is never too large: JSON writes six for one at most."""
_BAD_ESCAPE: Final = lazy_pattern("%(?![0-9A-Fa-f]{2})")
_ESCAPED: Final = lazy_pattern(r"\\(.)", re.DOTALL)


def read_binary(headers: Mapping[str, str], body: bytes) -> Event:
    """Read one event from ``ce-`` headers and a body.

    Raises:
        InvalidEvent: it is not one CloudEvent 1.0; ``reason`` says which kind of fault.
    """
    body = as_bytes(body)
    size = len(body) + sum(map(len, headers.values()))
    if size > MAX_EVENT_BYTES:
        raise too_large(size)
    values = _attributes(headers)
    event = checked_event(values, plain="".join(values.values()).isprintable())
    media = media_of(event.datacontenttype)
    if media is not Media.JSON:
        event.data, event.is_json = body, False
    elif body:
        event.data = checked_data(body)
    if size > _SMALL:
        check_size(event)
    return event


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for header, text in headers.items():
        name = header.lower()
        if name == "content-type":
            name, value = "datacontenttype", text.strip()
        elif name.startswith(_PREFIX):
            name, value = name[len(_PREFIX) :], text.strip(" \t")
            if "%" in value or '"' in value:
                value = decoded(name, value)
        else:
            continue
        if name in values:
            raise InvalidEvent(
                f"attribute {name[:64]!r} comes in two headers: send it once "
                "(datacontenttype is the Content-Type)",
                reason="duplicate-attribute",
            )
        values[name] = value
    return values


def decoded(name: str, text: str) -> str:
    """Give what the header of an attribute stands for: quotes and percent signs are undone.

    Raises:
        InvalidEvent: a percent sign encodes nothing, or no UTF-8.
    """
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = _ESCAPED.sub(r"\1", text[1:-1])
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise invalid(f"header 'ce-{name[:64]}' holds a '%' that encodes nothing: write %25")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError:
        raise invalid(
            f"header 'ce-{name[:64]}' is not UTF-8 once percent-decoded: encode it anew"
        ) from None
