"""How many requests the runtime makes of Blob storage, counted on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.azure.blobs import connection_string, make_container
from tests.azure.events import started, tick
from tests.azure.machines import Tally
from tests.emulators.proxy import FaultProxy
from xorca import Runtime
from xorca.providers.azure import BlobStore


async def count_requests(url: str, container: str, *, leased: bool = False) -> dict[str, list[str]]:
    """Give the requests of each kind of work, by method; those about a lease as LEASE."""
    await make_container(url, container)
    found: dict[str, list[str]] = {}
    async with FaultProxy(url) as proxy:
        text = connection_string(proxy.url)
        async with (
            BlobStore(container, connection_string=text) as store,
            BlobStore(container, connection_string=text) as cold_store,
        ):
            warm = Runtime([Tally], store=store, lease=store.lease if leased else None)
            cold = Runtime([Tally], store=cold_store, lease=cold_store.lease if leased else None)

            async def count(name: str, work: Callable[[], Awaitable[object]]) -> None:
                proxy.forget()
                await work()
                found[name] = [
                    "LEASE" if "comp=lease" in request.path else request.method
                    for request in proxy.requests
                ]

            batch = [tick(f"batch-{number}") for number in range(10)]
            await count("start", lambda: warm.handle(started(), publish=False))
            await count("warm event", lambda: warm.handle(tick("warm"), publish=False))
            await count("duplicate, warm", lambda: warm.handle(tick("warm"), publish=False))
            await count("batch of 10, warm", lambda: warm.handle(*batch, publish=False))
            await count("cold event", lambda: cold.handle(tick("cold"), publish=False))
            await count("duplicate, stale", lambda: warm.handle(tick("cold"), publish=False))
            cold = Runtime([Tally], store=cold_store, lease=cold.lease)
            await count("duplicate, cold", lambda: cold.handle(tick("cold"), publish=False))
            await count("page of a listing", lambda: _list(warm))
    return found


async def _list(runtime: Runtime) -> None:
    assert [found.name async for found in runtime.processes(status="active")] == ["tally"]
