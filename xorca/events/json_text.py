"""JSON as text: is it JSON, is it UTF-8, how deep is it? Nothing is converted."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

import msgspec

from xorca.errors import InvalidEvent
from xorca.events.lazy import lazy_pattern
from xorca.events.limits import MAX_DEPTH

_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_value = msgspec.json.Decoder(msgspec.Raw).decode

_SYNTAX_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError)
_NOT_MARKS: Final = bytes(set(range(256)) - set(b'"[]{}'))
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_QUOTED: Final = lazy_pattern(rb'"[^"]*+"')
# A pair of surrogates, a backslash that is escaped, or (the group) a surrogate left alone.
_ESCAPES: Final = lazy_pattern(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def parse_members(text: bytes) -> dict[str, msgspec.Raw]:
    """Split a JSON object into its members, each value still text; the last name wins."""
    try:
        members = _read_members(text)
    except RecursionError:
        raise too_deep() from None
    except _SYNTAX_ERRORS as exc:
        raise malformed(text, exc) from None
    if not text.isascii():
        check_utf8(text)
    return members


def checked_data(text: bytes) -> bytes:
    """Give ``text`` without the white space around it, if it is one JSON value."""
    try:
        value = bytes(_read_value(text)).strip(b" \t\r\n")
    except RecursionError:
        raise too_deep() from None
    except _SYNTAX_ERRORS as exc:
        alone = lone_surrogate(text)
        what = str(exc) if alone is None else f"it holds the lone surrogate {alone}"
        raise InvalidEvent(
            f"the data is not the JSON that its content type says ({what}): send JSON, "
            "or name the media type that it is",
            reason="invalid-data",
        ) from None
    if not text.isascii():
        check_utf8(text)
    check_depth(value)
    return value


def check_utf8(text: bytes) -> None:
    """Raise InvalidEvent unless ``text`` is UTF-8; surrogates are not."""
    try:
        text.decode()
    except UnicodeDecodeError as exc:
        raise InvalidEvent(
            f"the bytes are not UTF-8 (at byte {exc.start}): encode the event as UTF-8",
            reason="malformed",
        ) from None


def check_depth(data: bytes) -> None:
    """Raise InvalidEvent where ``data`` would make its event deeper than MAX_DEPTH."""
    if data.count(b"[") + data.count(b"{") >= MAX_DEPTH and depth(data) >= MAX_DEPTH:
        raise too_deep()


def depth(text: bytes) -> int:
    """Count the levels of objects and arrays in valid JSON."""
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = text.translate(None, _NOT_MARKS)
    brackets = marks.replace(b'""', b"")
    if b'"' in brackets:
        # A string holds brackets: now the quotes must be paired exactly.
        brackets = _QUOTED.sub(b"", marks)
    return max(accumulate(memoryview(brackets.translate(_STEPS)).cast("b")), default=0)


def too_deep() -> InvalidEvent:
    """Give the error for JSON that is nested too deeply."""
    return InvalidEvent(
        f"the JSON is nested deeper than {MAX_DEPTH} levels: flatten the data, or send it "
        "as text in a string",
        reason="too-deep",
    )


def lone_surrogate(text: bytes) -> str | None:
    """Give the first escaped surrogate that has no partner, None if there is none."""
    for found in _ESCAPES.finditer(text):
        if found[1] is not None:
            return str(found[1], "ascii")
    return None


def malformed(text: bytes, cause: Exception) -> InvalidEvent:
    """Give the error for text that is not JSON, or not the JSON that is due here."""
    if text.startswith(_BOMS):
        why = "it starts with a byte order mark: send UTF-8 without one"
    elif (alone := lone_surrogate(text)) is not None:
        why = f"it holds the lone surrogate {alone}, which no text may: remove it, or send its pair"
    elif isinstance(cause, msgspec.ValidationError):
        why = f"{cause}: send the structured JSON form, an object with the attributes"
    else:
        why = f"{cause}: send the structured JSON form of CloudEvents 1.0 in UTF-8"
    return InvalidEvent(f"the event cannot be read: {why}", reason="malformed")
