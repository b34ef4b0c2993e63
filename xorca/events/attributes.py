"""The rules for attributes: names, types, sizes and formats."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from xorca.errors import InvalidEvent
from xorca.events.lazy import lazy_pattern
from xorca.events.limits import MAX_IDENTIFIER_BYTES, MAX_NAME_LENGTH

# Unicode Cc, surrogates and noncharacters: what the type String of CloudEvents leaves out.
_LAST_OF_PLANES: Final = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_FORBIDDEN: Final = lazy_pattern(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]")
_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1
_UNLESS: Final = {"subject": ", or leave it out"}
_NAME: Final = lazy_pattern(r"[a-z0-9]++")
_TIME: Final = lazy_pattern(
    r"(?!0000)([0-9]{4})-(0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]|(29|30|31))"
    r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]++)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)

_HEX: Final = "%[0-9A-Fa-f]{2}"
_PLAIN: Final = r"A-Za-z0-9\-._~!$&'()*+,;="
_PATH: Final = rf"(?:[{_PLAIN}:@/]++|{_HEX})*+"
_TAIL: Final = rf"(?:[{_PLAIN}:@/?]++|{_HEX})*+"
_ADDRESS: Final = rf"\[(?:[0-9A-Fa-f:.]++|[vV][0-9A-Fa-f]++\.[{_PLAIN}:]++)\]"
_HOST: Final = rf"(?:{_ADDRESS}|(?:[{_PLAIN}]++|{_HEX})*+)"
_AUTHORITY: Final = rf"//(?:(?:[{_PLAIN}:]++|{_HEX})*+@)?{_HOST}(?::[0-9]*+)?(?:/{_PATH})?"
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+\-.]*+:"
_ENDING: Final = rf"(?:\?{_TAIL})?(?:#{_TAIL})?"
_ABSOLUTE: Final = rf"{_SCHEME}(?:{_AUTHORITY}|(?!//){_PATH})"
_RELATIVE: Final = rf"(?:{_AUTHORITY}|(?!//)(?![^/?#:]*+:){_PATH})"
_URI: Final = lazy_pattern(rf"{_ABSOLUTE}{_ENDING}")
_URI_REFERENCE: Final = lazy_pattern(rf"(?:{_ABSOLUTE}|{_RELATIVE}){_ENDING}")


def invalid(message: str) -> InvalidEvent:
    """Give the error for an attribute that breaks a rule."""
    return InvalidEvent(message, reason="invalid-attribute")


def check_text(name: str, value: str) -> None:
    """Raise InvalidEvent where the text holds a character that no attribute may hold."""
    if value.isprintable():
        return
    found = _FORBIDDEN.search(value)
    if found is not None:
        raise invalid(
            f"attribute {name[:MAX_NAME_LENGTH]!r} holds the character "
            f"U+{ord(found[0]):04X}, which no attribute may hold: remove it"
        )


def check_identifier(name: str, value: str) -> None:
    """Raise InvalidEvent where an id, source, type or subject is empty or too long."""
    if not value:
        raise invalid(f"attribute '{name}' is empty: give it a value{_UNLESS.get(name, '')}")
    if len(value) * 4 > MAX_IDENTIFIER_BYTES:
        length = len(value.encode("utf-8", "surrogatepass"))
        if length > MAX_IDENTIFIER_BYTES:
            raise invalid(
                f"attribute '{name}' has {length} bytes: at most {MAX_IDENTIFIER_BYTES} are taken"
            )


@lru_cache(maxsize=1024)
def check_source(value: str) -> None:
    """Raise InvalidEvent where a source (already of fair length) is no URI-reference."""
    if _URI_REFERENCE.fullmatch(value) is None:
        raise invalid(
            f"attribute 'source' is no URI-reference: {value[:60]!r}; "
            "percent-encode spaces and whatever RFC 3986 does not allow"
        )


def check_schema(value: str) -> None:
    """Raise InvalidEvent where a dataschema is no absolute URI."""
    if _URI.fullmatch(value) is None:
        raise invalid(
            f"attribute 'dataschema' is no absolute URI: {value[:60]!r}; "
            "write it with its scheme, for example https://..."
        )


def check_time(value: str) -> None:
    """Raise InvalidEvent where a time is not of RFC 3339; a leap second is taken."""
    match = _TIME.fullmatch(value)
    if match is None or (match[3] is not None and not _is_day(match)):
        raise invalid(
            f"attribute 'time' is no RFC 3339 timestamp: {value[:60]!r}; "
            "write it like 2026-01-31T12:00:00Z"
        )


def _is_day(match: re.Match[str]) -> bool:
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def check_name(name: str) -> None:
    """Raise InvalidEvent where an extension may not have this name."""
    if len(name) <= MAX_NAME_LENGTH:
        _check_short_name(name)
        return
    raise invalid(
        f"attribute name {name[:MAX_NAME_LENGTH]!r}... has {len(name)} characters: "
        f"at most {MAX_NAME_LENGTH} are taken, and 20 are recommended"
    )


@lru_cache(maxsize=1024)
def _check_short_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise invalid(
            f"attribute name {name!r} is not allowed: use lower-case letters a-z and digits only"
        )
    if name == "data":
        raise invalid("'data' is the data, no attribute: give the extension another name")


def check_extension(name: str, value: object) -> str | int | bool:
    """Give the value back if it is text, a boolean or a 32-bit integer.

    Raises:
        InvalidEvent: it is something else.
    """
    if isinstance(value, str | bool):
        return value
    if not isinstance(value, int):
        raise invalid(
            f"attribute {name!r} has a value of type {type(value).__name__}: an extension is "
            "text, a boolean or an integer; put structured values into the data"
        )
    if not _INT_MIN <= value <= _INT_MAX:
        raise invalid(f"attribute {name!r} is no 32-bit integer: send a larger number as text")
    return value
