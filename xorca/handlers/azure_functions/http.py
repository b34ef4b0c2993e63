"""An HTTP request as events: structured, a batch, ``ce-`` headers, or a webhook of Event Grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xorca.handlers.azure_functions.bodies import mended, read_body
from xorca.handlers.azure_functions.sources import as_uri
from xorca.handlers.trigger import Member, Origin, Refused, read_request

_PLAIN: Final = ("", "application/json", "text/json")
_STRUCTURED: Final = "application/cloudevents"


def read_http_request(
    headers: Mapping[str, str], body: bytes, origin: Origin, *, native: bool
) -> list[Member]:
    """Read the events of a request.

    Plain JSON without headers of an event is read as what it holds: Event Grid sends events
    of its own schema so.
    """
    names = {name.lower(): value for name, value in headers.items()}
    kind = names.get("content-type", "").partition(";")[0].strip().lower()
    is_binary = "ce-specversion" in names and not kind.startswith(_STRUCTURED)
    members = read_request(headers, body, origin)
    if all(not isinstance(member, Refused) for member in members):
        return members
    if is_binary:
        return read_request(_with_uri(headers), body, origin)
    if kind.startswith(_STRUCTURED):
        return mended(members, body.strip(), native=native)
    uncoded = names.get("content-encoding", "").strip().lower() in ("", "identity")
    return read_body(body, origin, native=native) if kind in _PLAIN and uncoded else members


def _with_uri(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: as_uri(value) if name.lower() == "ce-source" else value
        for name, value in headers.items()
    }
