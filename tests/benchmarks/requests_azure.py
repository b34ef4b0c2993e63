"""How many requests an event costs in Azure Blob storage, counted on the wire.

``python -m tests.benchmarks.requests_azure`` prints the table, by ETag and with leases; a proxy
before Azurite counts every HTTP request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from uuid import uuid4

from tests.azure.counting import count_requests
from tests.emulators.fixtures import node_program
from tests.emulators.serving import free_port, serving


async def measure(url: str, *, leased: bool) -> list[str]:
    """Give a line for each kind of work."""
    counted = await count_requests(url, f"requests-{uuid4().hex[:12]}", leased=leased)
    lines = []
    for name, requests in counted.items():
        parts = ", ".join(f"{count} {kind}" for kind, count in Counter(requests).items())
        lines.append(f"{name:<24}{len(requests):>6}   {parts}")
    return lines


def _main() -> None:
    with ExitStack() as stack:
        port = free_port()
        command = [
            node_program("azurite-blob"),
            *("--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"),
            *("--blobHost", "127.0.0.1", "--blobPort", str(port)),
        ]
        url = stack.enter_context(serving(command, port))
        for title, leased in (("Blob, by ETag", False), ("Blob, with leases", True)):
            print(f"\n{title:<24}{'all':>6}   requests")
            print(*asyncio.run(measure(f"{url}/devstoreaccount1", leased=leased)), sep="\n")


if __name__ == "__main__":
    _main()
