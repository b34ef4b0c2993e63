"""One container of blobs: whose account, who asks, and the SDK's client, opened on first use."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, TypedDict, Unpack, cast
from urllib.parse import urlsplit

from xorca.errors import ConfigurationError, MissingExtra
from xorca.providers.azure.faults import Place
from xorca.providers.azure.identity import check_options
from xorca.providers.azure.per_loop import PerLoop

if TYPE_CHECKING:
    from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.blob.aio import ContainerClient

    from xorca.providers.azure.blob_opening import Opened

VARIABLE: Final = "AZURE_STORAGE_CONNECTION_STRING"
READ_SECONDS: Final = 5.0
_CONTAINER: Final = re.compile(r"[a-z0-9](-?[a-z0-9])*")
_WAYS: Final = (
    "give connection_string=, or account_url='https://<account>.blob.core.windows.net' with an"
    f" identity, or set {VARIABLE}"
)


class BlobOptions(TypedDict, total=False):
    """Whose account it is, and who asks.

    ``connection_string``, or ``account_url`` (``https://<account>.blob.core.windows.net``)
    with a ``credential``: one of azure-identity's asynchronous ones, an account key, or a SAS
    token. Without a credential the managed identity asks, or whoever is signed in
    (``DefaultAzureCredential``, the extra ``azure-identity``). ``client`` is a
    ``azure.storage.blob.aio.ContainerClient`` to use in place of one made here; it is not
    closed. With nothing of these, the variable AZURE_STORAGE_CONNECTION_STRING is read.

    ``api_version`` is for servers that do not know the newest version of the protocol.
    ``timeout`` is how long an answer may take, in seconds (5).
    """

    connection_string: str
    account_url: str
    credential: AsyncTokenCredential | AzureNamedKeyCredential | AzureSasCredential | str
    client: ContainerClient
    api_version: str
    timeout: float


class Container:
    """A container, connected once for each event loop.

    Raises:
        ConfigurationError: the name or the options cannot be right.
    """

    def __init__(self, name: str, **options: Unpack[BlobOptions]) -> None:
        self.name = check_container(name)
        self._options = _checked(options)
        self.place = Place(name, _account(self._options))
        self._opened = PerLoop(self._open)
        self._is_loaded = False

    async def opened(self) -> Opened:
        """Give the clients of the running loop; they send every request once.

        Raises:
            MissingExtra: the SDK is not installed.
            ConfigurationError: it does not take the options.
        """
        if not self._is_loaded:
            # It takes long enough to keep a loop from its work.
            await asyncio.to_thread(_load, for_identity=needs_identity(self._options))
            self._is_loaded = True
        return self._opened.get()

    async def close(self) -> None:
        """Close the connections of the running loop; the next use opens new ones."""
        opened = self._opened.take()
        if opened is not None:
            await opened.close()

    def _open(self) -> Opened:
        from xorca.providers.azure.blob_opening import open_container

        return open_container(self.name, self._options)


def needs_identity(options: BlobOptions) -> bool:
    """Whether nobody said who asks, so that it is the identity of the app."""
    if options.get("credential") is not None or "account_url" not in options:
        return False
    return "sig=" not in options["account_url"]  # a SAS token may stand in the URL


def _load(*, for_identity: bool) -> None:
    """Import the SDK."""
    try:
        import_module("xorca.providers.azure.blob_opening")
    except ImportError as exc:
        _raise_missing(exc, MissingExtra("Blob storage", "azure-storage-blob", "azure"))
    if not for_identity:
        return
    try:
        import_module("azure.identity.aio")
    except ImportError as exc:
        what = "a storage account without connection string and credential="
        _raise_missing(exc, MissingExtra(what, "azure-identity", "azure-identity"))


def _raise_missing(exc: ImportError, missing: MissingExtra) -> NoReturn:
    """Say which extra is missing, unless it is something of ours that cannot be imported."""
    if (exc.name or "azure").partition(".")[0] in ("azure", "aiohttp"):
        raise missing from exc
    raise exc


def check_container(name: str) -> str:
    """Refuse a name that no container can have.

    Raises:
        ConfigurationError: as above.
    """
    if name and 3 <= len(name) <= 63 and _CONTAINER.fullmatch(name):
        return name
    raise ConfigurationError(
        f"{name!r:.82} is no name of a container: write 3 to 63 characters of a-z 0-9 and single"
        " hyphens, none of them first or last"
    )


def _checked(given: BlobOptions) -> BlobOptions:
    check_options(given, BlobOptions, of="Blob storage")
    # What is None was not given: it may be a variable of the environment that is not set.
    options = cast("BlobOptions", {name: each for name, each in given.items() if each is not None})
    ways = [name for name in ("connection_string", "account_url", "client") if name in options]
    if len(ways) > 1:
        raise ConfigurationError(
            f"give {ways[0]}= or {ways[1]}=, not both: they may name two accounts"
        )
    if "credential" in options and "account_url" not in options:
        raise ConfigurationError("credential= belongs to account_url=, which is missing")
    if not ways:
        options["connection_string"] = os.environ.get(VARIABLE, "").strip()
        if not options["connection_string"]:
            raise ConfigurationError(f"nobody said which storage account is meant; {_WAYS}")
    seconds = options.get("timeout", READ_SECONDS)
    if not seconds > 0:
        raise ConfigurationError(f"timeout= is in seconds and above 0, not {seconds!r}")
    return options


def _account(options: BlobOptions) -> str:
    """Give where the account is, without any secret; the forms of both ways are checked."""
    if "client" in options:
        return _client_host(options["client"])
    if "connection_string" in options:
        return _host_of_text(options["connection_string"])
    parts = urlsplit(options.get("account_url", ""))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"{_without_query(options.get('account_url', ''))!r} is no URL of a storage account;"
            " write https://<account>.blob.core.windows.net"
        )
    return parts.netloc.rpartition("@")[2]


def _client_host(client: object) -> str:
    import inspect

    if not inspect.iscoroutinefunction(inspect.unwrap(getattr(client, "exists", _nothing))):
        raise ConfigurationError(
            "client= takes a ContainerClient of azure.storage.blob.aio, not"
            f" {type(client).__module__}.{type(client).__qualname__}"
        )
    return urlsplit(str(getattr(client, "url", ""))).netloc


def _nothing() -> None:
    return None


def _host_of_text(text: str) -> str:
    """Give the host that a connection string names; its parts are never told, for they are secret.

    Raises:
        ConfigurationError: it is none.
    """
    pairs = [part.partition("=") for part in text.strip().strip(";").split(";")]
    found = {name.strip().lower(): value for name, _, value in pairs}
    if found.get("usedevelopmentstorage", "").lower() == "true":
        return "127.0.0.1:10000"
    broken = _wrong_with(found, all(mark for _, mark, _ in pairs))
    if broken:
        raise ConfigurationError(
            f"this is no connection string of a storage account: {broken}. Copy it whole, from"
            " 'Access keys' of the account"
        )
    endpoint = found.get("blobendpoint", "")
    suffix = found.get("endpointsuffix", "core.windows.net")
    return urlsplit(endpoint).netloc or f"{found['accountname']}.blob.{suffix}"


def _wrong_with(found: Mapping[str, str], is_complete: bool) -> str:
    if not is_complete:
        return "its parts are not all of the form Name=value"
    if "accountname" not in found and "blobendpoint" not in found:
        return "it has no AccountName and no BlobEndpoint"
    if "accountkey" in found:
        return _wrong_with_key(found["accountkey"])
    if "sharedaccesssignature" not in found:
        return "it has no AccountKey and no SharedAccessSignature"
    return ""


def _wrong_with_key(key: str) -> str:
    from base64 import b64decode
    from binascii import Error

    try:
        return "" if b64decode(key, validate=True) else "its AccountKey is empty"
    except Error:
        return "its AccountKey is cut short or changed"


def _without_query(url: str) -> str:
    return url.partition("?")[0][:100]
