"""Listing a DynamoDB table in the order of keys: the shards side by side, merged."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from xorca.ports import Listed, Page, Query
from xorca.providers.aws.dynamodb_items import NAMES, SHARDS, condition_of, listed_of
from xorca.providers.aws.dynamodb_table import INDEX, Table
from xorca.providers.aws.faults import AwsRefused
from xorca.telemetry.lines import say

_FILTERED: Final = 300
"""How many items one query of a shard looks through, where few of them may be asked for."""


class Listing:
    """Lists what lies below a prefix; by the index ``listing`` where the table has one.

    The index holds no bodies, and follows writes within about a second. Without it the items
    themselves are read, as they are now.
    """

    def __init__(self, table: Table, prefix: str) -> None:
        self._table, self._prefix = table, prefix
        self._has_index = True  # until the table says no

    async def page(self, query: Query, *, after: str, limit: int) -> Page:
        """Give one page."""
        try:
            return await self._page(query, after, limit)
        except AwsRefused as exc:
            if not (self._has_index and "index" in str(exc)):
                raise
            self._has_index = False
            message = f"{self._table.shown} has no index {INDEX!r}: listings read whole records"
            say(logging.INFO, "listing.unindexed", message, error=exc)
            return await self._page(query, after, limit)

    async def _page(self, query: Query, after: str, limit: int) -> Page:
        # A space comes before, and a tilde after, every character of a key.
        least = f"{after} " if after >= query.prefix else query.prefix
        most = f"{query.prefix}~"
        if least > most:
            return Page((), None)
        asked = self._asked(query, limit)
        shards = [Shard(self._table, self._values(asked, digit), least, most) for digit in SHARDS]
        found = await _merged(shards, count=limit + 1)
        kept = tuple(found[:limit])
        return Page(kept, kept[-1].key if len(found) > limit else None)

    def _asked(self, query: Query, limit: int) -> dict[str, Any]:
        condition, values = condition_of(query)
        asked: dict[str, Any] = {
            "KeyConditionExpression": "#shard = :shard AND #key BETWEEN :least AND :most",
            "ProjectionExpression": ", ".join(name for name in NAMES if name != "#shard"),
            "ExpressionAttributeNames": NAMES,
            "ExpressionAttributeValues": values,
            "Limit": _FILTERED if condition else limit // len(SHARDS) + 8,
        }
        if condition:
            asked["FilterExpression"] = condition
        return asked | ({"IndexName": INDEX} if self._has_index else {"ConsistentRead": True})

    def _values(self, asked: dict[str, Any], digit: str) -> dict[str, Any]:
        shard = {":shard": {"S": f"{self._prefix}#{digit}"}}
        return asked | {"ExpressionAttributeValues": asked["ExpressionAttributeValues"] | shard}


@dataclass(slots=True)
class Shard:
    """What was read of one shard, and where to go on."""

    table: Table
    asked: dict[str, Any]
    least: str
    most: str
    items: deque[Listed] = field(default_factory=deque[Listed])
    is_over: bool = False

    async def fill(self) -> None:
        """Read on until something is there, or all was read."""
        while not (self.items or self.is_over):
            bounds = {":least": {"S": self.least}, ":most": {"S": self.most}}
            values = self.asked["ExpressionAttributeValues"] | bounds
            answer = await self.table.query(**(self.asked | {"ExpressionAttributeValues": values}))
            self.items.extend(listed_of(item) for item in answer["Items"])
            last = answer.get("LastEvaluatedKey")
            self.least = f"{last['key']['S']} " if last else self.least
            self.is_over = not last or self.least > self.most


async def _merged(shards: Sequence[Shard], *, count: int) -> list[Listed]:
    """Give the first so many of all, in the order of keys."""
    found: list[Listed] = []
    while len(found) < count:
        if empty := [shard for shard in shards if not (shard.items or shard.is_over)]:
            await asyncio.gather(*(shard.fill() for shard in empty))
        filled = [shard for shard in shards if shard.items]
        if not filled:
            break
        first = min(filled, key=lambda shard: shard.items[0].key)
        found.append(first.items.popleft())
    return found
