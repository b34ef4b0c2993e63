"""From a URL to a room."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from xorca.errors import ConfigurationError
from xorca.ports import Alarm, Lease, Store
from xorca.providers.closing import OpenRoom

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from xorca.providers.channel import Channel

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_GROUP = "xorca.stores"


class StoreRoom(Store, OpenRoom, Protocol):
    """A Store that can be closed, and used in ``async with``."""


class OpenedStore(StoreRoom, Protocol):
    """A store that was opened by its URL, and what is kept in the same place.

    Where there is no channel, alarm or lease, asking for it raises a ConfigurationError that
    is an AttributeError too, and says where to get one. ``memory:`` and ``sqlite:`` have all.
    """

    @property
    def channel(self) -> Channel:
        """A Bus that remembers what nobody has taken yet."""
        ...

    @property
    def alarm(self) -> Alarm:
        """What delivers deadlines into the channel."""
        ...

    @property
    def lease(self) -> Lease:
        """Leases on processes."""
        ...


def open_store(url: str) -> OpenedStore:
    """Open the store that a URL names; it connects on first use.

    ``memory:`` keeps everything in this process, ``sqlite:///./state.db`` in one file
    (three slashes: a relative path, four: an absolute one), ``file:///var/lib/state`` in a
    directory (``file:./state`` for a relative one), ``s3://bucket/prefix``,
    ``dynamodb://table/prefix`` and ``az://container/prefix`` in a cloud. Other packages add
    schemes by the entry-point group ``xorca.stores``: name = scheme, value = a callable that
    takes the URL and gives a Store.

    Raises:
        ConfigurationError: the URL names no store that is known here.
    """
    found = _SCHEME.match(url)
    scheme = found.group(1) if found else ""
    build = _OURS.get(scheme)
    if build is not None:
        return cast("OpenedStore", build(url))  # what it lacks is said when it is asked for
    stranger = _strangers().get(scheme)
    if stranger is not None:
        return cast("OpenedStore", _build_stranger(stranger, url))
    raise ConfigurationError(_refusal(url, scheme))


def _memory(url: str) -> StoreRoom:
    from xorca.providers.memory import MemoryStore

    if url not in ("memory:", "memory://"):
        raise ConfigurationError(f"{url!r}: a memory store has no place; write 'memory:'")
    return MemoryStore()


def _sqlite(url: str) -> StoreRoom:
    from xorca.providers.local import SqliteStore

    return SqliteStore.from_url(url)


def _file(url: str) -> StoreRoom:
    from xorca.providers.local.files import FileStore

    return FileStore.from_url(url)


def _az(url: str) -> StoreRoom:
    from xorca.providers.azure import BlobStore

    return BlobStore.from_url(url)


def _s3(url: str) -> StoreRoom:
    from xorca.providers.aws.s3 import S3Store

    return S3Store.from_url(url)


def _dynamodb(url: str) -> StoreRoom:
    from xorca.providers.aws.dynamodb import DynamoDBStore

    return DynamoDBStore.from_url(url)


_OURS: dict[str, Callable[[str], StoreRoom]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "file": _file,
    "s3": _s3,
    "dynamodb": _dynamodb,
    "az": _az,
}


def _strangers() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=_GROUP)}


def _build_stranger(point: EntryPoint, url: str) -> StoreRoom:
    try:
        build: Callable[[str], StoreRoom] = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"the package that offers {point.name!r} stores ({point.value}) cannot be "
            f"loaded: {error}; install it anew or remove it"
        ) from error
    return build(url)


def _refusal(url: str, scheme: str) -> str:
    known = ", ".join(f"'{name}:'" for name in [*_OURS, *sorted(_strangers())])
    examples = "such as 'memory:' or 'sqlite:///./state.db'"
    if not scheme:
        return f"{url[:100]!r} is no store URL; write one {examples} (known are {known})"
    return f"{url[:100]!r}: nobody here offers {scheme!r} stores; known are {known}, {examples}"
