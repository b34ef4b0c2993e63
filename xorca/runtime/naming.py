"""From the subject that a caller names to the record that it means."""

from __future__ import annotations

from xorca.engine.ids import parse_subject, storage_key
from xorca.engine.record import DELETED, Record
from xorca.errors import ProcessNotFound


def key_of(subject: str) -> str:
    """Give the storage key of a subject.

    Raises:
        ProcessNotFound: it is no subject.
    """
    parts = parse_subject(subject)
    if parts is None:
        raise ProcessNotFound(
            f"{subject[:200]!r} is no subject: write <name>/<version>/<process id>, such as"
            " order.place/1.0.0/1042"
        )
    return storage_key(parts.name, parts.process_id)


def check_found(record: Record, subject: str) -> None:
    """See that a record is a process, and of this subject.

    Raises:
        ProcessNotFound: it is not.
    """
    if record.status == DELETED:
        raise ProcessNotFound(f"{subject} was deleted")
    if record.subject != subject:
        raise ProcessNotFound(f"no process {subject} is stored; {record.subject} is")


def not_found(subject: str) -> ProcessNotFound:
    """Give the error for a subject without a record."""
    return ProcessNotFound(f"no process {subject} is stored")
