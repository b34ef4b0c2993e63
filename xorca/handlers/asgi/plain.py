"""Plain JSON in a request: bodies, and what a query or a header says of an event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from uuid import uuid4

from xorca.errors import InvalidEvent
from xorca.events import Event, derived_id
from xorca.events.binary import decoded
from xorca.events.json_text import checked_data
from xorca.events.validation import check_size, checked_event
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.problems import HttpProblem
from xorca.handlers.asgi.verdicts import malformed

_ATTRIBUTE: Final = b"ce-"
_EVENTS: Final = "application/cloudevents"
_FIXED: Final = {"specversion": "1.0", "datacontenttype": "application/json"}
_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def json_body(asked: Asked) -> bytes | None:
    """Give the body, if it is JSON; None where it is empty.

    Raises:
        HttpProblem: 415 it says that it is something else, 400 it is not JSON.
    """
    if not asked.body:
        return None
    check_json_type(asked)
    try:
        return checked_data(asked.body)
    except InvalidEvent as exc:
        raise malformed(exc).problem() from None


def check_json_type(asked: Asked) -> None:
    """Raise HttpProblem (415) unless the content type is JSON, uncompressed, and no event."""
    kind = asked.heads.media_type()
    if kind.startswith(_EVENTS):
        raise HttpProblem(415, "unsupported", "A CloudEvent is posted to /; here, only its data.")
    if asked.heads.is_coded() or not (kind == "application/json" or kind.endswith("+json")):
        raise HttpProblem(415, "unsupported", "The body is to be application/json, uncompressed.")


def check_query(asked: Asked, known: Iterable[str]) -> None:
    """Raise HttpProblem (400) where the query asks for something else, or for one thing twice."""
    names = [name for name, _ in asked.request.query_params.multi_items()]
    strange = set(names).difference(known)
    if strange or len(names) != len(set(names)):
        takes = ", ".join(sorted(known)) or "none"
        raise HttpProblem(
            400, "query", f"The query has a parameter twice, or one that is none of: {takes}."
        )


def said(asked: Asked, query: str, *headers: bytes) -> str | None:
    """Give what the query says under a name, or else a header; None if neither does.

    Raises:
        HttpProblem: 400 the header comes twice, or cannot be read.
    """
    found = asked.request.query_params.get(query)
    if found is not None:
        return found
    name = next(filter(asked.heads.has, headers), None)
    return None if name is None else _in_header(asked, name)


def event_id(asked: Asked, *headers: bytes) -> str:
    """Give the id of an event: what the caller says, or one that a replay has as well."""
    given = said(asked, "id", b"idempotency-key", *headers)
    if given is not None:
        return given
    principal = asked.principal
    if principal is not None and principal.request_id:
        return derived_id("http", principal.name, principal.request_id)
    return uuid4().hex


def made_event(asked: Asked, data: bytes | None, **attributes: str | None) -> Event:
    """Make an event of a request as strictly as one that came is read.

    Args:
        asked: The request.
        data: Its body, as ``json_body`` gives it.
        attributes: All but the version and the type of the data; None is no value.

    Raises:
        HttpProblem: 400, 413.
    """
    trace = asked.heads.get(b"traceparent")
    if _TRACE.fullmatch(trace):
        attributes["traceparent"] = trace
    try:
        event = checked_event({**_FIXED, **attributes})
        event.data = data
        check_size(event)
    except InvalidEvent as exc:
        raise malformed(exc).problem() from None
    return event


def _in_header(asked: Asked, name: bytes) -> str:
    """Read a header; those of CloudEvents as binary mode has them, percent-encoded."""
    if sum(name == each for each, _ in asked.heads.raw) > 1:
        raise HttpProblem(400, "duplicate-attribute", "A header of the event comes twice.")
    try:
        text = asked.heads.get(name).encode("latin-1").decode()
    except UnicodeError:
        raise HttpProblem(
            400, "invalid-attribute", "A header is not UTF-8; send it in the query."
        ) from None
    if not name.startswith(_ATTRIBUTE):
        return text
    try:
        return decoded(name.removeprefix(_ATTRIBUTE).decode(), text.strip(" \t"))
    except InvalidEvent as exc:
        raise malformed(exc).problem() from None
