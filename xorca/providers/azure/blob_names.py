"""Which blob holds which key."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

from xorca.errors import ConfigurationError
from xorca.providers.arguments import MAX_KEY, check_key

LEASES: Final = "_leases/"
"""Below this are the small blobs of leases; no body is kept there."""

_LONGEST: Final = 1024
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/=-]*")


class Names:
    """The names of blobs under one prefix."""

    __slots__ = ("prefix",)

    def __init__(self, prefix: str) -> None:
        trimmed = prefix.strip("/")
        self.prefix = f"{_checked(trimmed)}/" if trimmed else ""

    def of(self, key: str) -> str:
        """Give the name of the blob of a key.

        Raises:
            ConfigurationError: no blob can have it.
        """
        _check_parts(key)
        return self.prefix + key

    def key_of(self, name: str) -> str | None:
        """Give the key that a blob holds; None for a stranger's, and for those of leases."""
        key = name.removeprefix(self.prefix)
        return key if self.of_record(key) is not None else None

    def of_record(self, key: str) -> str | None:
        """Give the name of the blob of a key; None if no record can have it."""
        try:
            return self.of(key)
        except ConfigurationError:
            return None

    def of_lease(self, key: str) -> str:
        """Give the name of the blob of a lease; any text may be leased.

        Raises:
            ConfigurationError: the key is empty or no Unicode text.
        """
        return f"{self.prefix}{LEASES}{_lease_part(key)}"


@lru_cache(maxsize=4096)
def _check_parts(key: str) -> None:
    check_key(key)
    if key.startswith(LEASES):
        raise ConfigurationError(
            f"the key {key[:80]!r} cannot be stored: the blobs below {LEASES!r} are those of leases"
        )
    for part in key.split("/"):
        if not part or part.endswith("."):
            raise ConfigurationError(
                f"the key {key[:80]!r} cannot be stored: Azure changes a name of which a part"
                f" between slashes is empty or ends with a dot, as {part!r} does"
            )


def _checked(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        stranger = re.sub(r"[A-Za-z0-9._/=-]+", "", prefix)[0]
        raise ConfigurationError(
            f"the prefix {prefix[:80]!r} contains {stranger!r}; write it with letters, digits and"
            " . _ - = /"
        )
    longest = _LONGEST - MAX_KEY - len(LEASES) - 2
    if len(prefix) > longest:
        raise ConfigurationError(
            f"the prefix has {len(prefix)} characters; with a key behind it there is room for"
            f" {longest}"
        )
    if any(not part or part.endswith(".") for part in prefix.split("/")):
        raise ConfigurationError(
            f"the prefix {prefix[:80]!r} has a part between slashes that is empty or ends with a"
            " dot; Azure would change it"
        )
    return prefix


def _lease_part(key: str) -> str:
    """Give what names a lease: the key itself, or its words and a digest that is its own."""
    try:
        digest = sha256(key.encode()).hexdigest()[:32]
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"the key {key!r} is no Unicode text") from error
    if not key:
        raise ConfigurationError("a lease is on a key, and this one is empty")
    try:
        _check_parts(key)
    except ConfigurationError:
        words = re.sub(r"[^a-z0-9]+", "-", key.lower())[:60].strip("-")
        return f"~{words}-{digest}"  # no key holds a tilde
    return key
