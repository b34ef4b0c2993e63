"""Walking a store's directories in the order of its keys."""

from __future__ import annotations

import os
from collections.abc import Iterator

from xorca.ports import Listed, Query
from xorca.providers.arguments import MAX_KEY
from xorca.providers.local.files_places import directory_name, part_of_directory, part_of_file
from xorca.providers.local.files_root import Root


def walk(root: Root, query: Query, after: str) -> Iterator[Listed]:
    """Give the keys with the query's prefix that come after ``after``, in order."""
    for key in _below(root, "", query.prefix, after):
        if key > after and key.startswith(query.prefix) and len(key) <= MAX_KEY:
            yield Listed(key, None)


def _below(root: Root, head: str, prefix: str, after: str) -> Iterator[str]:
    for name in _names(root, head):
        key = head + name
        if not name.endswith("/"):
            yield key
        elif _may_hold(key, prefix, after):
            yield from _below(root, key, prefix, after)


def _may_hold(head: str, prefix: str, after: str) -> bool:
    """Whether a directory may hold what is asked for; all its keys begin with ``head``."""
    if not (head.startswith(prefix) or prefix.startswith(head)):
        return False
    return head > after or after.startswith(head)


def _names(root: Root, head: str) -> list[str]:
    """Give the parts of keys in one directory, in order; those with more below end in "/"."""
    found: list[str] = []
    directories = tuple(directory_name(part) for part in head.split("/")[:-1])
    try:
        with root.open(directories) as directory, os.scandir(directory) as entries:
            for entry in entries:
                name = _name(entry)
                if name is not None:
                    found.append(name)
    except FileNotFoundError:
        return []
    return sorted(found)


def _name(entry: os.DirEntry[str]) -> str | None:
    if entry.is_dir(follow_symlinks=False):
        part = part_of_directory(entry.name)
        return None if part is None else f"{part}/"
    return part_of_file(entry.name) if entry.is_file(follow_symlinks=False) else None
