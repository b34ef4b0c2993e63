"""A service may start a process that is found by the content of its start."""

from __future__ import annotations

import pytest

from tests.unit.fleet.stage import FetchBook, command, make_fleet
from tests.unit.orders import Placed, order_id
from xorca import Orchestrator, Runtime, end, start
from xorca.errors import PayloadError
from xorca.events import Event
from xorca.fleet import Call
from xorca.providers.memory import MemoryStore


class Order(Orchestrator, name="t.order"):
    @start(to=end, process=order_id)
    def place(self, placed: Placed) -> None: ...


async def sent_by(service: object) -> list[Event]:
    """Serve one command and give what was sent."""
    fleet, bus = make_fleet()
    fleet.serves("cmd.books.fetch")(service)  # type: ignore[arg-type]
    await fleet.handle(command(data={"book_id": "b-1"}))
    return list(bus.published)


async def test_the_id_that_is_told_is_that_of_the_process() -> None:
    """The payload tells it, to the service as to the runtime."""
    ids: list[str] = []

    async def begin(command: FetchBook, call: Call) -> None:
        ids.append(call.start(Order, Placed("o-1")))
        ids.append(call.start(Order, Placed("o-1"), process_id="asked"))

    one, two, _ = await sent_by(begin)
    outcomes = await Runtime([Order], store=MemoryStore()).handle(one, two)

    assert ids == ["o-1", "asked"]
    assert [o.subject for o in outcomes] == ["t.order/1.0.0/o-1", "t.order/1.0.0/asked"]


async def test_a_payload_that_tells_no_process() -> None:
    """The service hears of it at once, and nothing is started."""
    caught: list[PayloadError] = []

    async def begin(command: FetchBook, call: Call) -> None:
        with pytest.raises(PayloadError, match="returned an empty text") as error:
            call.start(Order, Placed(""))
        caught.append(error.value)

    assert [event.type for event in await sent_by(begin)] == ["evt.books.fetch.success"]
    assert len(caught) == 1
