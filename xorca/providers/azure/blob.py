"""Records as blobs, one blob a process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, Unpack

from xorca.errors import ConfigurationError, Conflict
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.arguments import DEFAULT_LIMIT, check_body
from xorca.providers.azure.blob_asking import once, patiently
from xorca.providers.azure.blob_listing import Listing
from xorca.providers.azure.blob_location import read_url
from xorca.providers.azure.blob_names import Names
from xorca.providers.azure.blob_summaries import metadata_of
from xorca.providers.azure.clients import BlobOptions, Container
from xorca.providers.azure.faults import Gone, not_azure
from xorca.providers.azure.lease import BlobLease
from xorca.providers.azure.lease_fences import Fences
from xorca.providers.azure.lease_tables import RecordBlobs
from xorca.providers.closing import Closing
from xorca.providers.elsewhere import OnlyRecords

if TYPE_CHECKING:
    from xorca.providers.azure.blob_opening import Opened

_ETAG: Final = re.compile(r'"[\x21\x23-\x7e]+"')  # not the asterisk, which fits everything


class BlobStore(OnlyRecords, Closing):
    """A Store in a container of Azure Blob storage.

    A save is one request with a condition on the blob's ETag; what a listing shows of a
    process lies in the blob's metadata. ``lease`` gives leases on the very blobs: while one is
    held, the writes of that key carry it, and Azure refuses everybody else's. There is no
    channel and no alarm.

    Args:
        container: Its name; it must be there.
        prefix: What the names of all blobs begin with, so that several may share a container.
        limit: The largest body in bytes.
        options: Whose account it is, and who asks: see ``BlobOptions``.

    Raises:
        ConfigurationError: a name or an option cannot be right.
    """

    def __init__(
        self,
        container: str,
        *,
        prefix: str = "",
        limit: int = DEFAULT_LIMIT,
        **options: Unpack[BlobOptions],
    ) -> None:
        self.limit = limit
        self._names = Names(prefix)
        self._container = Container(container, **options)
        self._listing = Listing(self._container, self._names)
        self._fences = Fences()
        self.leases = RecordBlobs(self._container, self._names, self._fences)
        self.lease = BlobLease(self)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make the store of ``az://container/prefix`` or ``az://container?account=name``."""
        container, prefix, options = read_url(url)
        return cls(container, prefix=prefix, **options)

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        name = self._names.of(key)

        async def read(opened: Opened) -> Stored:
            stream = await opened.blob(name).download_blob()
            return Stored(await stream.readall(), stream.properties.etag)

        try:
            return await patiently(self._container, read, key=key)
        except Gone:
            return None

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag.

        Raises:
            LeaseLost: a lease is held on this key, and is not ours any more; nothing was saved.
        """
        name = self._names.of(key)
        check_body(key, body, limit=self.limit)

        async def write(opened: Opened) -> str:
            condition = self._condition(key, expect)
            saved = await opened.blob(name).upload_blob(
                bytes(body), overwrite=True, metadata=metadata_of(summary), **condition
            )
            if not saved.get("etag"):  # to take it for saved would lose the event
                raise not_azure(self._container.place)
            return str(saved["etag"])

        try:
            return await once(self._container, write, key=key)
        except Gone as exc:
            raise Conflict(f"{key!r} was deleted since this tag was read") from exc

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``."""
        return await self._listing.page(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        name = self._names.of(key)

        async def remove(opened: Opened) -> None:
            condition: dict[str, Any] = {**self._fences.carried(key)}
            if expect is not None:
                condition = self._condition(key, expect)
            await opened.blob(name).delete_blob(**condition)

        try:
            await once(self._container, remove, key=key)
        except Gone as exc:
            if expect is not None:
                raise Conflict(f"{key!r} was deleted since this tag was read") from exc

    async def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        await self._container.close()

    def __repr__(self) -> str:
        return f"<BlobStore in {self._container.place}, prefix {self._names.prefix!r}>"

    if not TYPE_CHECKING:  # so that a type checker still knows what is not here

        def __getattr__(self, name: str) -> NoReturn:
            if name in ("alarm", "channel"):
                raise NotInBlobs(
                    f"a blob store has no {name}: Blob storage tells nobody of changes; give the"
                    " Runtime a bus and an alarm of their own"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _condition(self, key: str, expect: str | None) -> dict[str, Any]:
        """Give the SDK's words, of several types, for the condition on a write."""
        from azure.core import MatchConditions

        if expect is None:  # a lease has no say: a blob that has one is there
            return {"match_condition": MatchConditions.IfMissing}
        if not _ETAG.fullmatch(expect):
            raise Conflict(f"{expect[:80]!r} is no tag that {key!r} ever had")
        found = {"etag": expect, "match_condition": MatchConditions.IfNotModified}
        return found | self._fences.carried(key)


class NotInBlobs(ConfigurationError, AttributeError):
    """A blob store does not have this."""
