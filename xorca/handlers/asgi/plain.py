"""Plain JSON in a request: bodies, and what a query or a header says of an event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from uuid import uuid4

from xorca.errors import InvalidEvent
from xorca.events import Event, derived_id, read_event
from xorca.events.json_text import checked_data
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.problems import HttpProblem
from xorca.handlers.asgi.verdicts import malformed

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
    """Raise HttpProblem (415) unless the content type is JSON, uncompressed."""
    headers = asked.request.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    coded = headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    if coded or not (kind == "application/json" or kind.endswith("+json")):
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


def said(asked: Asked, query: str, *headers: str) -> str | None:
    """Give what the query says under a name, or else a header; None if neither does."""
    found = asked.request.query_params.get(query)
    if found is not None:
        return found
    values = (asked.request.headers.get(name) for name in headers)
    return next((_utf8(value) for value in values if value is not None), None)


def event_id(asked: Asked, *headers: str) -> str:
    """Give the id of an event: what the caller says, or one that a replay has as well."""
    given = said(asked, "id", "idempotency-key", *headers)
    if given is not None:
        return given
    principal = asked.principal
    if principal is not None and principal.request_id:
        return derived_id("http", principal.name, principal.request_id)
    return uuid4().hex


def extensions(asked: Asked, **more: str | None) -> dict[str, str | int | bool]:
    """Give the extensions of an event: those that have a value, and the trace of the request."""
    trace = asked.request.headers.get("traceparent", "")
    if _TRACE.fullmatch(trace):
        more["traceparent"] = trace
    return {name: value for name, value in more.items() if value is not None}


def checked(event: Event) -> Event:
    """Read an event that was made of a request as strictly as one that came.

    Raises:
        HttpProblem: 400, 413.
    """
    try:
        return read_event(event.to_json())
    except InvalidEvent as exc:
        raise malformed(exc).problem() from None
    except (UnicodeError, ValueError):
        raise HttpProblem(400, "invalid-attribute", "An attribute is no text in UTF-8.") from None


def _utf8(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        raise HttpProblem(
            400, "invalid-attribute", "A header is not UTF-8; send it in the query."
        ) from None
