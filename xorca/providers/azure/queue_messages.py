"""An event as the text of a message in a storage queue, and back."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from typing import Final, Literal, get_args

from xorca.errors import ConfigurationError, InvalidEvent, PayloadError
from xorca.events import Event, read_event
from xorca.providers.arguments import sized_json

Encoding = Literal["base64", "none"]

MAX_TEXT: Final = 65_536
"""Most bytes that the text of a message may have."""

_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_WHITESPACE = re.compile(r"[\r\t]")


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that nobody reads.

    Raises:
        ConfigurationError: as above.
    """
    if encoding not in get_args(Encoding):
        raise ConfigurationError(
            f"encoding={encoding!r} is none: write 'base64', which hosts of functions expect, or"
            " 'none' where messageEncoding is none"
        )


def text_of(event: Event, encoding: Encoding, *, queue: str) -> str:
    """Give the text of a message.

    Raises:
        PayloadError: it is larger than a message may be.
    """
    body = sized_json(event)
    if encoding == "base64":
        text = b64encode(body).decode("ascii")
        size = len(text)
    else:
        text = _plain(body)
        size = len(text.encode())
    if size > MAX_TEXT:
        raise PayloadError(
            f"the event {event.id!r} ({event.type}) has {len(body):,} bytes, as a message of the"
            f" queue {queue!r} (encoding {encoding!r}) {size:,}, and a message has at most"
            f" {MAX_TEXT:,}: keep large data elsewhere and send its address, or publish to"
            " Service Bus or Event Grid, which take more"
        )
    return text


def event_of(text: str | bytes) -> Event:
    """Read the text of a message, in either encoding.

    Raises:
        InvalidEvent: it holds no event.
    """
    # A lone surrogate becomes bytes that are not UTF-8, and is refused as such.
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if body.lstrip()[:1] == b"{":
        return read_event(body)
    try:
        return read_event(b64decode(body, validate=True))
    except (Error, ValueError):
        raise InvalidEvent(
            "the message is neither JSON nor base64 of JSON; send a CloudEvent in its structured"
            " form"
        ) from None


def _plain(body: bytes) -> str:
    """Give JSON as text that XML can carry: the same value, if not always the same bytes.

    Such characters stand within JSON strings only, but for white space between the parts.
    """
    text = _WHITESPACE.sub(" ", body.decode())
    return _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
