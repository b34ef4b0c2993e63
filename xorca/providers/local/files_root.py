"""The directory of a store: made, tried out, and reached without following links."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from xorca.errors import ConfigurationError, Unavailable
from xorca.providers.local import files_faults as faults
from xorca.providers.local.files_locks import check_platform, open_locked, unlock
from xorca.providers.local.files_mounts import check_mount

_OPEN = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
_SECOND = 1_000_000_000
_GRAINS = (1, 100, 1_000, 1_000_000, _SECOND, 2 * _SECOND)


class Root:
    """A directory that was found fit; ``grain`` is how fine it keeps times, in nanoseconds."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        check_platform()
        check_path(path)
        self.path, self.sync = path, sync
        with faults.at_opening(path):
            path.mkdir(parents=True, exist_ok=True)
            self.real = path.resolve()
        check_mount(self.real)
        with faults.at_opening(path):
            self.grain = try_out(self.real)
            self._identity = self.real.stat()

    @contextmanager
    def open(self, directories: tuple[str, ...], *, make: bool = False) -> Generator[int]:
        """Give the descriptor of a directory below; with ``make`` it is made.

        Raises:
            FileNotFoundError: it is not there.
            Unavailable: there is something else, or the root is not what it was.
        """
        here = self._start()
        try:
            for name in directories:
                below = self._step(here, name, make=make)
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)

    def keep(self, descriptor: int) -> None:
        """Wait until a file or directory is safe on the disk, unless told not to."""
        if self.sync:
            os.fsync(descriptor)

    def _start(self) -> int:
        try:
            here = os.open(self.real, _OPEN)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._exchanged() from error
        if not os.path.samestat(os.fstat(here), self._identity):
            os.close(here)
            raise self._exchanged()
        return here

    def _step(self, here: int, name: str, *, make: bool) -> int:
        try:
            return os.open(name, _OPEN, dir_fd=here)
        except FileNotFoundError:
            if not make:
                raise
        except OSError as error:
            if not _is_something_else(here, name):
                raise
            raise Unavailable(
                f"{name!r} in {self.path} is a file or a symbolic link where this store keeps a "
                "directory; links are not followed; put it elsewhere"
            ) from error
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=here)
        self.keep(here)
        return self._step(here, name, make=False)

    def _exchanged(self) -> Unavailable:
        return Unavailable(
            f"{self.path} is not the directory that it was; look whether its file system is still "
            "mounted, and open the store again"
        )


def check_path(path: Path) -> None:
    """Refuse a path at which no directory can be.

    Raises:
        ConfigurationError: there is a file.
    """
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            raise ConfigurationError(f"{place} is a file; name a directory")


def try_out(directory: Path) -> int:
    """See whether a directory does what the store needs; give the grain of its times.

    Raises:
        ConfigurationError: it does not.
        OSError: it cannot be written.
    """
    first, second = (directory / f"+try-{token_hex(8)}-{n}" for n in range(2))
    try:
        lock = open_locked(str(first))
        if lock is None:
            raise ConfigurationError(f"{directory} gives nobody a lock; use a local disk")
        try:
            _try_locks(directory, first)
            _try_links(directory, first, second)
            return _try_times(directory, lock)
        finally:
            unlock(lock)
    finally:
        first.unlink(missing_ok=True)
        second.unlink(missing_ok=True)


def _try_locks(directory: Path, path: Path) -> None:
    again = open_locked(str(path))
    if again is not None:
        unlock(again)
        raise ConfigurationError(
            f"{directory} is on a file system whose locks keep nobody out; use a local disk or "
            "NFS version 4"
        )


def _try_links(directory: Path, path: Path, other: Path) -> None:
    try:
        other.hardlink_to(path)
    except OSError as error:
        raise ConfigurationError(
            f"{directory} is on a file system without hard links ({error}), by which a record is "
            "made once; use a local disk or NFS version 4"
        ) from error


def _try_times(directory: Path, file: int) -> int:
    wanted = ((os.fstat(file).st_mtime_ns // _SECOND) | 1) * _SECOND + 123_456_789
    os.utime(file, ns=(wanted, wanted))
    kept = os.fstat(file).st_mtime_ns
    for grain in _GRAINS:
        if wanted // grain * grain == kept:
            return grain
    raise ConfigurationError(
        f"{directory} is on a file system that does not keep the times of files, by which a "
        "change is noticed; use a local disk or NFS version 4"
    )


def _is_something_else(here: int, name: str) -> bool:
    try:
        return not stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode)
    except OSError:
        return False
