"""Put together: routes, gate and lifespan of one Starlette application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from xorca.dsl.names import matches
from xorca.fleet import Fleet
from xorca.handlers.asgi.answers import NO_STORE, json_response, routing_problem
from xorca.handlers.asgi.arc_saas import ArcSaasEvents
from xorca.handlers.asgi.direct import Application, Endpoint
from xorca.handlers.asgi.gate import Asked, Gate, Work
from xorca.handlers.asgi.health import Readiness, health
from xorca.handlers.asgi.limits import HttpLimits
from xorca.handlers.asgi.openapi import Described, annotations_of, document_of
from xorca.handlers.asgi.principals import Auth
from xorca.handlers.asgi.processes import Processes
from xorca.handlers.asgi.receiving import Receiver
from xorca.handlers.asgi.resuming import Resuming
from xorca.handlers.asgi.starting import Starter
from xorca.handlers.asgi.typed import Hears, TypedEvents
from xorca.handlers.asgi.waiting import Waiting
from xorca.handlers.asgi.webhooks import Webhooks
from xorca.ports import Room, Store
from xorca.runtime import Runtime

_TYPED = "/events/{type}"


@dataclass(frozen=True, slots=True)
class Options:
    """What an application may be told besides what it serves."""

    prefix: str = ""
    auth: Auth | None = None
    limits: HttpLimits = field(default_factory=HttpLimits)
    compat: bool = False
    pass_over: bool = False
    title: str = "xorca"
    closes: tuple[Room, ...] = ()
    webhook_origins: tuple[str, ...] = ()


def runtime_application(runtime: Runtime, options: Options) -> Starlette:
    """Give the application of a Runtime."""
    gate = Gate(options.limits, options.auth)
    receiver = Receiver(runtime, gate, pass_over=options.pass_over)
    typed = TypedEvents(_hears_of(runtime), receiver)
    about = _described(runtime, options)
    post_event = ArcSaasEvents(typed).post if options.compat else typed.post
    events = _events_of(gate, receiver.receive, post_event, options)
    routes = [
        *_shared_routes(gate, runtime.store, about),
        *_process_routes(gate, runtime, receiver, options),
    ]
    if runtime.tokens is not None:
        resuming = Resuming(runtime)
        routes += [
            _route("/resume", gate.guard(resuming.post, public=True), "POST"),
            _route("/resume/{token}", gate.guard(resuming.page, public=True), "GET"),
            _route("/resume/{token}", gate.guard(resuming.post_to, public=True), "POST"),
        ]
    return _application(events, routes, options)


def fleet_application(fleet: Fleet, options: Options) -> Starlette:
    """Give the application of a Fleet."""
    gate = Gate(options.limits, options.auth)
    receiver = Receiver(fleet, gate, pass_over=options.pass_over)

    def hears(name: str) -> bool:
        return any(matches(pattern, name) for pattern in fleet.patterns)

    typed = TypedEvents(hears, receiver)
    events = _events_of(gate, receiver.receive, typed.post, options)
    about = _described_fleet(fleet, options)
    return _application(events, _shared_routes(gate, fleet.store, about), options)


@dataclass(frozen=True, slots=True)
class _Events:
    """What takes events: those of ``POST /``, and those of a type that the path names.

    ``asked`` answers who asks whether it may send any; None: nobody may ask.
    """

    any: Endpoint
    typed: Endpoint
    asked: Endpoint | None = None


def _events_of(gate: Gate, receive: Work, typed: Work, options: Options) -> _Events:
    if not options.webhook_origins:
        return _Events(gate.guard(receive), gate.guard(typed))
    webhooks = Webhooks(options.webhook_origins, options.limits.rate)
    handshake = gate.guard(webhooks.handshake, public=True)
    return _Events(gate.guard(webhooks.before(receive)), gate.guard(typed), handshake)


# -- routes -------------------------------------------------------------------------


def _shared_routes(gate: Gate, store: Store | None, about: Described) -> list[BaseRoute]:
    document = document_of(about)

    async def openapi(asked: Asked) -> Response:
        root = quote(str(asked.request.scope.get("root_path", "")))
        found = {**document, "servers": [{"url": root}]} if root else document
        return json_response(found, headers=NO_STORE)

    return [
        _route("/health", health, "GET"),
        _route("/ready", Readiness(store).endpoint(), "GET"),
        _route("/openapi.json", gate.guard(openapi), "GET"),
    ]


def _process_routes(
    gate: Gate, runtime: Runtime, receiver: Receiver, options: Options
) -> list[BaseRoute]:
    processes = Processes(runtime)
    waiting = Waiting(runtime, processes, options.limits.wait)
    starter = Starter(runtime.registry, receiver, options.prefix)
    one = "/processes/{subject:path}"
    return [
        _route("/processes", gate.guard(processes.list), "GET"),
        _route("/processes/{name}", gate.guard(starter.start), "POST"),
        _route(f"{one}/result", gate.guard(waiting.wait, room=gate.waiting), "GET"),
        _route(f"{one}/cancel", gate.guard(processes.cancel), "POST"),
        _route(one, gate.guard(processes.describe), "GET"),
        _route(one, gate.guard(processes.cancel), "DELETE"),
    ]


def _route(path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> BaseRoute:
    return Route(path, endpoint, methods=[method])


def _application(events: _Events, routes: Sequence[BaseRoute], options: Options) -> Starlette:
    prefix = options.prefix
    all_routes = [_route("/", events.any, "POST"), _route(_TYPED, events.typed, "POST"), *routes]
    if events.asked is not None:
        all_routes += [_route(path, events.asked, "OPTIONS") for path in ("/", _TYPED)]
    found = [_below(prefix, route) for route in all_routes]
    made = Application(
        routes=[each for several in found for each in several],
        direct=dict.fromkeys({f"{prefix}/", prefix or "/"}, events.any),
        typed=(f"{prefix}/events", events.typed),
        lifespan=_lifespan(options.closes),
        exception_handlers={HTTPException: routing_problem},
    )
    made.router.redirect_slashes = False
    return made


def _below(prefix: str, route: BaseRoute) -> list[BaseRoute]:
    assert isinstance(route, Route)  # all of ours are
    paths = [prefix + route.path, prefix] if prefix and route.path == "/" else [prefix + route.path]
    methods = list(route.methods or ())
    return [Route(path, route.endpoint, methods=methods) for path in paths]


def _lifespan(
    rooms: tuple[Room, ...],
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for room in rooms:
                stack.push_async_callback(room.close)
            yield

    return lifespan


# -- what is heard --------------------------------------------------------------------


def _hears_of(runtime: Runtime) -> Hears:
    plans = [definition.plan for definition in runtime.registry.definitions]

    def hears(name: str) -> bool:
        return any(name in plan.starts or plan.hears(name) for plan in plans)

    return hears


def _described(runtime: Runtime, options: Options) -> Described:
    about = _about(options)
    about.processes, about.tokens = True, runtime.tokens is not None
    for definition in runtime.registry.definitions:
        plan = definition.plan
        starts = [codec for edge in plan.starts.values() for codec in edge.arms]
        about.starts[plan.name] = annotations_of(starts)  # of the highest version
        for edge in plan.edges:
            for name in edge.names:
                about.patterns |= "*" in name
                if "*" not in name:
                    _add(about.events, name, annotations_of(edge.arms))
            for part in edge.parts:
                _add(about.events, part.name, annotations_of([part.codec]))
    return about


def _described_fleet(fleet: Fleet, options: Options) -> Described:
    about = _about(options)
    about.patterns, about.replies = True, fleet.bus is None
    for service in fleet.services:
        about.events[service.name] = annotations_of([service.takes])
        about.answers[service.name] = annotations_of([service.gives])
    for observer in fleet.observers:
        if "*" not in observer.name:
            _add(about.events, observer.name, annotations_of([observer.takes]))
    return about


def _about(options: Options) -> Described:
    about = Described(options.title, "1", options.prefix, signed=options.auth is not None)
    about.webhooks = bool(options.webhook_origins)
    return about


def _add(events: dict[str, list[object]], name: str, annotations: list[object]) -> None:
    known = events.setdefault(name, [])
    known.extend(each for each in annotations if each not in known)
