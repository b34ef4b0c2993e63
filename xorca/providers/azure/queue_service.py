"""The client of Azure's storage queues: opened on first use, one for each event loop."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from xorca.errors import ConfigurationError, MissingExtra
from xorca.providers.azure.identity import check_options, default_credential
from xorca.providers.azure.per_loop import PerLoop

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

VARIABLE = "AZURE_STORAGE_CONNECTION_STRING"
_NAME = re.compile(r"[a-z0-9](-?[a-z0-9])*")
_CONNECT, _READ = 5.0, 10.0


class QueueOptions(TypedDict, total=False):
    """How to reach a storage account.

    Either ``connection_string``, or ``account_url`` (``https://<account>.queue.core.windows.net``)
    with a ``credential``: a credential of azure-identity, an account key, or a SAS token.
    Without one, the managed identity or whoever is signed in: ``DefaultAzureCredential``.
    With neither, the variable AZURE_STORAGE_CONNECTION_STRING is read. ``api_version`` is for
    services that do not know the newest.
    """

    connection_string: str
    account_url: str
    credential: AsyncTokenCredential | str
    api_version: str


class QueueService:
    """Queues of one account by name. Nothing is retried here: see ``patience``."""

    def __init__(self, **options: Unpack[QueueOptions]) -> None:
        self._options = _checked(options)
        self._client = PerLoop(self._open)
        self._default = PerLoop(partial(default_credential, "account_url= without credential="))

    def client(self) -> QueueServiceClient:
        """Give the client of the account.

        Raises:
            MissingExtra, ConfigurationError: it cannot be made.
        """
        return self._client.get()

    def queue(self, name: str) -> QueueClient:
        """Give the client of one queue."""
        return self.client().get_queue_client(name)

    async def close(self) -> None:
        """Close the connections; what is used afterwards opens anew."""
        for closable in (self._client.take(), self._default.take()):
            if closable is not None:
                await closable.close()

    def _open(self) -> QueueServiceClient:
        try:
            from azure.storage.queue.aio import QueueServiceClient
        except ImportError:
            raise MissingExtra("A storage queue", "azure-storage-queue", "azure-queue") from None
        given = self._options
        # The SDK takes these as they come, hence Any.
        common: dict[str, Any] = {"retry_total": 0, "api_version": given.get("api_version")}
        common |= {"connection_timeout": _CONNECT, "read_timeout": _READ}
        try:
            text = given.get("connection_string")
            if text:
                return QueueServiceClient.from_connection_string(text, **common)
            credential = given.get("credential") or self._default.get()
            url = given.get("account_url", "")
            return QueueServiceClient(url, credential=credential, **common)
        except ValueError as exc:
            raise ConfigurationError(
                f"the storage account cannot be addressed: {exc}; copy the connection string from"
                " the account's access keys, or give account_url="
                "'https://<account>.queue.core.windows.net'"
            ) from None


def check_queue_name(name: str) -> str:
    """Refuse a name that no queue can have.

    Raises:
        ConfigurationError: as above.
    """
    if name and 3 <= len(name) <= 63 and _NAME.fullmatch(name):
        return name
    raise ConfigurationError(
        f"{name!r:.82} is no name of a queue: write 3 to 63 characters of a-z 0-9 and single"
        " hyphens, none of them first or last"
    )


def _checked(given: QueueOptions) -> QueueOptions:
    check_options(given, QueueOptions, of="a storage queue")
    options: QueueOptions = {**given}
    ways = [name for name in ("connection_string", "account_url") if given.get(name)]
    if len(ways) > 1:
        raise ConfigurationError(
            "give a storage queue connection_string= or account_url=, not both: they may name"
            " two accounts"
        )
    if not ways:
        options["connection_string"] = os.environ.get(VARIABLE, "").strip()
        if not options["connection_string"]:
            raise ConfigurationError(
                "a storage queue needs its account: give connection_string=, or account_url="
                f"'https://<account>.queue.core.windows.net' with a credential=, or set {VARIABLE}"
            )
    return options
