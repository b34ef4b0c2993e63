"""Many workers at one subject, through real Runtimes: nothing is lost, nothing happens twice.

Here a few of them; ``python -m tests.aws.race`` runs 32 workers in 8 processes on every store.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.aws.grounds import GROUNDS
from tests.aws.race import Race, run
from tests.aws.race_courses import DYNAMODB_FAULTS, S3_FAULTS
from tests.emulators.proxy import FaultProxy

pytestmark = pytest.mark.usefixtures("aws_environment")

SMALL = Race(processes=2, workers=4, events=2)


async def s3(moto: str) -> str:
    return f"s3://{await GROUNDS.bucket(moto)}/{uuid4().hex}"


async def test_race_on_s3_with_faults(moto: str, tmp_path: Path) -> None:
    """Conflicts, SlowDown, lost requests and lost answers cost time, and no event."""
    place = await s3(moto)
    async with FaultProxy(moto) as proxy:
        proxy.seed(3, 0.1, *S3_FAULTS)
        urls = [f"{place}?markers=1&endpoint={url}" for url in (proxy.url, moto)]

        found = await run(SMALL, urls[0], tmp_path, start_at=urls[1])

        assert proxy.faults
    assert found == []


async def test_race_on_dynamodb_with_faults(moto: str, tmp_path: Path) -> None:
    """Throttling, conflicts of transactions and lost answers cost time, and no event."""
    place = f"dynamodb://{await GROUNDS.table(moto)}/{uuid4().hex}"
    async with FaultProxy(moto) as proxy:
        proxy.seed(3, 0.1, *DYNAMODB_FAULTS)
        urls = [f"{place}?endpoint={url}" for url in (proxy.url, moto)]

        found = await run(SMALL, urls[0], tmp_path, start_at=urls[1])

        assert proxy.faults
    assert found == []


async def test_race_on_s3_with_leases(moto: str, dynalite: str, tmp_path: Path) -> None:
    """Leases from a table spare conflicts, and change nothing else."""
    url, table = f"{await s3(moto)}?endpoint={moto}", await GROUNDS.table(dynalite)

    assert await run(SMALL, url, tmp_path, lease=table, locks=dynalite) == []


async def test_a_store_without_conditions_is_found_out(moto: str, tmp_path: Path) -> None:
    """The check of these tests sees it when saves overwrite each other."""
    url = f"{await s3(moto)}?endpoint={moto}"

    found = await run(SMALL, url, tmp_path, sabotage=True)

    assert any(text.startswith("lost: ") for text in found)
