"""``/processes``: describe one, cancel one, list a page of them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec
from starlette.responses import Response

from xorca.engine.record import CANCELLED
from xorca.errors import ProcessNotFound
from xorca.handlers.asgi.addresses import registered, unknown
from xorca.handlers.asgi.answers import NO_STORE, empty_response, json_response
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.leftover import last_emitted
from xorca.handlers.asgi.listing import page_of
from xorca.handlers.asgi.plain import check_json_type, check_query, said
from xorca.handlers.asgi.problems import HttpProblem, not_json
from xorca.handlers.asgi.reports import emitted_of
from xorca.ports import Query
from xorca.runtime import Runtime
from xorca.runtime.cancelling import MAX_REASON
from xorca.runtime.handles import STATUSES
from xorca.runtime.reading import Description

PAGE_QUERY: Final = ("after", "limit", "name", "status", "version")
MOST, USUAL = 500, 100
_KEY = re.compile(r"[a-z0-9._/-]{1,200}")


class Processes:
    """Answers about the processes of a Runtime."""

    __slots__ = ("_runtime",)

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def describe(self, asked: Asked) -> Response:
        """Describe a process; its revision is the tag."""
        check_query(asked, ())
        found = await self.found(asked)
        tag = f'"{found.revision}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = asked.heads.get(b"if-none-match")
        if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
            return empty_response(304, headers=headers)
        return json_response(shown(found), headers=headers)

    async def found(self, asked: Asked) -> Description:
        """Read the process of a request.

        Raises:
            HttpProblem: 404.
        """
        subject = registered(self._runtime.registry, asked.request.path_params["subject"])
        found = await self._runtime.describe(subject)
        if found is None:
            raise unknown()
        return found

    async def cancel(self, asked: Asked) -> Response:
        """Cancel a process and say the status that it has then."""
        check_query(asked, ("reason",))
        reason = _reason_of(asked)
        subject = registered(self._runtime.registry, asked.request.path_params["subject"])
        try:
            status = await self._runtime.cancel(subject, reason)
        except ProcessNotFound:
            raise unknown() from None
        if status != CANCELLED:
            raise HttpProblem(409, "over", f"The process is over already: it is {status}.")
        found: dict[str, object] = {"subject": subject, "status": status}
        if self._runtime.bus is None:
            found["emitted"] = emitted_of(await last_emitted(self._runtime.store, subject))
        return json_response(found)

    async def list(self, asked: Asked) -> Response:
        """Give one page of processes in the order of their keys."""
        check_query(asked, PAGE_QUERY)
        name, status = said(asked, "name") or "", said(asked, "status") or ""
        if status not in STATUSES:
            known = ", ".join(STATUSES[1:])
            raise HttpProblem(400, "query", f"The status is to be one of: {known}.")
        registry = self._runtime.registry
        names = {found.plan.name for found in registry.definitions}
        after, limit = _after_of(said(asked, "after")), _limit_of(said(asked, "limit"))
        if name and name not in names:
            return json_response({"processes": [], "after": None}, headers=NO_STORE)
        query = Query(
            prefix=f"{name}/" if name else "",
            name=name,
            version=said(asked, "version") or "",
            status=status,
        )
        found, following = await page_of(
            self._runtime.store, query, names=names, after=after, limit=limit
        )
        page = {"processes": found, "after": _cursor(following)}
        return json_response(page, headers=NO_STORE)


def shown(found: Description) -> object:
    """Give a description as plain JSON values."""
    return msgspec.to_builtins(found)


class _Wanted(msgspec.Struct):
    reason: str = ""


def _reason_of(asked: Asked) -> str:
    reason = said(asked, "reason")
    if reason is None and asked.body:
        check_json_type(asked)
        try:
            reason = msgspec.json.decode(asked.body, type=_Wanted).reason
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise not_json('The body is to be {"reason": "<text>"}.') from None
    if len(reason or "") > MAX_REASON:
        raise HttpProblem(422, "payload", f"A reason has at most {MAX_REASON} characters.")
    return reason or "by request"


def _limit_of(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= MOST):
        raise HttpProblem(400, "query", f"The limit is to be a number from 1 to {MOST}.")
    return int(text)


def _cursor(after: str | None) -> str | None:
    return None if after is None else urlsafe_b64encode(after.encode()).rstrip(b"=").decode()


def _after_of(text: str | None) -> str:
    if not text:
        return ""
    try:
        found = urlsafe_b64decode(text[:400] + "=" * (-len(text[:400]) % 4)).decode("ascii")
    except ValueError:
        found = ""
    if not _KEY.fullmatch(found):
        raise HttpProblem(400, "query", "The cursor is none: pass the one of the page before.")
    return found
