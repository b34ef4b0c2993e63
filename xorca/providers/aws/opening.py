"""Opening a client of the SDK. This module imports it; nothing imports this before it is used."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore.exceptions import NoRegionError
from botocore.loaders import JSONFileLoader, Loader

from xorca.providers.aws import waits
from xorca.providers.aws.faults import no_credentials

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsOptions

CONNECTIONS: Final = 64


class OnceSession(AIOHTTPSession):
    """Send every request once: aiohttp repeats a PUT on a connection that was reset.

    A conditional write that is repeated may meet its own effect, and be told of a conflict.
    """

    async def _get_session(self, proxy_url: Any) -> Any:
        untyped: Any = super()  # the stubs leave this method out
        session = await untyped._get_session(proxy_url)
        session._retry_connection = False
        return session


async def open_client(service: str, options: AwsOptions) -> Any:
    """Open a client; the models of the service are read in a thread.

    Raises:
        AwsRefused: no credentials were found.
        BotoCoreError: there is no region, no such profile, and so on.
    """
    session: Any = options.get("session") or _new_session(options.get("profile"))
    await asyncio.to_thread(_warm_up, session.get_component("data_loader"), service)
    if "access_key_id" not in options and await session.get_credentials() is None:
        raise no_credentials()
    context = session.create_client(
        service,
        region_name=_region(session, options),
        endpoint_url=options.get("endpoint"),
        aws_access_key_id=options.get("access_key_id"),
        aws_secret_access_key=options.get("secret_access_key"),
        aws_session_token=options.get("session_token"),
        config=_config(options),
    )
    client = await context.__aenter__()
    client.meta.events.register_last("before-call.s3", _ask_no_leave)
    return client


def _ask_no_leave(params: Any, **_: Any) -> None:
    """Send a body at once: waiting for ``100 Continue`` is a way there and back more."""
    params["headers"].pop("Expect", None)


def _region(session: Any, options: AwsOptions) -> str:
    region: str | None = options.get("region") or session.get_config_variable("region")
    if not region:
        raise NoRegionError
    return region


def _config(options: AwsOptions) -> AioConfig:
    styles = {"addressing_style": "path"} if options.get("endpoint") else {}
    return AioConfig(
        http_session_cls=OnceSession,
        connect_timeout=waits.CONNECT,
        read_timeout=waits.READ,
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3=styles,
        # A record carries a checksum of its own, and other makers' servers know no trailers.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="xorca",
    )


@lru_cache(maxsize=1)
def _loader() -> Loader:
    """Give the one reader of models, which remembers what it read."""
    return Loader(file_loader=_FastFiles())


class _FastFiles(JSONFileLoader):
    """Reads descriptions of services in half the time: they are a good part of a cold start."""

    def _load_file(self, full_path: str, open_method: Any) -> Any:
        if not Path(full_path).is_file():
            return None
        with open_method(full_path, "rb") as file:
            return msgspec.json.decode(file.read())


def _new_session(profile: str | None) -> AioSession:
    session = AioSession(profile=profile)
    session.register_component("data_loader", _loader())
    return session


def _warm_up(loader: Any, service: str) -> None:
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data_with_path(name)
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model(service, kind)
