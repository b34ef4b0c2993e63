"""Opening a container with the SDK. This module imports it; nothing imports this before use."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob.aio import BlobClient, ContainerClient

from xorca.errors import ConfigurationError
from xorca.providers.azure.clients import READ_SECONDS, needs_identity

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from xorca.providers.azure.clients import BlobOptions

CONNECT_SECONDS: Final = 2.0
_BLOBS_KEPT: Final = 512


class OnceTransport(AioHttpTransport):  # type: ignore[misc] # the SDK gives it untyped
    """Send every request once: aiohttp repeats a PUT on a connection that was closed.

    A conditional write that is repeated may meet its own effect, and be told of a conflict.
    """

    async def open(self) -> None:
        """Open the session, if it is not open yet."""
        untyped: Any = super()
        await untyped.open()
        session: Any = self.session
        session._retry_connection = False  # there is no option for it


class Opened:
    """The clients of one container, with what must be closed after them."""

    def __init__(self, container: ContainerClient, *, timeout: float, owned: list[Any]) -> None:
        self.container, self.timeout = container, timeout
        self._owned = owned
        self._blob = lru_cache(maxsize=_BLOBS_KEPT)(container.get_blob_client)

    def blob(self, name: str) -> BlobClient:
        """Give the client of one blob; making one costs more than keeping it."""
        return self._blob(name)

    async def close(self) -> None:
        """Close what was made here."""
        for each in self._owned:
            await each.close()


def open_container(name: str, options: BlobOptions) -> Opened:
    """Make the client of a container; nothing is sent yet.

    Raises:
        ConfigurationError: the SDK does not take the options.
    """
    seconds = options.get("timeout", READ_SECONDS)
    if "client" in options:
        return Opened(options["client"], timeout=2 * seconds, owned=[])
    credential, owned = _credential(options)
    common = _common(options, seconds)
    try:
        if "connection_string" in options:
            made = ContainerClient.from_connection_string(
                options["connection_string"], name, **common
            )
        else:
            url = options.get("account_url", "")
            made = ContainerClient(url, name, credential=credential, **common)
    except (TypeError, ValueError) as exc:
        raise ConfigurationError(
            f"the container {name!r} cannot be addressed: {exc}; look at the account, the"
            " connection string and the credential"
        ) from exc
    return Opened(made, timeout=2 * seconds, owned=[made, *owned])


def _common(options: BlobOptions, seconds: float) -> dict[str, Any]:
    """Give what the SDK takes by keyword, of many types; hence Any."""
    times = {"connection_timeout": min(CONNECT_SECONDS, seconds), "read_timeout": seconds}
    version = {"api_version": options["api_version"]} if "api_version" in options else {}
    return {"retry_total": 0, "transport": OnceTransport(**times), **times, **version}


def _credential(options: BlobOptions) -> tuple[Any, list[AsyncTokenCredential]]:
    """Give who asks, and what of that is ours to close; SDK and user give many types."""
    if not needs_identity(options):
        return options.get("credential"), []
    from azure.identity.aio import DefaultAzureCredential

    made = DefaultAzureCredential()
    return made, [made]
