"""Records as items of a DynamoDB table, each saved with one conditional PutItem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, Unpack

from xorca.errors import Conflict
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.arguments import check_body, check_key
from xorca.providers.aws.clients import AwsClients, AwsOptions, clients_of
from xorca.providers.aws.dynamodb_items import (
    LIMIT,
    check_table,
    is_tag,
    item_of,
    key_of,
    new_tag,
    stored_of,
)
from xorca.providers.aws.dynamodb_listing import Listing
from xorca.providers.aws.dynamodb_table import NotMet, Table
from xorca.providers.aws.places import place_of, prefix_of
from xorca.providers.closing import Closing
from xorca.providers.elsewhere import OnlyRecords
from xorca.superseded import Superseded

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import AttributeValueTypeDef

LONGEST_PREFIX = 512


class DynamoDBStore(OnlyRecords, Closing):
    """Store records in a table: one PutItem an event, one GetItem more where nothing is cached.

    ::

        store = DynamoDBStore("orders", region="eu-central-1")

    The table has the partition key ``shard`` and the sort key ``key``, both strings, and may
    have a global secondary index ``listing`` of the same keys with the summary's attributes;
    ``create_table`` makes such a one. A DynamoDBLease may use the same table.

    Args:
        table: Its name or ARN.
        prefix: Keeps what is stored with it apart from everything else in the table.
        clients: Clients to share with other rooms; whoever made them closes them.
        options: Where AWS is and who asks, see AwsOptions.

    Raises:
        ConfigurationError: no table has such a name, or no key such a prefix.
    """

    limit = LIMIT

    def __init__(
        self,
        table: str,
        *,
        prefix: str = "",
        clients: AwsClients | None = None,
        **options: Unpack[AwsOptions],
    ) -> None:
        check_table(table)
        self.table, self.prefix = table, prefix_of(prefix, most=LONGEST_PREFIX)
        self._clients, self._is_owner = clients_of(clients, options)
        self._table = Table(table, self._clients)
        self._listing = Listing(self._table, self.prefix)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make the store of ``dynamodb://table/prefix?region=...&endpoint=...&profile=...``.

        Raises:
            ConfigurationError: the URL names no such place.
        """
        place = place_of(url)
        return cls(place.name, prefix=place.prefix, **place.options)

    async def create_table(self, *, index: bool = True) -> None:
        """Make the table where it is missing, billed by request; wait until it can be used.

        Raises:
            AwsRefused: that is not allowed.
        """
        await self._table.create(index=index)

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        check_key(key)
        item = await self._table.get(key_of(self.prefix, key))
        return None if item is None else stored_of(item)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        check_key(key)
        check_body(key, body, limit=self.limit)
        stored = Stored(bytes(body), new_tag())
        item = item_of(self.prefix, key, stored, summary)
        condition = _is_new() if expect is None else _is_still(key, expect)
        try:
            # What is there instead comes with the refusal, for nothing.
            await self._table.put(item, ReturnValuesOnConditionCheckFailure="ALL_OLD", **condition)
        except NotMet as exc:
            raise self._conflict(key, exc) from exc
        return stored.tag

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``."""
        return await self._listing.page(query, after=after, limit=max(1, limit))

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        check_key(key)
        condition = {} if expect is None else _is_still(key, expect)
        await self._table.delete(key_of(self.prefix, key), **condition)

    def _conflict(self, key: str, refusal: NotMet) -> Conflict:
        message = f"{key} in {self._table.shown} is not what was read before"
        if not refusal.item:
            return Conflict(message)
        return Superseded(key, message, found=stored_of(refusal.item), store=self)

    async def close(self) -> None:
        """Close the clients that this store made; the next use opens them again."""
        if self._is_owner:
            await self._clients.close()


def _is_new() -> dict[str, Any]:
    return {
        "ConditionExpression": "attribute_not_exists(#key)",
        "ExpressionAttributeNames": {"#key": "key"},
    }


def _is_still(key: str, tag: str) -> dict[str, Any]:
    """Compare with a tag; what was never given is not sent."""
    if not is_tag(tag):
        raise Conflict(f"{key} never had the tag {tag[:80]!r}")
    values: dict[str, AttributeValueTypeDef] = {":tag": {"S": tag}}
    return {
        "ConditionExpression": "#tag = :tag",
        "ExpressionAttributeNames": {"#tag": "tag"},
        "ExpressionAttributeValues": values,
    }
