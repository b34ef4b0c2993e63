"""What the objects of a store are called in their bucket, and what its tags hold.

Records lie at ``<prefix>/<key>``, markers at ``<prefix>/~marks/<key>!<mark>``. No key holds a
``~`` or ``!``, so that neither is taken for the other; ``~`` comes after every record, ``!``
before every character of a key, so that markers are in the order of the keys, too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from xorca.errors import ConfigurationError
from xorca.ports import Summary
from xorca.providers.arguments import MAX_KEY, check_key

MARKS: Final = "~marks/"
PENDING: Final = "p"
LONGEST_PREFIX: Final = 1024 - MAX_KEY - 64  # what is left for the rest of a marker's name

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}|arn:[A-Za-z0-9:/._-]{10,240}")
_KEY = re.compile(r"[a-z0-9._/-]{1,200}")
_MARK = re.compile(r"(?:p|\d{11,20})![0-9a-f]{12}")
_TAG = re.compile(rf'((?:W/)?"[!#-~]{{1,200}}")(?: ({_MARK.pattern}))?')


@dataclass(frozen=True, slots=True)
class Version:
    """What a tag says: the ETag, and the marker that tells of this version of a record."""

    etag: str
    mark: str = ""

    @property
    def tag(self) -> str:
        """The tag that says so."""
        return f"{self.etag} {self.mark}" if self.mark else self.etag


def version_of(tag: str) -> Version | None:
    """Read a tag; None for one that this store never gave."""
    found = _TAG.fullmatch(tag)
    return None if found is None else Version(found[1], found[2] or "")


def is_mark(text: str) -> bool:
    """Whether this is the mark of some version."""
    return _MARK.fullmatch(text) is not None


def mark_for(summary: Summary | None, before: str) -> str:
    """Give the mark of a record to be saved, "" if nobody has to look for it.

    The mark of the version before goes on as long as it says the same: it is only deleted by
    whoever saved a version without it, and what still carries it then is refused.
    """
    kind = _kind(summary)
    if not kind or before.partition("!")[0] == kind:
        return before if kind else ""
    return f"{kind}!{token_hex(6)}"


def is_wanted(mark: str, due_before: float | None) -> bool:
    """Whether a mark tells of what is pending, or due by then."""
    kind = mark.partition("!")[0]
    return kind == PENDING or (due_before is not None and int(kind) <= due_before)


def check_bucket(bucket: str) -> None:
    """Refuse what names no bucket.

    Raises:
        ConfigurationError: a bucket's name has other characters, or another length.
    """
    if not _BUCKET.fullmatch(bucket):
        raise ConfigurationError(
            f"{bucket[:80]!r} is no name of a bucket: write 3 to 63 characters of a-z 0-9 . -,"
            " or the ARN of an access point"
        )
    if bucket.endswith("--x-s3"):
        raise ConfigurationError(
            f"{bucket!r} is a directory bucket, which lists its objects in no order; name a"
            " general purpose bucket"
        )


def check_record_key(key: str) -> None:
    """Refuse a key that some program between here and the bucket would take for another.

    Raises:
        ConfigurationError: a segment between slashes is empty, ``.`` or ``..``.
    """
    check_key(key)
    if any(segment in ("", ".", "..") for segment in key.split("/")):
        raise ConfigurationError(
            f"the key {key!r} cannot be stored in S3: between slashes something other than '.'"
            " and '..' must stand"
        )


def is_key(text: str) -> bool:
    """Whether an object of this name may be ours; a bucket may hold other things."""
    return _KEY.fullmatch(text) is not None


def _kind(summary: Summary | None) -> str:
    if summary is None:
        return ""
    if summary.pending:
        return PENDING
    due = summary.due
    if due is None or not math.isfinite(due):
        return ""
    return f"{max(0, int(due)):011d}"
