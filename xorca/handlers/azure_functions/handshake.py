"""The handshakes by which Event Grid makes sure that a webhook wants its events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import msgspec

from xorca.handlers.azure_functions.objects import RequestBinding

_HOST: Final = re.compile(r"[A-Za-z0-9*](?:[A-Za-z0-9.:*-]{0,252})")
_RATE: Final = re.compile(r"[0-9]{1,9}")
_VALIDATION: Final = "Microsoft.EventGrid.SubscriptionValidationEvent"
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def handshake_of(request: RequestBinding) -> Reply | None:
    """Answer a handshake; None if the request is none.

    CloudEvents asks by OPTIONS whether an origin may send, and is told so. The Event Grid
    schema sends a code, which is sent back. The end of a subscription is only told.
    """
    if request.method.upper() == "OPTIONS":
        return _consent(request.headers)
    if request.method.upper() != "POST":
        return None
    if kind_of(request) == "subscriptiondeletion":
        return Reply(200)
    if kind_of(request) == "subscriptionvalidation":
        return _code_back(request.get_body())
    return None


def kind_of(request: RequestBinding) -> str:
    """Give what Event Grid says that a request is, in lower case; empty if it did not send it."""
    return request.headers.get("aeg-event-type", "").strip().lower()


def _consent(headers: Mapping[str, str]) -> Reply | None:
    origin = headers.get("webhook-request-origin", "").strip()
    if not _HOST.fullmatch(origin):
        return None
    rate = headers.get("webhook-request-rate", "").strip()
    allowed = rate if _RATE.fullmatch(rate) else "*"
    said = {
        "WebHook-Allowed-Origin": origin,
        "WebHook-Allowed-Rate": allowed,
        "Allow": "POST, OPTIONS",
    }
    return Reply(200, headers=said)


def _code_back(body: bytes) -> Reply | None:
    try:
        found: object = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    events = cast("list[object]", found) if isinstance(found, list) else [found]
    for event in events:
        code = _code_in(event)
        if code is not None:
            answer = _encode({"validationResponse": code})
            return Reply(200, answer, {"Content-Type": "application/json"})
    return None


def _code_in(event: object) -> str | None:
    if not isinstance(event, dict):
        return None
    members = cast("dict[str, object]", event)
    data = members.get("data")
    if members.get("eventType") != _VALIDATION or not isinstance(data, dict):
        return None
    code = cast("dict[str, object]", data).get("validationCode")
    return code if isinstance(code, str) and len(code) <= 512 else None
