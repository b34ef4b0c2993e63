"""Where the body of a key lies: directories for its slashes, and one file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from xorca.errors import ConfigurationError
from xorca.providers.arguments import check_key

# No key holds a plus sign, so what has one in its name is never somebody's body.
MARK = "+"
LOCKS, LEASES = f"{MARK}locks", f"{MARK}leases"
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Place:
    """The directories below the root, and the name of the file in the last of them."""

    directories: tuple[str, ...]
    name: str


@lru_cache(maxsize=4096)
def place_of(key: str) -> Place:
    """Give the place of a key; no two keys have the same.

    Raises:
        ConfigurationError: no store could hold the key, or it is no path downwards.
    """
    check_key(key)
    *directories, last = key.split("/")
    for part in (*directories, last):
        if part in ("", ".", ".."):
            raise ConfigurationError(
                f"the key {key[:80]!r} cannot be stored: the part {part!r} between its slashes "
                "is no name; leave it out"
            )
    return Place(tuple(map(directory_name, directories)), last + _SUFFIX)


def directory_name(part: str) -> str:
    """Give a directory's name, which is never that of a file with a body."""
    return part + MARK if part.endswith(_SUFFIX) else part


def part_of_directory(name: str) -> str | None:
    """Give the part of a key for which a directory stands; None for a stranger's."""
    part = name.removesuffix(MARK)
    return part if directory_name(part) == name and _is_part(part) else None


def part_of_file(name: str) -> str | None:
    """Give the last part of a key whose body is in a file; None for a stranger's."""
    part = name.removesuffix(_SUFFIX)
    return part if part != name and _is_part(part) else None


def _is_part(part: str) -> bool:
    try:
        return place_of(part).directories == ()
    except ConfigurationError:
        return False
