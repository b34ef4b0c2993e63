"""What ``xorca serve`` serves: the runtime and the fleets of a module, opened and closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from xorca.cli.failing import WrongUse
from xorca.cli.loading import Loaded
from xorca.cli.serve_apps import Site, site_of
from xorca.cli.serve_wish import CHANNEL, ServeWish, Sink
from xorca.cli.stores import open_room, token_keys
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.fleet import Fleet
from xorca.handlers.local import HasChannel, LocalWorker
from xorca.ports import Alarm, Bus
from xorca.providers.open import StoreRoom
from xorca.runtime import Runtime

_PROBE = "_ready/probe"


@dataclass(frozen=True, slots=True)
class _Opened:
    """Everything that a wish names."""

    room: StoreRoom
    runtime: Runtime | None
    fleets: Sequence[Fleet]
    site: Site


@asynccontextmanager
async def open_site(wish: ServeWish, loaded: Loaded) -> AsyncGenerator[Site]:
    """Open what the wish names, and close it in the end.

    Raises:
        WrongUse: there is nothing to serve, or it cannot be served so.
        XorcaError: a part does not fit, or the store does not answer.
    """
    async with _opened(wish, loaded) as opened, _beside(opened, wish):
        yield opened.site


async def try_site(wish: ServeWish, loaded: Loaded) -> None:
    """Raise what would keep a worker from serving; nothing is worked on."""
    async with _opened(wish, loaded):
        pass


@asynccontextmanager
async def _opened(wish: ServeWish, loaded: Loaded) -> AsyncGenerator[_Opened]:
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
        yield _Opened(room, runtime, fleets, site_of(runtime, fleets, wish.prefix, wish.http))


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
async def _beside(opened: _Opened, wish: ServeWish) -> AsyncGenerator[None]:
    """Work on the channel where something comes by it, and sweep now and then."""
    from xorca.cli.dev_worker import sweep_on

    runtime = opened.runtime
    if runtime is None or runtime.bus is None:
        yield
        return
    timed = any(each.plan.has_deadlines for each in runtime.registry.definitions)
    sweeping = asyncio.create_task(sweep_on(runtime))
    try:
        if not (timed or wish.to_channel):
            yield
            return
        fleets = opened.fleets if wish.to_channel else ()
        worker = LocalWorker(opened.room, runtime=runtime, fleets=fleets)
        await worker.start()
        try:
            yield
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(wish.grace):
                    await worker.stop()
    finally:
        sweeping.cancel()
