"""``POST /processes/{name}``: start a process with a JSON body as its payload."""

from __future__ import annotations

from starlette.responses import Response

from xorca.dsl.plan import Edge, Plan
from xorca.engine.routing import Registry
from xorca.errors import PayloadError
from xorca.handlers.asgi.addresses import location_of
from xorca.handlers.asgi.answers import json_response
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.plain import check_query, event_id, json_body, made_event, said
from xorca.handlers.asgi.problems import HttpProblem, not_found
from xorca.handlers.asgi.receiving import Receiver
from xorca.handlers.asgi.reports import Done, emitted_of
from xorca.handlers.asgi.verdicts import unfit

QUERY = ("event", "id", "process_id", "version")


class Starter:
    """Makes start events of requests."""

    __slots__ = ("_prefix", "_receiver", "_registry")

    def __init__(self, registry: Registry, receiver: Receiver, prefix: str) -> None:
        self._registry, self._receiver, self._prefix = registry, receiver, prefix

    async def start(self, asked: Asked) -> Response:
        """Start a process, and say where it is."""
        check_query(asked, QUERY)
        plan = self._plan(asked)
        data = json_body(asked)
        edge_name = _fitting(plan, said(asked, "event"), data)
        process_id, version = said(asked, "process_id"), said(asked, "version")
        event = made_event(
            asked,
            data,
            id=event_id(asked),
            source=asked.source,
            type=edge_name,
            processid=process_id,
            processversion=version,
        )
        done = await self._receiver.take(event)
        return self._answer(asked, plan, done)

    def _plan(self, asked: Asked) -> Plan:
        name = str(asked.request.path_params["name"])
        versions = self._registry.versions(name)
        if not versions:
            raise not_found("No orchestrator of this name is registered here.")
        version = said(asked, "version")
        definition = self._registry.definition(name, version or versions[-1])
        if definition is None:
            raise not_found("No such version of the orchestrator is registered here.")
        return definition.plan

    def _answer(self, asked: Asked, plan: Plan, done: Done) -> Response:
        outcome = done.outcome
        assert outcome is not None  # it was made as an event
        if not done.answer.ok:
            raise self._receiver.problem(done)
        if _is_taken(plan, done):
            raise HttpProblem(409, "process-exists", "The process exists since another start.")
        found: dict[str, object] = {
            "subject": outcome.subject,
            "outcome": outcome.status,
            "reason": outcome.reason,
            "state": outcome.state,
        }
        if self._receiver.replies:
            found["emitted"] = emitted_of(outcome.sent)
        headers = {"Location": location_of(asked.request, self._prefix, outcome.subject or "")}
        return json_response(found, 201 if outcome.status == "applied" else 200, headers=headers)


def _is_taken(plan: Plan, done: Done) -> bool:
    outcome = done.outcome
    if outcome is None or (outcome.status, outcome.reason) != ("ignored", "process-exists"):
        return False
    edge = plan.starts.get(outcome.raw.type) if outcome.raw is not None else None
    return edge is None or edge.on_existing != "ignore"


def _fitting(plan: Plan, wanted: str | None, data: bytes | None) -> str:
    """Find the start that takes the payload, before anything is stored.

    Raises:
        HttpProblem: 404 there is no such start event, 422 none takes the payload.
    """
    edges = {name: edge for name, edge in plan.starts.items() if wanted in (None, name)}
    if not edges:
        raise not_found("The orchestrator is not started by an event of this name.")
    # One that takes no payload comes last: it takes anything.
    ordered = sorted(edges.items(), key=lambda pair: not pair[1].arms)
    problem: Exception | None = None
    for name, edge in ordered:
        misfit = _misfit(edge, data)
        if misfit is None:
            return name
        problem = problem or misfit
    raise HttpProblem(422, "payload", unfit(problem))


def _misfit(edge: Edge, data: bytes | None) -> Exception | None:
    found: Exception | None = None
    for codec in edge.arms:
        try:
            codec.decode(data)
        except PayloadError as exc:
            found = found or exc
        except Exception as exc:  # of a class that checks its own fields
            found = found or exc
        else:
            return None
    return found
