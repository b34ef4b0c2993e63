"""What an event costs: so many requests, and not one more."""

from __future__ import annotations

from tests.azure.counting import count_requests


async def test_requests_by_etag(azurite: dict[str, str], fresh_name: str) -> None:
    """One PUT a warm event and a start, one GET more when cold, one commit a batch."""
    counted = await count_requests(azurite["blob"], fresh_name)

    assert counted == {
        "start": ["PUT"],
        "warm event": ["PUT"],
        "duplicate, warm": [],
        "batch of 10, warm": ["PUT"],
        "cold event": ["GET", "PUT"],
        "duplicate, stale": ["PUT", "GET"],
        "duplicate, cold": ["GET"],
        "page of a listing": ["GET"],
    }


async def test_requests_under_a_lease(azurite: dict[str, str], fresh_name: str) -> None:
    """A lease on the record costs two requests more; a start needs a blob of its own for it."""
    counted = await count_requests(azurite["blob"], fresh_name, leased=True)

    assert counted["warm event"] == ["LEASE", "PUT", "LEASE"]
    assert counted["cold event"] == ["LEASE", "GET", "PUT", "LEASE"]
    assert counted["duplicate, warm"] == ["LEASE", "LEASE"]
    assert counted["start"] == ["LEASE", "LEASE", "PUT", "LEASE", "PUT", "DELETE"]
