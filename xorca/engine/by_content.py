"""Events of strangers: which process one is for is told by its content, as ``process=`` says.

``Any`` stands for payloads and for what a user's function returns.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from xorca.codec import Codec, codec_for, payload_of
from xorca.dsl.names import matches, specificity
from xorca.dsl.plan import MEMO, Edge, Finder, Plan
from xorca.engine.ids import process_id_of
from xorca.engine.transition import NOT_POISON, POISON, raised_in
from xorca.engine.verdict import Status
from xorca.errors import HandlerError, InvalidEvent, PayloadError
from xorca.events import Event
from xorca.events.attributes import check_text

_ANY = codec_for(Any)


class Unidentified(Exception):
    """The content does not tell which process an event is for; ``error`` is what is behind it."""

    def __init__(self, status: Status, reason: str, cause: str, *, error: Exception) -> None:
        super().__init__(cause)
        self.status: Status = status
        self.reason, self.cause, self.error = reason, cause, error


class Claim(msgspec.Struct, frozen=True):
    """How the events of one name find their process: what the first handler says of them.

    ``name`` is the orchestrator's and ``version`` that which says so; ``codecs`` are the
    payload types of all its handlers of such an event.
    """

    name: str
    version: str
    handler: str
    finder: Finder
    codecs: tuple[Codec, ...]

    def identify(self, event: Event) -> str:
        """Give the process id of an event: that which it asks for, or by its payload.

        Raises:
            Unidentified: neither gives one.
        """
        asked = event.extensions.get("processid")
        if asked is not None:
            return str(asked)
        payload = self._payload(event)
        try:
            found: Any = self.finder.function(payload)
        except NOT_POISON as exc:
            raise _exhausted(self, exc) from exc
        except POISON as exc:
            cause = raised_in(_name_of(self.finder.function), exc)
            error = exc if isinstance(exc, Exception) else HandlerError(cause)
            raise Unidentified("dead", "process-raised", self._says(cause), error=error) from exc
        return self._checked(found)

    def _payload(self, event: Event) -> Any:
        reasons: list[str] = []
        for codec in self.codecs:
            try:
                return payload_of(codec, event)
            except PayloadError as exc:
                reasons.append(str(exc))
            except NOT_POISON as exc:
                raise _exhausted(self, exc) from exc
            except Exception as exc:  # of a class that checks its own fields
                reasons.append(raised_in(codec.name, exc))
        cause = self._says("; ".join(dict.fromkeys(reasons)))
        raise Unidentified("dead", "payload", cause, error=PayloadError(cause))

    def _checked(self, found: Any) -> str:
        if inspect.iscoroutine(found):
            found.close()  # a lambda around an async function is not seen when it is defined
        if not isinstance(found, str):
            raise self._no_id(f"returned {type(found).__qualname__}, and a process id is a str")
        if not found:
            raise self._no_id("returned an empty text, and a process has an id")
        try:
            check_text("process id", found)
        except InvalidEvent as exc:
            raise self._no_id(f"returned what no subject may hold ({exc})") from exc
        return str.__str__(found)  # an enum's own text, say, and nothing but text

    def _no_id(self, what: str) -> Unidentified:
        cause = self._says(f"{_name_of(self.finder.function)!r} {what}")
        return Unidentified("dead", "process-id", cause, error=HandlerError(cause))

    def _says(self, what: str) -> str:
        return f"process= of {self.handler!r} finds no process: {what}"


class Contents:
    """What the classes of a Runtime say of events that do not carry a subject of theirs.

    No two orchestrators claim one event: that was refused before.
    """

    __slots__ = ("_known", "_starts", "_versions")

    def __init__(self, plans: Iterable[Plan]) -> None:
        ordered = tuple(plans)[::-1]  # highest version first
        self._versions = tuple(_heard_by(plan) for plan in ordered)
        self._starts: dict[str, Claim] = {}
        for plan in ordered:
            for name, claim in _claims(plan, starts=True).items():
                self._starts.setdefault(name, claim)
        self._known: dict[str, Claim | None] = {}

    def __bool__(self) -> bool:
        return bool(self._starts) or any(claims for claims, _ in self._versions)

    def of_start(self, event_type: str) -> Claim | None:
        """Give how the starts of a name find their process, None if not by content."""
        return self._starts.get(event_type)

    def of(self, event_type: str) -> Claim | None:
        """Give how events of a name find the process that hears them, None if nobody says so.

        The highest version that says so decides; in it an exact name goes before a pattern.
        """
        try:
            return self._known[event_type]
        except KeyError:
            pass
        found = next(self._search(event_type), None)
        if len(self._known) < MEMO:
            self._known[event_type] = found
        return found

    def _search(self, event_type: str) -> Iterator[Claim]:
        for claims, patterns in self._versions:
            if event_type in claims:
                yield claims[event_type]
            yield from (claims[p] for p in patterns if matches(p, event_type))


def id_of_start(plan: Plan, event: Event) -> str:
    """Give the id of the process that a start event begins, by one version of its class.

    Raises:
        PayloadError: its content tells none.
    """
    claim = Contents([plan]).of_start(event.type)
    if claim is None:
        return process_id_of(event)
    try:
        return claim.identify(event)
    except Unidentified as exc:
        if isinstance(exc.error, NOT_POISON):
            raise exc.error from exc
        raise PayloadError(exc.cause) from exc


def _heard_by(plan: Plan) -> tuple[dict[str, Claim], tuple[str, ...]]:
    claims = _claims(plan, starts=False)
    patterns = sorted((n for n in claims if "*" in n), key=lambda n: (*specificity(n), n))
    return claims, tuple(patterns)


def _claims(plan: Plan, *, starts: bool) -> dict[str, Claim]:
    found: dict[str, list[tuple[Edge, Finder]]] = {}
    for edge in plan.edges:
        if (edge.kind == "start") is starts:
            for finder in edge.finders:
                found.setdefault(finder.name, []).append((edge, finder))
    return {name: _claim(plan, pairs) for name, pairs in found.items()}


def _claim(plan: Plan, pairs: list[tuple[Edge, Finder]]) -> Claim:
    edge, finder = pairs[0]
    codecs = tuple({id(codec): codec for _, f in pairs for codec in f.codecs}.values())
    return Claim(plan.name, plan.version, edge.handler, finder, codecs or (_ANY,))


def _exhausted(claim: Claim, exc: Exception) -> Unidentified:
    cause = f"process= of {claim.handler!r} ran out of memory, or recursed too deeply"
    return Unidentified("retry", "resources", cause, error=exc)


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
