"""The requests to a DynamoDB table, and what their answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from xorca.errors import Conflict, RecordTooLarge, Unavailable
from xorca.providers.aws.clients import AwsClients
from xorca.providers.aws.dynamodb_items import SUMMARY, Item
from xorca.providers.aws.faults import AwsRefused, asking, code_of, not_aws
from xorca.providers.aws.retrying import once, patiently

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import AttributeValueTypeDef

T = TypeVar("T")

INDEX: Final = "listing"
_PATIENCE: Final = 60.0


class NotMet(Conflict):
    """The condition of a write did not hold; ``item`` is what is there, as far as was asked."""

    def __init__(self, message: str, item: Item | None) -> None:
        super().__init__(message)
        self.item = item


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and the clients to ask it by."""

    name: str
    clients: AwsClients

    @property
    def shown(self) -> str:
        """How errors name it."""
        return f"the table {self.name!r}"

    async def get(
        self, key: Mapping[str, AttributeValueTypeDef]
    ) -> Mapping[str, AttributeValueTypeDef] | None:
        """Read an item as it is now."""
        dynamodb = await self.clients.client("dynamodb")

        async def ask() -> Mapping[str, AttributeValueTypeDef] | None:
            answer = await dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True)
            self._check(answer)
            return answer.get("Item")

        return await self._hinted(patiently(self.shown, ask))

    async def put(self, item: Mapping[str, AttributeValueTypeDef], **condition: Any) -> None:
        """Write an item, once.

        Raises:
            NotMet: the condition did not hold.
        """
        dynamodb = await self.clients.client("dynamodb")
        await self._compared(lambda: dynamodb.put_item(TableName=self.name, Item=item, **condition))

    async def delete(self, key: Mapping[str, AttributeValueTypeDef], **condition: Any) -> None:
        """Delete an item, once.

        Raises:
            NotMet: the condition did not hold.
        """
        dynamodb = await self.clients.client("dynamodb")
        await self._compared(
            lambda: dynamodb.delete_item(TableName=self.name, Key=key, **condition)
        )

    async def update(self, key: Mapping[str, AttributeValueTypeDef], **change: Any) -> None:
        """Change an item, once.

        Raises:
            NotMet: the condition did not hold.
        """
        dynamodb = await self.clients.client("dynamodb")
        await self._compared(lambda: dynamodb.update_item(TableName=self.name, Key=key, **change))

    async def query(self, **asked: Any) -> Any:
        """Read one answer of a query."""
        dynamodb = await self.clients.client("dynamodb")

        async def ask() -> Any:
            answer = await dynamodb.query(TableName=self.name, **asked)
            self._check(answer)
            return answer

        return await self._hinted(patiently(self.shown, ask))

    async def create(self, *, index: bool) -> None:
        """Make the table where it is missing, billed by request, and wait until it is there.

        Raises:
            AwsRefused: that is not allowed.
            Unavailable: it was not there in a minute; it may be later.
        """
        dynamodb = await self.clients.client("dynamodb")
        options: dict[str, Any] = {"GlobalSecondaryIndexes": [_INDEX]} if index else {}
        options |= {"KeySchema": _KEYS, "AttributeDefinitions": _DEFINITIONS}
        async with asking(self.shown):
            with suppress(dynamodb.exceptions.ResourceInUseException):  # there, or about to be
                await dynamodb.create_table(
                    TableName=self.name, BillingMode="PAY_PER_REQUEST", **options
                )
        await self._wait()

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + _PATIENCE, 0.05
        while await self._status() != "ACTIVE":
            if loop.time() + pause > until:
                raise Unavailable(f"{self.shown} is still being created; try again in a while")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _status(self) -> str:
        dynamodb = await self.clients.client("dynamodb")
        ask = partial(dynamodb.describe_table, TableName=self.name)
        try:
            found = await patiently(self.shown, ask)
        except AwsRefused as exc:
            if exc.reason != "missing":
                raise
            return ""  # its creation is not known everywhere
        return found["Table"].get("TableStatus", "")

    def _check(self, answer: Any) -> None:
        """Refuse an answer of whoever is not DynamoDB; the SDK would take it for an empty one.

        Raises:
            Unavailable: it is none.
        """
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        if not headers.get("content-type", "").startswith("application/x-amz-json"):
            raise not_aws(self.shown)

    async def _compared(self, ask: Callable[[], Awaitable[Any]]) -> None:
        """Ask for what has a condition, once."""

        async def judged() -> None:
            try:
                self._check(await ask())
            except Exception as exc:
                if code_of(exc) != "ConditionalCheckFailedException":
                    raise
                text = f"an item in {self.shown} is not what was read before"
                raise NotMet(text, _item_in(exc)) from exc

        await self._hinted(once(self.shown, judged))

    async def _hinted(self, asked: Awaitable[T]) -> T:
        """Say what DynamoDB's words mean for us."""
        try:
            return await asked
        except AwsRefused as exc:
            said = str(exc)
            if "Item size" in said:
                raise RecordTooLarge(f"{self.shown} takes items of 400 kB: {exc}") from exc
            if "schema" in said or "Missing the key" in said:
                raise AwsRefused(
                    f"{self.shown} has other keys than a store needs; make it with the partition"
                    f" key 'shard' and the sort key 'key', both strings ({exc})"
                ) from exc
            raise


def _item_in(error: Exception) -> Item | None:
    """Give the item that an error of DynamoDB holds."""
    response: object = getattr(error, "response", None)
    return cast("Mapping[str, Any]", response).get("Item") if isinstance(response, dict) else None


_KEYS: Final = [
    {"AttributeName": "shard", "KeyType": "HASH"},
    {"AttributeName": "key", "KeyType": "RANGE"},
]
_DEFINITIONS: Final = [
    {"AttributeName": "shard", "AttributeType": "S"},
    {"AttributeName": "key", "AttributeType": "S"},
]
_INDEX: Final = {
    "IndexName": INDEX,
    "KeySchema": _KEYS,
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": [*SUMMARY]},
}
