"""Who we are where nobody said so: the managed identity, or whoever is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xorca.errors import MissingExtra

if TYPE_CHECKING:
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
