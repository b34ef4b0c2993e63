"""A town of one function app: ``python -m tests.azure.books_on_functions APP BICEP``.

The rooms are real, over emulators; Event Grid is played by a loop that delivers what was
published by the filters of the Bicep file, each event twice. The environment says where
everything is, as it does in the service. What happened is printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.azure.bicep import Template
from tests.azure.host import Host, hosted
from tests.emulators.eventgrid import KEY, EventGrid
from xorca.runtime.reading import processes

BOOKS = ("lists", "while", "no-such-book")
PATIENCE = 60.0


def start_of(book: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"start-{book}",
        "source": "/tests",
        "type": "xorca.books.summary.start",
        "processid": book,
        "data": {"book_id": book},
    }


async def deliver(host: Host, topic: EventGrid, template: Template) -> dict[str, int]:
    """Deliver until nobody publishes any more; give how often each function was called."""
    subscriptions, calls, done = list(template.subscriptions()), {}, 0
    while done < len(topic.taken):
        event = topic.taken[done]
        done += 1
        for each in subscriptions:
            if each.wants(event.type):
                calls[each.function] = calls.get(each.function, 0) + 2
                for _ in range(2):
                    await host.event_grid(json.loads(event.to_json()), to=each.function)
    return calls


async def run(app: Path, bicep: Path) -> dict[str, Any]:
    async with EventGrid() as topic:
        os.environ["BOOKS_TOPIC"] = topic.endpoint
        os.environ["BOOKS_TOPIC_KEY"] = KEY
        with hosted(app) as host:
            module = next(each for each in sys.modules.values() if hasattr(each, "TOPIC_KEY"))
            for book in BOOKS:
                await host.event_grid(start_of(book), to="books_summary_event_grid")
            async with asyncio.timeout(PATIENCE):
                calls = await deliver(host, topic, Template(bicep))
            states = {
                each.subject: (each.status, each.state) async for each in processes(module.store)
            }
            where = str(Path(sys.modules["examples.book_summary.orchestrator"].__file__ or ""))
            for room in (module.store, module.bus):
                await room.close()
        ids = [event.id for event in topic.taken]
        types = sorted(event.type for event in topic.taken if event.type.startswith("notif."))
    return {"calls": calls, "states": states, "told": types, "ids": len(set(ids)), "where": where}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Path(sys.argv[1]), Path(sys.argv[2])))))
