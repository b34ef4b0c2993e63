"""What an event costs in requests, counted on the wire, as the documentation says."""

from __future__ import annotations

import pytest

from tests.benchmarks.requests import KINDS, measure

pytestmark = pytest.mark.usefixtures("aws_environment")

START = {"S3": 1, "S3 with markers": 2, "DynamoDB": 1}
STALE = {"S3": 3, "S3 with markers": 3, "DynamoDB": 2}
START_AGAIN = {"S3": 2, "S3 with markers": 4, "DynamoDB": 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_requests_are_as_few_as_promised(kind: str, moto: str) -> None:
    """One request a warm event, two a cold one, one or two a batch, none for any lock."""
    rows = {row.name: row for row in await measure(kind, moto)}

    *_, routed = rows
    mean = rows.pop(routed)
    assert {name: row.total for name, row in rows.items()} == {
        "start": START[kind],
        "event, warm": 1,
        "the same again, warm": 0,
        "event, cold": 2,
        "the same again, cold": 1,
        "event, cached and changed since": STALE[kind],
        "batch of ten, warm": 1,
        "batch of ten, cold": 2,
        "start again, cold": START_AGAIN[kind],
    }
    assert 1 <= mean.total / mean.events <= STALE[kind]
    named = {name.removesuffix(" marker") for row in rows.values() for name in row.requests}
    assert named <= {"GET", "PUT", "DELETE", "GetItem", "PutItem"}
