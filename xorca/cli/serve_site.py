"""What ``xorca serve`` serves: the runtime and the fleets of a module, on their paths."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from xorca.cli.failing import WrongUse
from xorca.cli.loading import Loaded
from xorca.cli.serve_wish import CHANNEL, ServeWish, Sink
from xorca.cli.stores import open_room, token_keys
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.fleet import Fleet
from xorca.handlers.local import HasChannel, LocalWorker
from xorca.ports import Alarm, Bus
from xorca.providers.open import StoreRoom
from xorca.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from xorca.handlers.asgi import Auth

    Scope = MutableMapping[str, Any]
    App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]

_STRANGE = re.compile(r"[^A-Za-z0-9._~/-]+")
_PROBE = "_ready/probe"


class Site:
    """One ASGI application out of several, by the beginnings of their paths.

    ``lines`` says what is served where.
    """

    def __init__(self, apps: Mapping[str, App], lines: Sequence[str]) -> None:
        longest_first = sorted(apps.items(), key=lambda item: -len(item[0]))
        self._apps, self.lines = longest_first, tuple(lines)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Hand a request on; ``Any``, for these are what ASGI says they are."""
        path: str = scope["path"]
        for prefix, app in self._apps:
            if path == prefix or path.startswith(f"{prefix}/"):
                await app(scope, receive, send)
                return
        await self._apps[-1][1](scope, receive, send)


@asynccontextmanager
async def open_site(wish: ServeWish, loaded: Loaded) -> AsyncGenerator[Site]:
    """Open what the wish names, and close it in the end.

    Raises:
        WrongUse: there is nothing to serve, or it cannot be served so.
        XorcaError: a part does not fit, or the store does not answer.
    """
    classes, fleets = loaded.chosen_or_none(), loaded.instances(Fleet)
    if not classes and not fleets:
        raise WrongUse(
            f"{loaded.named} has no orchestrator and no Fleet: there is nothing to serve"
        )
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(open_room(wish.url))
        await room.load(_PROBE)
        bus = await _bus(wish.sink, room, stack)
        for fleet in fleets:
            fleet.bus = bus or fleet.bus
        runtime = _runtime(classes, room, bus) if classes else None
        await stack.enter_async_context(_beside(runtime, fleets, room, wish))
        yield site_of(runtime, fleets, wish.prefix)


async def _bus(sink: Sink | None, room: StoreRoom, stack: AsyncExitStack) -> Bus | None:
    if sink is None:
        return None
    if sink.url == CHANNEL:
        if not isinstance(room, HasChannel):
            raise WrongUse(f"--sink {CHANNEL}: this store has no channel of its own; name a URL")
        return room.channel
    if sink.knative:
        from xorca.providers.http import HttpBus

        return await stack.enter_async_context(HttpBus.from_environment())
    from xorca.providers.open_bus import open_bus

    bus = open_bus(sink.url, allow_private=sink.private, allow_http=sink.http)
    return await stack.enter_async_context(bus)


def _runtime(classes: Sequence[type[Orchestrator]], room: StoreRoom, bus: Bus | None) -> Runtime:
    timed = [plan_of(cls).name for cls in classes if plan_of(cls).has_deadlines]
    if timed and bus is None:
        raise WrongUse(
            f"{timed[0]} has deadlines, and what one of them decides is the answer to no request:"
            f" say where events go with --sink https://..., or --sink {CHANNEL}"
        )
    alarm: Alarm | None = room.alarm if isinstance(room, HasChannel) else None
    return Runtime(classes, store=room, bus=bus, alarm=alarm, tokens=token_keys())


@asynccontextmanager
async def _beside(
    runtime: Runtime | None, fleets: Sequence[Fleet], room: StoreRoom, wish: ServeWish
) -> AsyncGenerator[None]:
    """Work on the channel where something comes by it, and sweep now and then."""
    from xorca.cli.dev_worker import sweep_on

    if runtime is None or runtime.bus is None:
        yield
        return
    timed = any(each.plan.has_deadlines for each in runtime.registry.definitions)
    sweeping = asyncio.create_task(sweep_on(runtime))
    try:
        if not (timed or wish.to_channel):
            yield
            return
        worker = LocalWorker(room, runtime=runtime, fleets=fleets if wish.to_channel else ())
        await worker.start()
        try:
            yield
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(wish.grace):
                    await worker.stop()
    finally:
        sweeping.cancel()


def site_of(runtime: Runtime | None, fleets: Sequence[Fleet], prefix: str) -> Site:
    """Put together what is served: orchestrators at the root, fleets below it.

    Raises:
        WrongUse: two fleets would have one path.
    """
    from xorca.handlers.asgi import app, fleet_app

    auth = auth_by_environment()
    apps: dict[str, App] = {}
    lines: list[str] = []
    if runtime is not None:
        apps[prefix] = app(runtime, prefix=prefix, auth=auth)
        for definition in runtime.registry.definitions:
            plan = definition.plan
            lines.append(f"{plan.name} {plan.version} at {prefix or '/'}")
    for fleet in fleets:
        place = prefix if not apps and len(fleets) == 1 else _place(fleet, prefix)
        if place in apps:
            raise WrongUse(f"two fleets would be at {place}: give one of them another name")
        apps[place] = fleet_app(fleet, prefix=place, auth=auth)
        lines.append(f"{fleet.source} at {place or '/'}")
    if prefix not in apps:
        apps[prefix] = _only_health(prefix)
    return Site(apps, lines)


def _place(fleet: Fleet, prefix: str) -> str:
    return f"{prefix}/fleets/{_STRANGE.sub('-', fleet.name).strip('/-')}"


def _only_health(prefix: str) -> App:
    """Answer where several fleets have their own paths: the program itself is alive."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    from xorca.handlers.asgi.health import Readiness, health

    ready = Readiness(None).endpoint()
    return Starlette(routes=[Route(f"{prefix}/health", health), Route(f"{prefix}/ready", ready)])


def auth_by_environment() -> Auth | None:
    """Give what checks signatures, with the keys in XORCA_HTTP_KEY; None where it is not set."""
    from xorca.handlers.asgi import HmacAuth

    keys = os.environ.get("XORCA_HTTP_KEY", "").strip()
    return HmacAuth(keys) if keys else None
