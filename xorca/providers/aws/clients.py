"""The SDK's clients, opened on first use, one for a service and event loop.

A set may be shared: ``S3Store("orders", clients=clients)``. Whoever made it closes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload
from weakref import WeakKeyDictionary

from xorca.errors import ConfigurationError, MissingExtra
from xorca.providers.aws.faults import asking

if TYPE_CHECKING:
    from aiobotocore.session import AioSession
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_events import EventBridgeClient
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_scheduler import EventBridgeSchedulerClient
    from types_aiobotocore_sns import SNSClient
    from types_aiobotocore_sqs import SQSClient


class AwsOptions(TypedDict, total=False):
    """Where AWS is and who asks; what is left out comes from the environment, as always.

    ``endpoint`` is the URL of another server that speaks the same protocol. ``session`` is
    an ``aiobotocore.session.AioSession`` to use in place of one made here.
    """

    region: str
    endpoint: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    profile: str
    session: AioSession


class AwsClients:
    """Clients for one set of options; they do not repeat requests by themselves.

    Raises:
        ConfigurationError: an option is not known, or half of a pair is missing.
    """

    def __init__(self, **options: Unpack[AwsOptions]) -> None:
        _check(options)
        self._options = options
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[Any]]]
        self._open = WeakKeyDictionary()

    @property
    def endpoint(self) -> str:
        """Where requests go, if not to AWS itself; may be empty."""
        return self._options.get("endpoint", "")

    @overload
    async def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    async def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    async def client(self, service: Literal["events"]) -> EventBridgeClient: ...
    @overload
    async def client(self, service: Literal["scheduler"]) -> EventBridgeSchedulerClient: ...
    @overload
    async def client(self, service: Literal["sns"]) -> SNSClient: ...
    @overload
    async def client(self, service: Literal["sqs"]) -> SQSClient: ...
    async def client(self, service: str) -> Any:  # each client has a type of its own
        """Give the client of a service; it is opened once.

        Raises:
            MissingExtra: the SDK is not installed.
            AwsRefused: there are no credentials, or no region; asked anew the next time.
            Unavailable: whoever gives the credentials did not answer.
        """
        found = await self._of_this_loop()
        task = found.get(service)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = found[service] = asyncio.ensure_future(self._begin(service))
            task.add_done_callback(_see)
        # Whoever is cancelled while it opens leaves it to the others.
        return task.result() if task.done() else await asyncio.shield(task)

    async def close(self) -> None:
        """Close the clients of the running loop; they open again on use."""
        await _close(self._open.pop(asyncio.get_running_loop(), {}))

    async def _of_this_loop(self) -> dict[str, asyncio.Task[Any]]:
        loop = asyncio.get_running_loop()
        if loop not in self._open:
            self._open[loop] = {}
            for other in [one for one in self._open if one.is_closed()]:
                await _close(self._open.pop(other, {}))
        return self._open[loop]

    async def _begin(self, service: str) -> Any:
        opening = await asyncio.to_thread(_load_sdk)
        async with asking(f"the service {service!r} of AWS"):
            return await opening(service, self._options)


def clients_of(clients: AwsClients | None, options: AwsOptions) -> tuple[AwsClients, bool]:
    """Give the clients of a room, and whether they are its own to close.

    Raises:
        ConfigurationError: there are clients, and options besides.
    """
    if clients is None:
        return AwsClients(**options), True
    if options:
        raise ConfigurationError(
            f"clients= were given, and {next(iter(options))}= besides; options belong to the"
            " clients: AwsClients(region=...)"
        )
    return clients, False


def _load_sdk() -> Any:
    """Import the SDK, which takes long enough to keep a loop from its work."""
    try:
        from xorca.providers.aws.opening import open_client
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] not in ("aiobotocore", "aiohttp", "botocore"):
            raise
        raise MissingExtra("using AWS", "aiobotocore", "aws") from exc
    return open_client


async def _close(tasks: Mapping[str, asyncio.Task[Any]]) -> None:
    for task in tasks.values():
        with suppress(Exception):  # one that never opened, or whose loop is over
            await (task.result() if task.done() else await task).close()


def _see(task: asyncio.Task[Any]) -> None:
    """Look at the result, for nobody else may be left to do so."""
    if not task.cancelled():
        task.exception()


def _check(options: Mapping[str, object]) -> None:
    unknown = sorted(options.keys() - AwsOptions.__annotations__.keys())
    if unknown:
        known = ", ".join(AwsOptions.__annotations__)
        raise ConfigurationError(f"{unknown[0]!r} is no option of AWS; known are {known}")
    if ("access_key_id" in options) != ("secret_access_key" in options):
        raise ConfigurationError(
            "access_key_id and secret_access_key belong together; give both, or neither and"
            " let the environment give them"
        )
    if "session_token" in options and "access_key_id" not in options:
        raise ConfigurationError("session_token needs access_key_id and secret_access_key")
