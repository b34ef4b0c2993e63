"""``python -m tests.azure.race`` runs four races in full, and prints a line of each.

By ETag and with leases, plain and behind the fault proxy: 32 workers with 10 events each, in 8
processes.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from contextlib import contextmanager
from uuid import uuid4

from tests.azure.blobs import make_container
from tests.azure.racing import Race, run
from tests.emulators.fixtures import azurite
from tests.emulators.proxy import FaultProxy


async def _one(url: str, *, leased: bool, faulty: bool, workers: int, events: int) -> None:
    name = f"race-{uuid4().hex[:12]}"
    await make_container(url, name)
    async with FaultProxy(url) as proxy:
        race = Race(proxy.url, name, leased, workers, events)
        began = time.monotonic()
        result = await run(race, proxy if faulty else None)
        seconds = time.monotonic() - began
    lost = len(set(race.tokens) - set(result.tokens))
    twice = len(result.tokens) - len(set(result.tokens))
    kind = f"{'lease' if leased else 'etag':6}{'faults' if faulty else 'plain':7}"
    print(
        f"{kind} {len(race.tokens)} events {seconds:6.1f} s {proxy.count():6} requests"
        f"  lost {lost}, twice {twice}, commands {len(result.commands)}"
        f"  {dict(result.statuses)}"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="race", description=__doc__)
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--events", type=int, default=10)
    parser.add_argument("--only", choices=("etag", "lease"), default="")
    given = vars(parser.parse_args())
    only = given.pop("only")
    logging.getLogger("xorca").addHandler(logging.NullHandler())
    served = contextmanager(azurite.__wrapped__)
    with served() as urls:
        for leased in [kind == "lease" for kind in ("etag", "lease") if only in ("", kind)]:
            for faulty in (False, True):
                asyncio.run(_one(urls["blob"], leased=leased, faulty=faulty, **given))


if __name__ == "__main__":
    main()
