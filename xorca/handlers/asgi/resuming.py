"""``/resume``: a continuation token becomes its event, by JSON or by the page behind a link.

The token is the credential, so that nothing else is asked for. A GET consumes nothing: what
follows links in mails and chats must not answer for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response

from xorca.engine.early import takers_of
from xorca.engine.tokens import Claim
from xorca.errors import PayloadError, TokenRefused
from xorca.handlers.asgi.answers import NO_STORE, json_response
from xorca.handlers.asgi.forms import Field, fields_of, payload_of_form
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.leftover import emitted_by
from xorca.handlers.asgi.pages import form_page, told_page
from xorca.handlers.asgi.plain import check_json_type, json_body
from xorca.handlers.asgi.problems import HttpProblem, not_json
from xorca.handlers.asgi.reports import emitted_of
from xorca.handlers.asgi.verdicts import Answer, answer_for, unfit
from xorca.runtime import Outcome, Runtime
from xorca.runtime.resuming import item_of, read_token

_FORM = "application/x-www-form-urlencoded"
_REFUSED = {
    "forged": (403, "This link is not one of ours, or was cut short."),
    "expired": (410, "The time of this link is over; ask for a new one."),
    "used": (410, "This link was used already; the first answer stands."),
    "left": (410, "Nobody waits for this answer any more."),
}


class _Brought(msgspec.Struct):
    token: str
    payload: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class _Form:
    title: str
    takes_payload: bool
    fields: tuple[Field, ...] | None


class Resuming:
    """Takes tokens for a Runtime."""

    __slots__ = ("_forms", "_runtime")

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._forms: dict[tuple[str, str, str], _Form] = {}

    # -- programs ---------------------------------------------------------------

    async def post(self, asked: Asked) -> Response:
        """Take ``{"token": ..., "payload": ...}``."""
        check_json_type(asked)
        json_body(asked)  # JSON at all, and not too deep
        try:
            brought = msgspec.json.decode(asked.body, type=_Brought)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise not_json('The body is to be {"token": "<text>", "payload": ...}.') from None
        return await self._json(brought.token, bytes(brought.payload))

    async def post_to(self, asked: Asked) -> Response:
        """Take the payload of the token in the path: JSON, or a form from a page of ours."""
        token = str(asked.request.path_params["token"])
        if asked.heads.media_type() == _FORM:
            return await self._form(token, asked.body)
        return await self._json(token, json_body(asked))

    async def _json(self, token: str, payload: bytes | None) -> Response:
        try:
            outcome = await self._runtime.resume(token, payload)
        except TokenRefused as refused:
            raise await self._problem(token, refused) from None
        except PayloadError as error:
            raise HttpProblem(422, "payload", unfit(error)) from None
        answer = _answer(outcome)
        if not answer.ok:
            raise answer.problem()
        found: dict[str, object] = {
            "subject": outcome.subject,
            "outcome": outcome.status,
            "reason": outcome.reason,
            "state": outcome.state,
        }
        if self._runtime.bus is None:
            found["emitted"] = emitted_of(outcome.sent)
        return json_response(found, answer.status, headers=NO_STORE)

    async def _problem(self, token: str, refused: TokenRefused) -> HttpProblem:
        """Say why a token was refused; of a used one, what it led to, should that be lost."""
        status, detail = _REFUSED[refused.reason]
        problem = HttpProblem(status, f"token-{refused.reason}", detail)
        runtime = self._runtime
        if refused.reason == "used" and runtime.bus is None and runtime.tokens is not None:
            now, claim = runtime.clock.now(), runtime.tokens.read(token)
            key = item_of(token, claim, None, now).event.key
            left = await emitted_by(runtime.store, claim.subject, key)
            problem.more["emitted"] = emitted_of(left)
        return problem

    # -- people -----------------------------------------------------------------

    async def page(self, asked: Asked) -> Response:
        """Show what is asked. Nothing is read from the store, and the token stays good."""
        try:
            form = self._form_of(str(asked.request.path_params["token"]))
        except TokenRefused as refused:
            return _refused_page(refused)
        return _page_of(form)

    async def _form(self, token: str, body: bytes) -> Response:
        filled = _filled(body)
        try:
            form = self._form_of(token)
        except TokenRefused as refused:
            return _refused_page(refused)
        try:
            payload = payload_of_form(form.fields, filled) if form.takes_payload else None
            outcome = await self._runtime.resume(token, payload)
        except TokenRefused as refused:
            return _refused_page(refused)
        except PayloadError as error:
            return form_page(form.title, form.fields, filled=filled, complaint=unfit(error))
        answer = _answer(outcome)
        if answer.kind == "guard":
            fields = form.fields if form.takes_payload else ()
            return form_page(form.title, fields, filled=filled, complaint=answer.detail)
        if not answer.ok:
            return told_page("That did not work", answer.detail, answer.status)
        return told_page("Thank you", "Your answer has arrived. You may close this page.")

    def _form_of(self, token: str) -> _Form:
        runtime = self._runtime
        claim = read_token(token, runtime.tokens, runtime.clock.now())
        name, version = claim.subject.split("/")[:2]
        known = self._forms.get((name, version, claim.event))
        if known is None:  # of what we have signed there are no more than there are handlers
            known = self._forms[name, version, claim.event] = self._new_form(claim, name, version)
        return known

    def _new_form(self, claim: Claim, name: str, version: str) -> _Form:
        registry = self._runtime.registry
        versions = registry.versions(name)
        chosen = version if version in versions else versions[-1] if versions else ""
        definition = registry.definition(name, chosen)
        annotations: list[Any] = []
        if definition is not None:
            takers = takers_of(definition.plan, claim.event).values()
            edges = [edge for found in takers for edge in found]
            annotations = [codec.annotation for edge in edges for codec in edge.arms]
            parts = [part for edge in edges for part in edge.parts]
            annotations += [p.codec.annotation for p in parts if p.name == claim.event and p.codec]
        title = f"{name}: {claim.event.removeprefix('evt.').replace('.', ' ')}"
        found = (fields_of(annotation) for annotation in annotations)
        simple = next((fields for fields in found if fields is not None), None)
        return _Form(title, bool(annotations), simple)


def _page_of(form: _Form) -> Response:
    return form_page(form.title, form.fields if form.takes_payload else ())


def _answer(outcome: Outcome) -> Answer:
    if outcome.status == "ignored" and outcome.reason == "guard":
        return Answer(422, "guard", "This answer cannot be taken as it is; the link is still good.")
    return answer_for(outcome)


def _refused_page(refused: TokenRefused) -> Response:
    status, sentence = _REFUSED[refused.reason]
    return told_page("This link is over" if status == 410 else "No such link", sentence, status)


def _filled(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise HttpProblem(400, "malformed", "The form cannot be read.") from None
