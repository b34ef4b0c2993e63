"""Records as objects of an S3 bucket, each saved with one conditional PUT."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Self, Unpack

from xorca.errors import Conflict
from xorca.ports import Listed, Page, Query, Stored, Summary
from xorca.providers.arguments import DEFAULT_LIMIT, check_body
from xorca.providers.aws.clients import AwsClients, AwsOptions, clients_of
from xorca.providers.aws.places import flag_of, place_of, prefix_of
from xorca.providers.aws.s3_marks import Marks
from xorca.providers.aws.s3_names import (
    LONGEST_PREFIX,
    MARKS,
    Version,
    check_bucket,
    check_record_key,
    is_key,
    version_of,
)
from xorca.providers.aws.s3_objects import Bucket
from xorca.providers.closing import Closing
from xorca.providers.elsewhere import OnlyRecords


class S3Store(OnlyRecords, Closing):
    """Store records in a bucket: one PUT an event, one GET more where nothing is cached.

    ::

        store = S3Store("orders", prefix="production", region="eu-central-1")

    A bucket lists names only, so that sweeps read every record of it. With ``markers`` an
    empty object tells of each record that a sweep may have to look at: one PUT more when a
    process starts, and two requests more when it comes to rest. All who write to a prefix
    must agree on that.

    Args:
        bucket: Its name, or the ARN of an access point. It must exist.
        prefix: Keeps what lies below it apart from everything else in the bucket.
        markers: Whether to keep markers.
        clients: Clients to share with other rooms; whoever made them closes them.
        options: Where AWS is and who asks, see AwsOptions.

    Raises:
        ConfigurationError: no bucket has such a name, or no key such a prefix.
    """

    limit = DEFAULT_LIMIT

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        markers: bool = False,
        clients: AwsClients | None = None,
        **options: Unpack[AwsOptions],
    ) -> None:
        check_bucket(bucket)
        self.bucket, self.prefix = bucket, prefix_of(prefix, most=LONGEST_PREFIX)
        self._clients, self._is_owner = clients_of(clients, options)
        root = f"{self.prefix}/" if self.prefix else ""
        self._objects = Bucket(bucket, root, self._clients)
        self._marks = Marks(self._objects) if markers else None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make the store of ``s3://bucket/prefix?region=...&endpoint=...&profile=...&markers=1``.

        Raises:
            ConfigurationError: the URL names no such place.
        """
        place = place_of(url, further=("markers",))
        markers = flag_of(place.further.get("markers", "0"), "markers")
        return cls(place.name, prefix=place.prefix, markers=markers, **place.options)

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        check_record_key(key)
        found = await self._objects.get(key)
        if self._marks is not None:
            await self._marks.settle(key, found[1].mark if found else "")
        return None if found is None else Stored(found[0], found[1].tag)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        check_record_key(key)
        check_body(key, body, limit=self.limit)
        before = None if expect is None else _version(key, expect)
        if self._marks is None:
            saved = await self._objects.put(key, bytes(body), expect=before, mark="")
        else:
            saved = await self._marks.save(key, bytes(body), expect=before, summary=summary)
        return saved.tag

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``; without summaries.

        With markers, what is asked for as pending or due is found by them; else only the
        prefix counts.
        """
        asks = query.pending is True or query.due_before is not None
        if self._marks is not None and asks:
            keys = self._marks.keys(query, after=after, most=limit + 1)
        else:
            keys = self._keys(query.prefix, after=after, most=limit + 1)
        return await _first_page(keys, limit=max(1, limit))

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        check_record_key(key)
        before = None if expect is None else _version(key, expect)
        await self._objects.delete(key, expect=before)
        if self._marks is not None and before is not None:
            await self._marks.drop(key, before.mark)

    async def close(self) -> None:
        """Close the clients that this store made; the next use opens them again."""
        if self._is_owner:
            await self._clients.close()

    async def _keys(self, prefix: str, *, after: str, most: int) -> AsyncGenerator[str]:
        async with aclosing(self._objects.names(prefix, after=after, most=most)) as objects:
            async for found in objects:
                if found.name.startswith(MARKS):
                    return  # these come after all records
                if is_key(found.name):
                    yield found.name


def _version(key: str, tag: str) -> Version:
    """Read a tag; what was never given is not sent, for a server may give it a meaning."""
    found = version_of(tag)
    if found is None:
        raise Conflict(f"{key} never had the tag {tag[:80]!r}")
    return found


async def _first_page(keys: AsyncGenerator[str], *, limit: int) -> Page:
    found: list[Listed] = []
    async with aclosing(keys):
        async for key in keys:
            if len(found) == limit:
                return Page(tuple(found), found[-1].key)
            found.append(Listed(key, None))
    return Page(tuple(found), None)
