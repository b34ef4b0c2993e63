"""Who asks: the options that say so, and who it is where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xorca.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.credentials_async import AsyncTokenCredential


def default_credential(what: str) -> AsyncTokenCredential:
    """Give the default credential; ``what`` is used without one, as the error says.

    Raises:
        MissingExtra: azure-identity is not installed.
    """
    try:
        from azure.identity.aio import DefaultAzureCredential
    except ImportError:
        raise MissingExtra(what, "azure-identity", "azure-identity") from None
    return DefaultAzureCredential()


def check_options(given: Mapping[str, object], known: type, *, of: str) -> None:
    """Refuse what is no option: a credential whose name is misspelt would not be asked.

    Raises:
        ConfigurationError: as above; ``known`` is the TypedDict of those that there are.
    """
    unknown = sorted(given.keys() - known.__annotations__.keys())
    if unknown:
        names = ", ".join(known.__annotations__)
        raise ConfigurationError(f"{unknown[0]!r} is no option of {of}; known are {names}")
