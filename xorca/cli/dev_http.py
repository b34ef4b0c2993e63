"""HTTP beside the worker of ``xorca dev``: what is posted is applied by its very runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import click

from xorca.cli.dev_guard import GRACE
from xorca.handlers.local import LocalWorker

_HOST = "127.0.0.1"


@asynccontextmanager
async def http_beside(worker: LocalWorker, port: int | None) -> AsyncGenerator[None]:
    """Serve the runtime and the fleets of a worker on this machine, while the block lasts.

    Raises:
        WrongUse: the port is taken.
    """
    if port is None:
        yield
        return
    from xorca.cli.serve_apps import site_of
    from xorca.cli.serve_server import Server, config_of
    from xorca.cli.serve_socket import bind, url_of

    with bind(_HOST, port) as listening:
        for fleet in worker.fleets:
            fleet.bus = worker.channel
        where = url_of(_HOST, listening.getsockname()[1])
        site = site_of(worker.runtime, worker.fleets, "")
        ready = asyncio.Event()
        server = Server(config_of(site, GRACE), ready.set)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            # Whoever reads "ready" may count on it, and knows the address by then.
            await _either(ready, serving)
            click.echo(f"  HTTP at {where}")
            yield
        finally:
            server.stop()
            await serving


async def _either(ready: asyncio.Event, serving: asyncio.Task[None]) -> None:
    """Wait until the server is ready; raise what keeps it from that."""
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait((waiting, serving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if serving.done():
        await serving
