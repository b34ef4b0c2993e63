"""From a continuation token to the event that it becomes, and what is said of it then.

``Any`` stands for a payload: what a handler takes, or JSON as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from xorca.codec import encode_json
from xorca.engine.emitting import rfc3339
from xorca.engine.ids import parse_subject, storage_key
from xorca.engine.routing import Registry, Route
from xorca.engine.tokens import Claim, TokenKeys, event_id_of, tokens_of
from xorca.errors import InvalidEvent, PayloadError, TokenRefused
from xorca.events import Event, read_event
from xorca.events.json_text import checked_data
from xorca.runtime.attempt import Item
from xorca.runtime.outcome import Outcome


def read_token(token: str, keys: TokenKeys | None, now: datetime) -> Claim:
    """Give what a token says, if it is ours and its time is not over.

    Raises:
        TokenRefused: it is forged or expired.
        ConfigurationError: there are no keys.
    """
    claim = tokens_of(keys, what="resume()").read(token)
    if now.timestamp() >= claim.expires:
        raise _refused("expired", "its time is over; ask for a new one")
    return claim


def item_of(token: str, claim: Claim, payload: Any, now: datetime) -> Item:
    """Give the event of a token, with the process that it is for.

    Raises:
        PayloadError: the payload is no JSON, or too large.
    """
    parts = parse_subject(claim.subject)
    assert parts is not None  # we have signed it
    key = storage_key(parts.name, parts.process_id)
    route = Route(key, parts.name, parts.process_id, claim.subject)
    event = _event_of(token, claim, payload, rfc3339(now.timestamp()))
    return Item(0, event, route, False, claim)


def elsewhere(registry: Registry, claim: Claim) -> Outcome | None:
    """Say that a token is for a class that is not here; None if it is."""
    if registry.versions(claim.subject.partition("/")[0]):
        return None
    return Outcome(None, "foreign", "not-ours", subject=claim.subject)


def checked(outcome: Outcome) -> Outcome:
    """Give an outcome on, unless the token or the payload was to blame.

    Raises:
        TokenRefused: it was used, or its state left.
        PayloadError: no handler takes the payload.
    """
    if outcome.status == "duplicate" or outcome.reason == "used":
        why = "it was used already, or can no longer be proven not to have been"
        raise _refused("used", why, outcome.sent)
    if outcome.reason in ("left", "no-record"):
        raise _refused("left", "the process does not wait for it any more", outcome.sent)
    if outcome.status == "ignored" and outcome.reason == "payload":
        raise outcome.error or PayloadError("the payload does not fit")
    return outcome


def _event_of(token: str, claim: Claim, payload: Any, time: str) -> Event:
    """Make the event of a token; it has one id, whoever brings the token and how often."""
    try:
        made = Event(
            id=event_id_of(token),
            source=f"/xorca/{claim.subject.partition('/')[0]}/token",
            type=claim.event,
            subject=claim.subject,
            time=time,
            data=_json_of(payload),
            datacontenttype="application/json",
        )
        return read_event(made.to_json())  # as strictly as what comes from outside
    except InvalidEvent as exc:
        raise PayloadError(f"the payload cannot be taken: {exc}") from exc


def _json_of(payload: Any) -> bytes | None:
    if payload is None:
        return None
    if isinstance(payload, bytes | bytearray):
        return checked_data(bytes(payload))
    try:
        return encode_json(payload)
    except (
        msgspec.MsgspecError,
        TypeError,
        ValueError,
        NotImplementedError,
        RecursionError,
    ) as exc:
        raise PayloadError(f"the payload has no JSON form: {exc}") from exc


def _refused(reason: str, why: str, sent: Sequence[Event] = ()) -> TokenRefused:
    return TokenRefused(f"the token is refused: {why}", reason=reason, sent=sent)
