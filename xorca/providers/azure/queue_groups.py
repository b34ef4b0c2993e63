"""Who wants which events: groups with a queue each, and their patterns as its metadata."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from xorca.errors import ConfigurationError
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.queue_faults import insisted
from xorca.providers.patterns import Routes

if TYPE_CHECKING:
    from azure.storage.queue import QueueProperties
    from azure.storage.queue.aio import QueueClient

    from xorca.providers.azure.queue_service import QueueService

_T = TypeVar("_T")
FRESH: Final = 5.0
"""How long the groups that were read are taken for the groups that are, in seconds."""

_GROUP, _PATTERNS = "xorcagroup", "xorcapatterns"
_MOST_METADATA: Final = 6_000


class QueueGroups:
    """The groups of one channel, read from the account and kept for a few seconds."""

    def __init__(self, service: QueueService, prefix: str, patience: Patience) -> None:
        self._service, self._prefix, self._patience = service, prefix, patience
        self._routes = Routes(())
        self._read_at = float("-inf")
        self._mine: dict[str, set[str]] = {}

    def queue_of(self, group: str) -> str:
        """Give the name of a group's queue; a group may have any name."""
        return f"{self._prefix}-g-{sha256(group.encode()).hexdigest()[:20]}"

    async def wanting(self, name: str) -> tuple[str, ...]:
        """Give the groups that want events of a name; looked up anew where nobody seems to."""
        routes = await self.routes()
        return tuple(routes.groups(name)) or tuple((await self.routes(fresh=True)).groups(name))

    async def routes(self, *, fresh: bool = False) -> Routes:
        """Give what every group wants."""
        if fresh or monotonic() - self._read_at > FRESH:
            await self._read()
        return self._routes

    async def add(self, group: str, patterns: Sequence[str]) -> None:
        """Make the queue of a group, if it is not there, and add to what it wants.

        Raises:
            ConfigurationError: it wants more than the metadata of a queue can hold.
        """
        self._mine.setdefault(group, set()).update(patterns)
        await self.create(self.queue_of(group))
        await self._write(group)
        await self._read()

    async def remove(self, group: str) -> None:
        """Delete the queue of a group, and forget what it wants."""
        self._mine.pop(group, None)
        await self._ask(self._service.queue(self.queue_of(group)).delete_queue)
        await self._read()

    async def create(self, name: str) -> None:
        """Make a queue, unless it is there."""
        from azure.core.exceptions import ResourceExistsError

        async def once() -> None:
            try:
                await self._service.queue(name).create_queue()
            except ResourceExistsError as exc:
                if "QueueBeingDeleted" in str(getattr(exc, "error_code", "")):
                    raise

        await self._ask(once)

    async def _read(self) -> None:
        found = await self._ask(self._list)
        self._read_at = monotonic()
        pairs = [(group, pattern) for group, patterns in found for pattern in patterns]
        self._routes = Routes(pairs)
        for group, wanted in self._mine.items():
            if not wanted <= {pattern for name, pattern in pairs if name == group}:
                # Somebody else wrote at the same time, and ours was lost.
                await self._write(group)

    async def _list(self) -> list[tuple[str, list[str]]]:
        client: Any = self._service.client()  # what it lists has no types
        queues: AsyncIterable[QueueProperties] = client.list_queues(
            name_starts_with=f"{self._prefix}-g-", include_metadata=True
        )
        return [_told(queue.metadata or {}) async for queue in queues]

    async def _write(self, group: str) -> None:
        queue = self._service.queue(self.queue_of(group))
        properties = await self._ask(queue.get_queue_properties)
        _, there = _told(properties.metadata or {})
        wanted = sorted({*there, *self._mine[group]})
        metadata = {_GROUP: _packed(group), _PATTERNS: _packed(wanted)}
        if sum(map(len, metadata.values())) > _MOST_METADATA:
            raise ConfigurationError(
                f"the group {group!r} wants {len(wanted)} names, more than a queue can note: write"
                " patterns such as 'evt.books.*'"
            )
        await self._ask(lambda: _set(queue, metadata))

    async def _ask(self, request: Callable[[], Awaitable[_T]]) -> _T:
        return await insisted(self._patience, f"the channel {self._prefix!r}", request)


async def _set(queue: QueueClient, metadata: dict[str, str]) -> None:
    await queue.set_queue_metadata(metadata)


def _packed(value: object) -> str:
    """Give a value as text that fits into a header."""
    return b64encode(json.dumps(value).encode()).decode()


def _told(metadata: dict[str, str]) -> tuple[str, list[str]]:
    """Read what a queue notes of its group; a queue that is not ours wants nothing."""
    try:
        lower = {name.lower(): value for name, value in metadata.items()}
        group = json.loads(b64decode(lower[_GROUP]))
        return str(group), [str(each) for each in json.loads(b64decode(lower[_PATTERNS]))]
    except (LookupError, ValueError, TypeError):
        return "", []
