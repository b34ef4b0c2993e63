"""Locks on open files, which the kernel drops when their holder dies."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from xorca.errors import ConfigurationError, Unavailable

STRIPES = 256
LONGEST_WAIT = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02


def check_platform() -> None:
    """Refuse a platform without flock.

    Raises:
        ConfigurationError: this is Windows.
    """
    if sys.platform == "win32":
        raise ConfigurationError(
            "Windows has no flock, on which a file store rests; write 'sqlite:///./state.db'"
        )


def open_locked(path: str, *, directory: int | None = None) -> int | None:
    """Open a file for this holder alone; None while somebody else has it.

    The file is made where there is none. Give the descriptor to :func:`unlock`.
    """
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        lock = os.open(path, flags, 0o666, dir_fd=directory)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        except BaseException:
            os.close(lock)
            raise
        if is_at(lock, path, directory=directory):
            return lock
        os.close(lock)  # its file was removed before it was ours: the next one counts


def unlock(lock: int) -> None:
    """Let others have the file; a child that was forked meanwhile does not keep it."""
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_UN)
    finally:
        os.close(lock)


def is_at(lock: int, path: str, *, directory: int | None = None) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        there = os.stat(path, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(lock), there)


class Stripes:
    """A fixed number of locks, on which all keys are spread.

    They are never removed, so there are no more of them however many keys come and go.
    """

    def __init__(self, path: Path, *, longest: float = LONGEST_WAIT) -> None:
        self._path, self._longest = path, longest
        self._here = [threading.Lock() for _ in range(STRIPES)]

    @contextmanager
    def hold(self, key: str) -> Generator[int]:
        """Be the only writer of a key, here and elsewhere; gives the lock's descriptor.

        Raises:
            Unavailable: others were writing for too long; nothing was done.
        """
        number = sha256(key.encode()).digest()[0] % STRIPES
        deadline = time.monotonic() + self._longest
        if not self._here[number].acquire(timeout=self._longest):
            raise self._too_long(key)
        try:
            lock = self._wait(key, str(self._path / f"{number:02x}"), deadline)
            try:
                yield lock
            finally:
                unlock(lock)
        finally:
            self._here[number].release()

    def _wait(self, key: str, path: str, deadline: float) -> int:
        pause = _FIRST_PAUSE
        while (lock := open_locked(path)) is None:
            if time.monotonic() >= deadline:
                raise self._too_long(key)
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return lock

    def _too_long(self, key: str) -> Unavailable:
        return Unavailable(
            f"another process kept {key!r} locked for more than {self._longest:g} s; nothing was "
            f"changed; try again, and look for a stopped process that uses {self._path.parent}"
        )
