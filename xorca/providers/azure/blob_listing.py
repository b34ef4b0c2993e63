"""Listing blobs in the order of their names, from any key on."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from xorca.ports import Listed, Page, Query
from xorca.providers.azure.blob_asking import patiently
from xorca.providers.azure.blob_summaries import listed

if TYPE_CHECKING:
    from xorca.providers.azure.blob_names import Names
    from xorca.providers.azure.blob_opening import Opened
    from xorca.providers.azure.clients import Container

_MOST: Final = 1000  # what a page of more would cost to read keeps a loop from its work
_MARKERS_KEPT: Final = 256


class Listing:
    """The listing of one container under one prefix.

    Azure goes on from a marker of its own, not from a name. So the marker of the page that a
    listing ended in is remembered; who goes on elsewhere, or in another process, has the
    names before passed over, 1000 a request.
    """

    def __init__(self, container: Container, names: Names) -> None:
        self._container, self._names = container, names
        self._markers: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def page(self, query: Query, *, after: str, limit: int) -> Page:
        """Give one page of keys that come after ``after``."""
        limit = max(1, limit)
        marker = self._markers.get((query.prefix, after))
        size = min(_MOST, limit if marker is not None or not after else _MOST)
        found: list[Listed] = []
        while True:
            blobs, following = await self._ask(query.prefix, marker, size)
            for place, blob in enumerate(blobs):
                one = self._listed(blob, query, after)
                if one is None:
                    continue
                found.append(one)
                if len(found) == limit:
                    is_last = place == len(blobs) - 1
                    if is_last and following is None:
                        return Page(tuple(found), None)
                    self._remember(query.prefix, one.key, following if is_last else marker)
                    return Page(tuple(found), one.key)
            if following is None:
                return Page(tuple(found), None)
            marker, size = following, min(_MOST, size * 2)

    def _listed(self, blob: Any, query: Query, after: str) -> Listed | None:
        key = self._names.key_of(blob.name)
        if key is None or key <= after:
            return None
        return listed(key, blob.metadata, query)

    def _remember(self, prefix: str, key: str, marker: str | None) -> None:
        if marker is None:  # it is the first page, which needs none
            return
        self._markers[prefix, key] = marker
        self._markers.move_to_end((prefix, key))
        if len(self._markers) > _MARKERS_KEPT:
            self._markers.popitem(last=False)

    async def _ask(
        self, prefix: str, marker: str | None, size: int
    ) -> tuple[list[Any], str | None]:
        """Give one page of the SDK's blobs, and the marker of the next, if there is one."""

        async def ask(opened: Opened) -> tuple[list[Any], str | None]:
            pages: Any = opened.container.list_blobs(
                name_starts_with=(self._names.prefix + prefix) or None,
                include=["metadata"],
                results_per_page=size,
            ).by_page(continuation_token=marker)
            async for page in pages:
                return [blob async for blob in page], pages.continuation_token or None
            return [], None

        return await patiently(self._container, ask)
