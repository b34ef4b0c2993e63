"""Leases in a DynamoDB table; the table of a DynamoDBStore, or one of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from time import time
from typing import TypeVar, Unpack

from xorca.errors import Conflict, Unavailable
from xorca.ports import Held
from xorca.providers.arguments import check_key
from xorca.providers.aws.clients import AwsClients, AwsOptions, clients_of
from xorca.providers.aws.dynamodb_items import check_table, lease_key_of
from xorca.providers.aws.dynamodb_table import Table
from xorca.providers.aws.faults import AwsRefused
from xorca.providers.aws.places import prefix_of
from xorca.providers.closing import Closing
from xorca.providers.leasing import hold

T = TypeVar("T")

LONGEST_PREFIX = 512


class DynamoDBLease(Closing):
    """Leases that any number of workers see; they spare work, and promise nothing.

    ::

        runtime = Runtime([Order], store=S3Store("orders"), lease=DynamoDBLease("locks"))

    Taking, renewing and giving back is one conditional write each. When a lease has run out is
    told by the clock of whoever asks, so clocks should agree to within a second or so; nothing
    waits for the table's time to live, which may remove what is left of old leases
    (attribute ``expires``). A lease that cannot be had counts as Unavailable, and a Runtime
    goes on without it.

    Args:
        table: Its name or ARN; keys as for a DynamoDBStore.
        prefix: Keeps these leases apart from others in the table.
        clients: Clients to share with other rooms; whoever made them closes them.
        now: The present in seconds since 1970.
        options: Where AWS is and who asks, see AwsOptions.

    Raises:
        ConfigurationError: no table has such a name.
    """

    def __init__(
        self,
        table: str,
        *,
        prefix: str = "",
        clients: AwsClients | None = None,
        now: Callable[[], float] = time,
        **options: Unpack[AwsOptions],
    ) -> None:
        check_table(table)
        self.table, self.prefix = table, prefix_of(prefix, most=LONGEST_PREFIX)
        self._clients, self._is_owner = clients_of(clients, options)
        self._table, self._now = Table(table, self._clients), now

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold ``key`` for the block, renewed in the background."""
        check_key(key)
        return hold(self, key, ttl=ttl, wait=wait)

    async def create_table(self) -> None:
        """Make the table where it is missing, billed by request; wait until it can be used.

        Raises:
            AwsRefused: that is not allowed.
        """
        await self._table.create(index=False)

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner if there is none, or the last one's time ran out."""
        now = self._now()
        item = lease_key_of(self.prefix, key)
        item |= {"owner": {"S": owner}, "expires": {"N": repr(now + ttl)}}
        put = partial(
            self._table.put,
            item,
            # An owner that was not told of its luck may ask again.
            ConditionExpression="attribute_not_exists(#key) OR #expires <= :now OR #owner = :owner",
            ExpressionAttributeNames={"#key": "key", "#expires": "expires", "#owner": "owner"},
            ExpressionAttributeValues={":now": {"N": repr(now)}, ":owner": {"S": owner}},
        )
        return await self._holds(put)

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time; False if ``owner`` is not the owner any more."""
        update = partial(
            self._table.update,
            lease_key_of(self.prefix, key),
            UpdateExpression="SET #expires = :expires",
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#expires": "expires", "#owner": "owner"},
            ExpressionAttributeValues={
                ":expires": {"N": repr(self._now() + ttl)},
                ":owner": {"S": owner},
            },
        )
        return await self._holds(update)

    async def release(self, key: str, owner: str) -> None:
        """Give the lease up, if ``owner`` still has it."""
        delete = partial(
            self._table.delete,
            lease_key_of(self.prefix, key),
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": owner}},
        )
        await self._holds(delete)

    async def close(self) -> None:
        """Close the clients that this room made; the next use opens them again."""
        if self._is_owner:
            await self._clients.close()

    async def _holds(self, ask: Callable[[], Awaitable[None]]) -> bool:
        """Ask twice at most: each of the three writes may happen twice for its owner."""
        try:
            with suppress(Unavailable):
                await ask()
                return True
            await ask()
        except Conflict:
            return False
        except AwsRefused as exc:
            raise Unavailable(f"leases are not to be had: {exc}") from exc
        return True
