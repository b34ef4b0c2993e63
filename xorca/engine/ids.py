"""Subjects, storage keys and emit ids: how a process is named in each place."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from xorca.events import Event, derived_id

MARK = 12
"""How many characters of an emit id stand for the process; as many follow for this life of it."""

MAX_SUBJECT = 1024
"""The longest subject in bytes of UTF-8."""


class Subject(NamedTuple):
    """The three parts of a subject, the process id as plain text."""

    name: str
    version: str
    process_id: str


def make_subject(name: str, version: str, process_id: str) -> str:
    """Give ``<name>/<version>/<process id>``, with ``%`` and ``/`` of the id encoded."""
    quoted = process_id.replace("%", "%25").replace("/", "%2F")
    return f"{name}/{version}/{quoted}"


@lru_cache(maxsize=8192)
def parse_subject(subject: str) -> Subject | None:
    """Take a subject apart; None if it is not one that ``make_subject`` gives."""
    parts = subject.split("/")
    if len(parts) != 3 or not all(parts):
        return None
    process_id = parts[2].replace("%2F", "/").replace("%25", "%")
    found = Subject(parts[0], parts[1], process_id)
    return found if make_subject(*found) == subject else None


@lru_cache(maxsize=8192)
def storage_key(name: str, process_id: str) -> str:
    """Give the key of a record: name, two hex digits, a readable slug and a hash.

    It leaves the version out, so that a start that is delivered again after a newer version
    was deployed finds the process that it started. At most 161 characters.
    """
    text = f"{name}/{process_id}"
    spread = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:2]
    slug = re.sub(r"[^a-z0-9]+", "-", process_id[:80].lower()).strip("-")[:24]
    return f"{name}/{spread}/{slug}-{derived_id(text, length=32)}"


def side_key(key: str, name: str) -> str:
    """Give the key of a side object of a record."""
    return f"_side/{key}/{name}"


def side_name(body: bytes) -> str:
    """Give the name of a side object: a hash of what it holds, so a rewrite is harmless."""
    return sha256(body).hexdigest()[:26]


def incarnation_of(start: Event) -> str:
    """Give what tells this life of a process id from another: a hash of its start event."""
    return _hash(f"incarnation\0{start.source}\0{start.id}")


def process_id_of(start: Event) -> str:
    """Give the process id of a start event: asked for, or derived from its identity."""
    asked = start.extensions.get("processid")
    return str(asked) if asked is not None else derived_id(start.source, start.id)


@lru_cache(maxsize=8192)
def identity(subject: str, name: str, incarnation: str) -> tuple[str, str]:
    """Give the process id, and the characters by which every emit id of this life begins."""
    found = parse_subject(subject)
    process_id = found.process_id if found is not None else subject
    return process_id, _hash(f"process\0{name}\0{process_id}") + incarnation


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:MARK]
