"""Summaries in the metadata of blobs: written with the body, given with a listing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

import msgspec

from xorca.ports import Listed, Query, Summary
from xorca.providers.listing import matches

FIELD: Final = "xorca"
TOO_LONG: Final = "-"
_LONGEST: Final = 7_000  # all metadata of a blob together: 8 kB

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Summary).decode


def metadata_of(summary: Summary | None) -> dict[str, str] | None:
    """Give the metadata that holds a summary: a header, so base64; None for no summary."""
    if summary is None:
        return None
    text = urlsafe_b64encode(_encode(summary)).decode()
    return {FIELD: text if len(text) <= _LONGEST else TOO_LONG}


def listed(key: str, metadata: Mapping[str, str] | None, query: Query) -> Listed | None:
    """Give a blob as a listing shows it; None if the query does not ask for it.

    One whose summary was too long, or was changed by somebody, is given without: whoever
    asks reads the body, and sees for himself.
    """
    text = (metadata or {}).get(FIELD)
    if text is None:
        return Listed(key, None) if matches(query, None) else None
    summary = _read(text)
    return Listed(key, summary) if summary is None or matches(query, summary) else None


def _read(text: str) -> Summary | None:
    try:
        return _decode(urlsafe_b64decode(text))
    except (ValueError, msgspec.MsgspecError):
        return None
