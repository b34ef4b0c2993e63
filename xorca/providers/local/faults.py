"""What SQLite's errors mean, each in one sentence with its cure."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from xorca.errors import ConfigurationError, PortError, Unavailable, XorcaError

_SENTENCES = {
    sqlite3.SQLITE_BUSY: "another process kept {path} locked for too long; try again, and look "
    "for a program that holds it open in a transaction",
    sqlite3.SQLITE_FULL: "the disk or quota under {path} is full; free some space and try again",
    sqlite3.SQLITE_READONLY: "{path} cannot be written; make the file and its directory writable",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened; make its directory writable, for SQLite "
    "keeps two more files beside it",
    sqlite3.SQLITE_NOTADB: "{path} is no SQLite database; name another file",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged; keep a copy of it and restore it from a backup",
    sqlite3.SQLITE_IOERR: "reading or writing {path} failed; look at the disk and try again",
}
_RETRY_HELPS = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_STANDING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL})


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the lock."""
    return _code(error) == sqlite3.SQLITE_BUSY


def is_lasting(error: BaseException) -> bool:
    """Whether the connection should not be used again."""
    return not isinstance(error, sqlite3.Error) or _code(error) not in _STANDING


def at_opening(error: sqlite3.Error, path: Path) -> XorcaError:
    """Translate an error of opening the file."""
    text = _sentence(error, path)
    return Unavailable(text) if _code(error) in _RETRY_HELPS else ConfigurationError(text)


def at_work(error: BaseException, path: Path) -> XorcaError:
    """Translate an error of reading or writing: the outcome is not known."""
    if isinstance(error, ConfigurationError | PortError):
        return error
    if isinstance(error, sqlite3.Error):
        return Unavailable(_sentence(error, path))
    return Unavailable(f"{path} could not be used: {type(error).__name__}: {error}")


def _sentence(error: sqlite3.Error, path: Path) -> str:
    text = _SENTENCES.get(_code(error), "{path} could not be used; try again")
    return f"{text.format(path=path)} ({error})"


def _code(error: sqlite3.Error) -> int:
    """Give the primary result code; errors of the Python module itself have none."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF
