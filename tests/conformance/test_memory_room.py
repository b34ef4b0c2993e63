"""The memory room keeps every contract."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from xorca.events import Event
from xorca.ports import Alarm, Bus
from xorca.providers.memory import MemoryAlarm, MemoryBus, MemoryLease, MemoryStore
from xorca_contrib.conformance import AlarmContract, BusContract, LeaseContract, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestMemoryBus(BusContract):
    @pytest.fixture
    def bus(self) -> MemoryBus:
        return MemoryBus()

    async def arrived(self, bus: Bus) -> list[Event]:
        assert isinstance(bus, MemoryBus)
        return bus.published


class TestMemoryAlarm(AlarmContract):
    @pytest.fixture
    def alarm(self) -> MemoryAlarm:
        return MemoryAlarm()

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        assert isinstance(alarm, MemoryAlarm)
        await asyncio.sleep(seconds)
        return alarm.due(datetime.now(UTC))


class TestMemoryLease(LeaseContract):
    @pytest.fixture
    def lease(self) -> MemoryLease:
        return MemoryLease()
