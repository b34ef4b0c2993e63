"""What every room refuses before it does anything: bad keys, bodies, times and numbers."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from xorca.errors import ConfigurationError, PayloadError, RecordTooLarge
from xorca.events import Event
from xorca.events.limits import MAX_EVENT_BYTES

MAX_KEY = 200
DEFAULT_LIMIT = 1_048_576
_KEY = re.compile(r"[a-z0-9._/-]{1,200}")


@lru_cache(maxsize=4096)
def check_key(key: str) -> None:
    """Refuse a key that some store could not hold.

    Raises:
        ConfigurationError: the key is empty, too long or has other characters.
    """
    if _KEY.fullmatch(key):
        return
    if not 0 < len(key) <= MAX_KEY:
        why = f"it has {len(key)} characters, a key has 1 to {MAX_KEY}"
    else:
        stranger = re.sub(r"[a-z0-9._/-]+", "", key)[0]
        why = f"it contains {stranger!r}, a key is made of a-z 0-9 . _ - /"
    raise ConfigurationError(f"the key {key[:80]!r} cannot be stored: {why}")


def check_body(key: str, body: bytes, *, limit: int) -> None:
    """Refuse a body above the store's limit.

    Raises:
        RecordTooLarge: the body has more than ``limit`` bytes.
    """
    if len(body) > limit:
        raise RecordTooLarge(
            f"the body of {key!r} has {len(body)} bytes and this store takes {limit}; "
            "keep large data elsewhere and put its address into the record"
        )


def sized_json(event: Event) -> bytes:
    """Give the event's JSON, refusing what no reader would take back.

    Raises:
        PayloadError: the event is larger than MAX_EVENT_BYTES.
    """
    text = event.to_json()
    if len(text) > MAX_EVENT_BYTES:
        raise PayloadError(
            f"the event {event.id!r} ({event.type}) has {len(text)} bytes, an event has at most "
            f"{MAX_EVENT_BYTES}; keep large data elsewhere and send its address"
        )
    return text


def epoch_seconds(moment: datetime) -> float:
    """Give an aware datetime as seconds since 1970.

    Raises:
        ConfigurationError: the datetime names no time zone.
    """
    if moment.tzinfo is None:
        raise ConfigurationError(
            f"the time {moment.isoformat()} names no time zone; use datetime.now(timezone.utc)"
        )
    return moment.timestamp()
