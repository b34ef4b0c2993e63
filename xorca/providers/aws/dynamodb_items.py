"""What a record is in a DynamoDB table.

An item has the partition key ``shard``, the sort key ``key``, and beside them ``body``, ``tag``
and what its summary says. A shard is ``<prefix>#<a digit from the key's hash>``: eight of them
share the load, and one query each gives all keys in their order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from xorca.errors import ConfigurationError
from xorca.ports import Listed, Query, Stored, Summary

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import AttributeValueTypeDef

SHARDS: Final = "01234567"
LIMIT: Final = 380 * 1024
"""An item has at most 400 kB with its names; the rest is for keys and summary."""

TEXTS: Final = ("subject", "name", "version", "status", "state")
SUMMARY: Final = (*TEXTS, "revision", "updated", "due", "pending")
NAMES: Final = {f"#{name}": name for name in ("shard", "key", *SUMMARY)}
"""What a listing asks for, by aliases: DynamoDB reserves many of these words."""

_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}|arn:[A-Za-z0-9:/._-]{10,1000}")
_TAG = re.compile(r"[0-9a-f]{24}")

Item = Mapping[str, Any]  # an attribute is a dict of one of ten shapes


def check_table(table: str) -> None:
    """Refuse what names no table.

    Raises:
        ConfigurationError: a table's name has other characters, or another length.
    """
    if not _TABLE.fullmatch(table):
        raise ConfigurationError(
            f"{table[:80]!r} is no name of a table: write 3 to 255 characters of"
            " a-z A-Z 0-9 _ . -, or its ARN"
        )


def shard_of(prefix: str, key: str) -> str:
    """Give the partition in which a key lies."""
    return f"{prefix}#{SHARDS[sha256(key.encode()).digest()[0] % len(SHARDS)]}"


def key_of(prefix: str, key: str) -> dict[str, AttributeValueTypeDef]:
    """Give the primary key of an item."""
    return {"shard": {"S": shard_of(prefix, key)}, "key": {"S": key}}


def lease_key_of(prefix: str, key: str) -> dict[str, AttributeValueTypeDef]:
    """Give the primary key of a lease; no listing of records meets it."""
    return {"shard": {"S": f"{shard_of(prefix, key)}!lease"}, "key": {"S": key}}


def new_tag() -> str:
    """Give a tag that no version of any record ever had."""
    return token_hex(12)


def is_tag(text: str) -> bool:
    """Whether this may be a tag of ours."""
    return _TAG.fullmatch(text) is not None


def item_of(
    prefix: str, key: str, stored: Stored, summary: Summary | None
) -> dict[str, AttributeValueTypeDef]:
    """Give the item of a record."""
    item = key_of(prefix, key)
    item["body"], item["tag"] = {"B": stored.body}, {"S": stored.tag}
    if summary is not None:
        item |= _attributes(summary)
    return item


def stored_of(item: Item) -> Stored:
    """Give the body and tag of an item."""
    return Stored(bytes(item["body"]["B"]), item["tag"]["S"])


def listed_of(item: Item) -> Listed:
    """Give what a listing says of an item."""
    return Listed(item["key"]["S"], _summary(item) if "updated" in item else None)


def condition_of(query: Query) -> tuple[str, dict[str, AttributeValueTypeDef]]:
    """Give the filter of a query, and the values in it; the prefix is left to the caller."""
    terms: list[str] = []
    values: dict[str, AttributeValueTypeDef] = {}
    for name in ("name", "version", "status"):
        wanted: str = getattr(query, name)
        if wanted:
            terms.append(f"#{name} = :{name}")
            values[f":{name}"] = {"S": wanted}
    if query.pending is not None:
        terms.append("#pending = :pending")
        values[":pending"] = {"BOOL": query.pending}
    if query.due_before is not None:
        terms.append("#due <= :due")
        values[":due"] = {"N": _number(query.due_before)}
    return " AND ".join(terms), values


def _attributes(summary: Summary) -> dict[str, AttributeValueTypeDef]:
    found: dict[str, AttributeValueTypeDef] = {
        "revision": {"N": str(summary.revision)},
        "updated": {"N": _number(summary.updated)},
        "pending": {"BOOL": summary.pending},
    }
    for name in TEXTS:
        text: str = getattr(summary, name)
        if text:  # not every server that speaks this protocol takes an empty one
            found[name] = {"S": text}
    if summary.due is not None and math.isfinite(summary.due):
        found["due"] = {"N": _number(summary.due)}
    return found


def _summary(item: Item) -> Summary:
    texts = {name: item[name]["S"] if name in item else "" for name in TEXTS}
    return Summary(
        **texts,
        revision=int(item["revision"]["N"]),
        updated=float(item["updated"]["N"]),
        due=float(item["due"]["N"]) if "due" in item else None,
        pending=item["pending"]["BOOL"],
    )


def _number(value: float) -> str:
    """Give a number as DynamoDB takes it: not as large as a float may be."""
    return repr(max(-1e100, min(float(value), 1e100)))
