"""HttpBus keeps the contract of a bus, in each of its modes, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.providers_http.taker import Taker, answer
from xorca.events import Event
from xorca.ports import Bus
from xorca.providers.http import HttpBus
from xorca_contrib.conformance import BusContract


class HttpBusContract(BusContract):
    mode = "structured"

    @pytest.fixture
    async def taker(self) -> AsyncIterator[Taker]:
        async with Taker() as taker:
            self.taker = taker
            yield taker

    @pytest.fixture
    async def bus(self, taker: Taker) -> AsyncIterator[HttpBus]:
        bus = HttpBus(
            taker.url,
            mode=self.mode,  # type: ignore[arg-type]
            attempts=2,
            allow_private=True,
            allow_http=True,
            sleep=no_pause,
        )
        async with bus:
            yield bus

    async def arrived(self, bus: Bus) -> list[Event]:
        return self.taker.taken

    async def break_it(self, bus: Bus) -> None:
        self.taker.usual = answer("503 Service Unavailable")


async def no_pause(seconds: float) -> None:
    """Wait for nothing."""


class TestStructured(HttpBusContract):
    mode = "structured"


class TestBatch(HttpBusContract):
    mode = "batch"


NAMES = ("id", "source", "type", "subject", "time", "data", "is_json", "datacontenttype")
NAMES += ("dataschema", "extensions")
TYPED = {"causationid": "c-1", "sequence": 7, "sampled": True}
AS_TEXT = {"causationid": "c-1", "sequence": "7", "sampled": "true"}


class TestBinary(HttpBusContract):
    mode = "binary"

    async def arrived(self, bus: Bus) -> list[Event]:
        """Give back to the extensions the types that headers do not carry."""
        found = self.taker.taken
        for one in found:
            assert one.extensions in ({}, AS_TEXT, TYPED)
            one.extensions = TYPED if one.extensions else {}
        return [Event(**{name: getattr(one, name) for name in NAMES}) for one in found]
