"""Containers in Azurite, for the tests of Blob storage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from azure.storage.blob.aio import ContainerClient

KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
ACCOUNT: Final = "devstoreaccount1"


def connection_string(url: str) -> str:
    """Give the connection string of Azurite, or of a proxy before it."""
    return f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url};"


async def make_container(url: str, name: str, *, api_version: str | None = None) -> None:
    """Create a container."""
    text = connection_string(url)
    async with ContainerClient.from_connection_string(
        text, name, api_version=api_version
    ) as client:
        await client.create_container()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something that nobody tells of is so; the test fails after half a minute."""
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - it is told by no event
            await asyncio.sleep(0.01)
