"""What a deployment forgot to set is one sentence when the room is made, not a mystery later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xorca.errors import ConfigurationError
from xorca.providers.azure import (
    BlobLease,
    BlobStore,
    EventGridBus,
    ServiceBusAlarm,
    ServiceBusBus,
    StorageQueueAlarm,
    StorageQueueBus,
    StorageQueueChannel,
)

UNSET: Any = None  # what os.environ.get() gives
TEXT = "AccountName=shop;AccountKey=c2VjcmV0"
STORAGE = (BlobStore, BlobLease, StorageQueueBus, StorageQueueAlarm, StorageQueueChannel)
SERVICE_BUS = (ServiceBusBus, ServiceBusAlarm)


@pytest.mark.parametrize("kind", [*STORAGE, *SERVICE_BUS])
@pytest.mark.parametrize("option", ["connection_string", "credential"])
def test_unset_option_is_none_at_all(
    kind: Callable[..., object], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option that is None was not given, and what is needed in its place is said."""
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)

    with pytest.raises(ConfigurationError, match="connection_string="):
        kind("orders", **{option: UNSET})


@pytest.mark.parametrize("kind", [BlobStore, StorageQueueBus, ServiceBusBus])
def test_unset_name_is_refused(kind: Callable[..., object]) -> None:
    """A name that is None is no name."""
    with pytest.raises(ConfigurationError, match="None is no name of a"):
        kind(UNSET, connection_string=TEXT)


def test_unset_endpoint_is_refused() -> None:
    """An endpoint that is None is no endpoint."""
    with pytest.raises(ConfigurationError, match="is no endpoint of Event Grid"):
        EventGridBus(UNSET)


@pytest.mark.parametrize("kind", [*STORAGE, *SERVICE_BUS])
def test_misspelt_option_is_refused(kind: Callable[..., object]) -> None:
    """A credential under a wrong name is not left out: somebody else would ask in its place."""
    with pytest.raises(ConfigurationError, match=r"'credentials' is no option of .*credential"):
        kind("orders", connection_string=TEXT, credentials=object())
