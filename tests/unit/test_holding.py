"""Whoever holds a lease on any table is not disturbed by requests that are refused."""

from __future__ import annotations

import asyncio
import logging

import pytest

from xorca.errors import PortError
from xorca.providers.leasing import hold


class RefusedOnce:
    """A table that refuses the first renewal, and to take leases back."""

    def __init__(self) -> None:
        self.renewals = 0

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        return True

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        self.renewals += 1
        if self.renewals == 1:
            raise PortError("the role is missing")
        return True

    async def release(self, key: str, owner: str) -> None:
        raise PortError("the role is missing")


async def test_refused_renewal_is_tried_again() -> None:
    """A lease whose renewal was refused once is renewed at the next time."""
    table = RefusedOnce()

    async with hold(table, "a/b", ttl=0.3, wait=0), asyncio.timeout(10):
        while table.renewals < 3:  # noqa: ASYNC110 - it is told by no event
            await asyncio.sleep(0.01)

    assert table.renewals >= 3


async def test_lease_that_cannot_be_given_back_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was done under the lease stands; that it runs out by itself is in the log."""
    with caplog.at_level(logging.WARNING, "xorca"):
        async with hold(RefusedOnce(), "a/b", ttl=30, wait=0):
            pass

    assert "'a/b' was not given back, it runs out" in caplog.text
