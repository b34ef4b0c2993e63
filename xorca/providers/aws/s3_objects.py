"""The requests of a store to its bucket, each of them once, with what its answers mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from xorca.errors import Conflict
from xorca.providers.aws.clients import AwsClients
from xorca.providers.aws.faults import AwsRefused, code_of, not_aws
from xorca.providers.aws.retrying import once, patiently
from xorca.providers.aws.s3_names import Version, is_mark

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import ListObjectsV2OutputTypeDef

T = TypeVar("T")

_META: Final = "xorca-mark"
_LOST: Final = frozenset(
    (
        *("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "404"),
        *("ConditionNotMet",),
    )
)


@dataclass(frozen=True, slots=True)
class Named:
    """An object of a listing: its name below the prefix that was asked for."""

    name: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and the prefix of everything in it that is ours."""

    name: str
    prefix: str
    clients: AwsClients

    @property
    def shown(self) -> str:
        """How errors name it."""
        return f"the bucket {self.name!r}"

    async def get(self, key: str) -> tuple[bytes, Version] | None:
        """Read an object and what marks it; None if there is none."""
        s3 = await self.clients.client("s3")

        async def ask() -> tuple[bytes, Version] | None:
            try:
                answer = await s3.get_object(Bucket=self.name, Key=self.prefix + key)
            except s3.exceptions.NoSuchKey:
                return None
            async with answer["Body"] as body:
                read = await body.read()
            mark = answer.get("Metadata", {}).get(_META, "")
            return read, Version(self._etag(answer), mark if is_mark(mark) else "")

        try:
            return await patiently(self.shown, ask)
        except AwsRefused as exc:
            if exc.reason != "access":
                raise
            hint = "; without s3:ListBucket, S3 says this of objects that are not there, too"
            raise AwsRefused(f"{exc}{hint}", reason="access") from exc

    async def put(self, key: str, body: bytes, *, expect: Version | None, mark: str) -> Version:
        """Write an object if it is still ``expect`` (None: if there is none).

        Raises:
            Conflict: it is not.
        """
        s3 = await self.clients.client("s3")
        options: dict[str, Any] = (
            {"IfNoneMatch": "*"} if expect is None else {"IfMatch": expect.etag}
        )
        if mark:
            options["Metadata"] = {_META: mark}

        async def ask() -> str:
            answer = await s3.put_object(
                Bucket=self.name, Key=self.prefix + key, Body=body, **options
            )
            return self._etag(answer)

        return Version(await self._compared(key, ask), mark)

    async def put_empty(self, key: str) -> None:
        """Write an object without content, whatever is there."""
        s3 = await self.clients.client("s3")
        name = self.prefix + key

        async def ask() -> None:
            self._etag(await s3.put_object(Bucket=self.name, Key=name, Body=b""))

        await patiently(self.shown, ask)

    async def delete(self, key: str, *, expect: Version | None = None) -> None:
        """Delete an object; with ``expect`` only if it is still that.

        Raises:
            Conflict: it is not.
        """
        s3 = await self.clients.client("s3")
        name = self.prefix + key
        if expect is None:
            await patiently(self.shown, lambda: s3.delete_object(Bucket=self.name, Key=name))
            return
        etag = expect.etag
        await self._compared(
            key, lambda: s3.delete_object(Bucket=self.name, Key=name, IfMatch=etag)
        )

    async def names(self, prefix: str, *, after: str, most: int) -> AsyncGenerator[Named]:
        """Give the objects whose names begin so, in their order; ``most`` are read at once."""
        s3 = await self.clients.client("s3")
        whole, place = self.prefix + prefix, after and self.prefix + after
        while True:
            ask = partial(_page, s3, self.name, whole, place, most)
            answer = await patiently(self.shown, ask)
            if "IsTruncated" not in answer:
                raise not_aws(self.shown)
            for found in answer.get("Contents", []):
                place = found.get("Key", "")
                modified = found.get("LastModified", datetime.now(UTC))
                yield Named(place.removeprefix(self.prefix), modified)
            if not answer.get("IsTruncated") or not answer.get("Contents"):
                return

    def _etag(self, answer: Mapping[str, Any]) -> str:
        """Give the ETag of an answer; one of whoever is not S3 has none."""
        etag: str = answer.get("ETag", "")
        if not etag:
            raise not_aws(self.shown)
        return etag

    async def _compared(self, key: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask for what has a condition, once."""

        async def judged() -> T:
            try:
                return await ask()
            except Exception as exc:
                if code_of(exc) not in _LOST:
                    raise
                raise Conflict(f"{key} in {self.shown} is not what was read before") from exc

        return await once(self.shown, judged)


async def _page(
    s3: S3Client, bucket: str, prefix: str, after: str, most: int
) -> ListObjectsV2OutputTypeDef:
    count = max(1, min(most, 1000))
    return await s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=after, MaxKeys=count)
