"""From an az: URL to a container, a prefix and an account."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from xorca.errors import ConfigurationError
from xorca.providers.azure.clients import BlobOptions

_EXAMPLE: Final = "write 'az://container/prefix', or 'az://container/prefix?account=name'"


def read_url(url: str) -> tuple[str, str, BlobOptions]:
    """Give container, prefix and options; without an account the environment names it.

    Raises:
        ConfigurationError: the URL names no container, or has parts that are not known.
    """
    shown = url.partition("?")[0][:100]
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise ConfigurationError(f"{shown!r} cannot be read: {exc}; {_EXAMPLE}") from exc
    if parts.scheme != "az" or not parts.netloc:
        raise ConfigurationError(f"{shown!r} names no container; {_EXAMPLE}")
    if parts.fragment or "%" in parts.path or "@" in parts.netloc:
        raise ConfigurationError(
            f"{shown!r} has an '@', a '%' or a '#', which are in no name and would be secrets"
            f" elsewhere; {_EXAMPLE}"
        )
    return parts.netloc, parts.path.strip("/"), _options(shown, parts.query)


def _options(shown: str, query: str) -> BlobOptions:
    pairs = parse_qsl(query, keep_blank_values=True)
    unknown = [name for name, _ in pairs if name not in ("account", "api_version")]
    if unknown or len(dict(pairs)) < len(pairs):
        wrong = unknown[0] if unknown else "one twice"
        raise ConfigurationError(
            f"{shown!r} takes the options account and api_version, not {wrong[:40]!r}; what is"
            " secret belongs into AZURE_STORAGE_CONNECTION_STRING"
        )
    options, given = BlobOptions(), dict(pairs)
    if "account" in given:
        options["account_url"] = _account_url(given["account"])
    if "api_version" in given:
        options["api_version"] = given["api_version"]
    return options


def _account_url(account: str) -> str:
    """Give the URL of an account: of its name, or of its host in another cloud."""
    if account.startswith(("https://", "http://")):
        return account
    if "." in account:
        return f"https://{account}"
    if (
        3 <= len(account) <= 24
        and account.isascii()
        and account.isalnum()
        and account == account.lower()
    ):
        return f"https://{account}.blob.core.windows.net"
    raise ConfigurationError(
        f"{account[:80]!r} is no name of a storage account: those have 3 to 24 characters of a-z"
        " 0-9"
    )
