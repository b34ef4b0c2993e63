"""What the status of an answer means for whoever sent events."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import Final

_AGAIN: Final = frozenset((408, 409, 425, 429))
_NEVER: Final = frozenset((501, 505))


class Verdict(Enum):
    """Whether the events were taken, may be taken later, or are refused as they are."""

    TAKEN = "taken"
    AGAIN = "again"
    REFUSED = "refused"


def verdict_of(status: int) -> Verdict:
    """Judge by the status: a redirect is followed nowhere, and so it is a refusal."""
    if 200 <= status < 300:
        return Verdict.TAKEN
    if status in _AGAIN or (status >= 500 and status not in _NEVER):
        return Verdict.AGAIN
    return Verdict.REFUSED


def named(status: int) -> str:
    """Give a status as people know it, such as ``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Give how many seconds to wait for, None where the answer does not say so."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal() and text.isascii():
        return float(text) if len(text) < 10 else math.inf
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
