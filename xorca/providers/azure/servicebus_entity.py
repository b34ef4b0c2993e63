"""A queue or topic of Service Bus: its sender, opened on first use and after every failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, Unpack

from xorca.errors import ConfigurationError, MissingExtra, XorcaError
from xorca.providers.azure.identity import check_options, default_credential
from xorca.providers.azure.patience import NotTaken
from xorca.providers.azure.per_loop import PerLoop
from xorca.providers.azure.servicebus_faults import translated

if TYPE_CHECKING:
    from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

_T = TypeVar("_T")
_SECONDS: Final = 15.0
_GOODBYE: Final = 2.0


class ServiceBusOptions(TypedDict, total=False):
    """How to reach a namespace.

    Either ``connection_string``, or ``namespace`` (``<name>.servicebus.windows.net``) with a
    ``credential``. Without one, the managed identity or whoever is signed in.
    """

    connection_string: str
    namespace: str
    credential: AsyncTokenCredential | AzureNamedKeyCredential | AzureSasCredential


class _Opened:
    """What belongs to one event loop. The SDK's sender is for one task at a time."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.sender: ServiceBusSender | None = None
        self.others: list[Any] = []  # a client, a credential: what has to be closed


class ServiceBusEntity:
    """Where messages go. The SDK retries nothing: see ``patience``."""

    def __init__(self, entity: str, **options: Unpack[ServiceBusOptions]) -> None:
        _check(entity, options)
        self.shown = f"{entity!r} of Service Bus"
        self._entity, self._options = entity, options
        self._opened = PerLoop(_Opened)

    async def use(self, work: Callable[[ServiceBusSender], Awaitable[_T]]) -> _T:
        """Do something with the sender; after a failure the next use opens a new one.

        Raises:
            NotTaken, TryLater: it failed.
            MissingExtra, ConfigurationError: it cannot be opened.
        """
        opened = self._opened.get()
        async with opened.lock:
            sender = opened.sender or self._open(opened)
            try:
                async with asyncio.timeout(_SECONDS):
                    return await work(sender)
            except Exception as exc:
                meaning = translated(exc, self.shown)
                if not isinstance(meaning, NotTaken | XorcaError):
                    await _shut(opened)  # what became of the link is not known
                raise meaning from exc
            except BaseException:
                await _shut(opened)
                raise

    async def close(self) -> None:
        """Close the connection; what is used afterwards opens anew."""
        opened = self._opened.take()
        if opened is not None:
            async with opened.lock:
                await _shut(opened)

    def _open(self, opened: _Opened) -> ServiceBusSender:
        try:
            from azure.servicebus.aio import ServiceBusClient
        except ImportError:
            raise MissingExtra("Service Bus", "azure-servicebus", "azure-servicebus") from None
        try:
            client = self._client(ServiceBusClient, opened)
            opened.others.append(client)
            opened.sender = client.get_queue_sender(self._entity)  # a topic's is the same
        except ValueError as exc:
            raise ConfigurationError(
                f"{self.shown} cannot be addressed: {exc}; copy the connection string of the"
                " namespace, or give namespace='<name>.servicebus.windows.net'"
            ) from None
        return opened.sender

    def _client(self, kind: type[ServiceBusClient], opened: _Opened) -> ServiceBusClient:
        text = self._options.get("connection_string")
        if text:
            return kind.from_connection_string(text, retry_total=0)
        credential = self._options.get("credential")
        if credential is None:
            credential = default_credential("namespace= without credential=")
            opened.others.append(credential)
        return kind(self._options.get("namespace", ""), credential, retry_total=0)


async def _shut(opened: _Opened) -> None:
    """Close what is open, the client before its credential; a dead peer is not waited for."""
    closing = [opened.sender, *reversed(opened.others)]
    opened.sender, opened.others = None, []
    for each in closing:
        if each is not None:
            with suppress(Exception):
                async with asyncio.timeout(_GOODBYE):
                    await each.close()


def _check(entity: str, options: ServiceBusOptions) -> None:
    if not entity or len(entity) > 260:
        raise ConfigurationError(f"{entity!r:.82} is no name of a queue or topic of Service Bus")
    check_options(options, ServiceBusOptions, of="Service Bus")
    if len([name for name in ("connection_string", "namespace") if options.get(name)]) != 1:
        raise ConfigurationError(
            "Service Bus needs connection_string=, or namespace='<name>.servicebus.windows.net'"
            " with a credential=; give one of the two"
        )
