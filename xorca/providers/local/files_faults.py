"""What the operating system's errors mean, each in one sentence with its cure."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from xorca.errors import ConfigurationError, Unavailable

_FULL = "the disk or quota under {path} is full; nothing was changed; free some space and try again"
_DENIED = "{path} cannot be written by this user; make the directory and what is in it writable"
_SENTENCES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: "{path} is on a file system that is mounted read-only; mount it writable",
    errno.EMFILE: "this process has too many files open to use {path}; raise its limit (ulimit -n)",
    errno.ENFILE: "this machine has too many files open to use {path}; close some and try again",
    errno.ESTALE: "the server of {path} does not know it any more; look at the mount and try again",
    errno.EIO: "reading or writing {path} failed; look at the disk or the mount and try again",
    errno.ENAMETOOLONG: "a name is too long for the file system of {path}; use shorter keys",
}
_RETRY_HELPS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EIO}
)


@contextmanager
def at_opening(path: Path) -> Generator[None]:
    """Translate what goes wrong while a directory is opened.

    Raises:
        ConfigurationError: trying again will not help.
        Unavailable: it may.
    """
    try:
        yield
    except OSError as error:
        text = _sentence(error, path)
        if error.errno in _RETRY_HELPS:
            raise Unavailable(text) from error
        raise ConfigurationError(text) from error


@contextmanager
def at_work(path: Path) -> Generator[None]:
    """Translate what goes wrong in reading and writing: the outcome is not known.

    Raises:
        Unavailable: whatever the operating system said.
    """
    try:
        yield
    except OSError as error:
        raise Unavailable(_sentence(error, path)) from error


def _sentence(error: OSError, path: Path) -> str:
    text = _SENTENCES.get(error.errno or 0, "{path} could not be used; try again")
    return f"{text.format(path=path)} ({error})"
