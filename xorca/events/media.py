"""Media types: is the data of an event JSON, other text, or neither?"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final

from xorca.errors import InvalidEvent
from xorca.events.lazy import lazy_pattern

_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED: Final = r'"(?:[\t !#-\[\]-~\x80-\U0010ffff]|\\[\t -~\x80-\U0010ffff])*+"'
_MEDIA_TYPE: Final = lazy_pattern(
    rf"({_WORD})/({_WORD})[ \t]*+"
    rf"(?:;[ \t]*+(?:{_WORD}=(?:{_WORD}|{_QUOTED}))?+[ \t]*+)*+"
)
_TEXTUAL: Final = frozenset(
    ("xml", "yaml", "javascript", "ecmascript", "graphql", "sql", "toml", "x-www-form-urlencoded")
)
_CACHEABLE: Final = 256


class Media(Enum):
    """What the data of an event is made of."""

    JSON = "json"
    TEXT = "text"
    BINARY = "binary"


def media_of(content_type: str | None) -> Media:
    """Say what a ``datacontenttype`` declares; absent means JSON.

    Raises:
        InvalidEvent: it is no media type (RFC 2046).
    """
    if content_type is None:
        return Media.JSON
    return _known(content_type) if len(content_type) <= _CACHEABLE else _classify(content_type)


def _classify(content_type: str) -> Media:
    match = _MEDIA_TYPE.fullmatch(content_type)
    if match is None:
        raise InvalidEvent(
            f"datacontenttype {content_type[:60]!r} is no media type: write type/subtype, "
            "for example application/json",
            reason="invalid-attribute",
        )
    kind, subtype = match[1].lower(), match[2].lower()
    suffix = subtype.rpartition("+")[2]
    if suffix == "json":
        return Media.JSON
    return Media.TEXT if kind == "text" or suffix in _TEXTUAL else Media.BINARY


_known = lru_cache(maxsize=256)(_classify)
