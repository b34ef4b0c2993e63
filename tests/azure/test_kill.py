"""Workers whose state lies in Blob storage are killed at random, and keep the promise."""

from __future__ import annotations

from tests.azure.blobs import connection_string, make_container
from tests.stress.hammering import assert_promise_held, run_hammer


async def test_nothing_is_lost_in_blobs_when_workers_are_killed(
    azurite: dict[str, str], fresh_name: str
) -> None:
    """Six kills among three workers: every event is applied once, and all of it is sent."""
    await make_container(azurite["blob"], fresh_name)
    told = {"AZURE_STORAGE_CONNECTION_STRING": connection_string(azurite["blob"])}

    done = run_hammer(
        *("--kills", "6", "--seed", "5", "--patience", "60"),
        *("--store", f"az://{fresh_name}/kill"),
        environment=told,
    )

    assert_promise_held(done)
