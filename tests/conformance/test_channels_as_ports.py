"""The channels and alarms of both rooms keep the contracts of Bus and Alarm."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from xorca.events import Event
from xorca.ports import Alarm, Bus
from xorca.providers.channel import Channel
from xorca.providers.local import SqliteChannel, SqliteStore
from xorca.providers.memory import MemoryChannel, MemoryStore
from xorca_contrib.conformance import AlarmContract, BusContract

Room = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Room]:
    made: Room = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "x.db")
    async with made:
        yield made


async def drain(channel: Channel) -> list[Event]:
    """Receive and acknowledge everything."""
    found: list[Event] = []
    while deliveries := await channel.receive("readers", limit=7):
        found += [delivery.event for delivery in deliveries]
        await channel.ack(deliveries)
    return found


class TestChannelAsBus(BusContract):
    @pytest.fixture
    async def bus(self, room: Room) -> Channel:
        await room.channel.subscribe("readers", ["*"])
        return room.channel

    async def arrived(self, bus: Bus) -> list[Event]:
        assert isinstance(bus, MemoryChannel | SqliteChannel)
        return await drain(bus)


class TestLockedChannelAsBus(BusContract):
    """The same with a file that another program can be made to lock."""

    @pytest.fixture
    async def bus(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncGenerator[SqliteChannel]:
        monkeypatch.setattr("xorca.providers.local.connection.BUSY_TIMEOUT", 0.2)
        self.other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        async with SqliteStore(tmp_path / "x.db") as store:
            await store.channel.subscribe("readers", ["*"])
            yield store.channel
            self.other.close()

    async def arrived(self, bus: Bus) -> list[Event]:
        assert isinstance(bus, SqliteChannel)
        return await drain(bus)

    async def break_it(self, bus: Bus) -> None:
        self.other.execute("BEGIN IMMEDIATE")


class TestAlarmOfChannel(AlarmContract):
    @pytest.fixture
    async def alarm(self, room: Room) -> Alarm:
        self.channel: Channel = room.channel
        await room.channel.subscribe("readers", ["*"])
        return room.alarm

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        await asyncio.sleep(seconds)
        return await drain(self.channel)
