"""One body in one file: read whole, written beside and put in its place, never torn.

A tag is the file's time of change and a hash of its bytes. The times are given by the
writers, under the lock of the key, each later than the last one, whatever the clock says;
what was deleted leaves its time in the lock file. So no tag comes twice, also where a body
does, and a file that somebody edits has a tag of its own.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from hashlib import sha256
from secrets import token_hex

from xorca.errors import Conflict, Unavailable
from xorca.ports import Stored
from xorca.providers.local.files_locks import Stripes
from xorca.providers.local.files_places import MARK, Place, place_of
from xorca.providers.local.files_root import Root

OLD = 3600.0
"""After how many seconds a file that a killed writer left behind is removed."""

_TEMPORARY = f"{MARK}new-"
_NUMBER = 20
_ATTEMPTS = 5
_CLOSED_BY_EXEC = getattr(os, "O_CLOEXEC", 0)  # of these flags Windows has none
_READ = _CLOSED_BY_EXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE = _CLOSED_BY_EXEC | os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Bodies:
    """The files of a root, each under the lock of its key while it is changed."""

    def __init__(self, root: Root, stripes: Stripes) -> None:
        self._root, self._stripes = root, stripes
        self._swept: set[tuple[str, ...]] = set()

    def load(self, key: str) -> Stored | None:
        """Read the newest body; needs no lock, for a file in its place never changes."""
        place = place_of(key)
        for left in reversed(range(_ATTEMPTS)):
            try:
                with self._root.open(place.directories) as directory:
                    found = _read(directory, place.name)
                return None if found is None else found[0]
            except FileNotFoundError:
                return None
            except OSError as error:
                # NFS forgets a file that another machine replaces while it is read here.
                if error.errno != errno.ESTALE or not left:
                    raise
        return None

    def save(self, key: str, body: bytes, expect: str | None) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        place = place_of(key)
        with self._stripes.hold(key) as lock:
            try:
                with self._root.open(place.directories, make=expect is None) as directory:
                    self._sweep(place.directories, directory)
                    last = _compare(key, directory, place, expect)
                    stamp = self._next(max(last or 0, _floor(lock)))
                    beside = self._write(directory, body, stamp)
                    _put(directory, beside, place.name, last)
                    self._root.keep(directory)
            except FileExistsError:
                raise _conflict(key) from None
            except FileNotFoundError:
                if expect is None:
                    raise
                raise _conflict(key) from None
        return _tag(stamp, body)

    def delete(self, key: str, expect: str | None) -> None:
        """Remove a body; with ``expect`` only if its tag is still that."""
        place = place_of(key)
        with self._stripes.hold(key) as lock:
            try:
                with self._root.open(place.directories) as directory:
                    self._remove(key, directory, place, lock, expect)
            except FileNotFoundError:
                if expect is not None:
                    raise _conflict(key) from None

    def _remove(
        self, key: str, directory: int, place: Place, lock: int, expect: str | None
    ) -> None:
        found = _read(directory, place.name)
        if expect is not None and (found is None or found[0].tag != expect):
            raise _conflict(key)
        if found is None:
            return
        os.pwrite(lock, b"%0*d" % (_NUMBER, max(found[1], _floor(lock))), 0)
        self._root.keep(lock)
        os.unlink(place.name, dir_fd=directory)
        self._root.keep(directory)

    def _next(self, last: int) -> int:
        grain = self._root.grain
        return max(time.time_ns() // grain, last // grain + 1) * grain

    def _write(self, directory: int, body: bytes, stamp: int) -> str:
        """Write a file beside the one that is meant, safe on the disk; give its name."""
        name = f"{_TEMPORARY}{token_hex(8)}"
        file = os.open(name, _WRITE, 0o666, dir_fd=directory)
        try:
            left = memoryview(body)
            while left:
                left = left[os.write(file, left) :]
            os.utime(file, ns=(stamp, stamp))
            self._root.keep(file)
        except BaseException:
            _remove_leftover(directory, name)
            raise
        finally:
            os.close(file)
        return name

    def _sweep(self, directories: tuple[str, ...], directory: int) -> None:
        if directories not in self._swept:
            sweep(directory)
            self._swept.add(directories)


def sweep(directory: int) -> None:
    """Remove what writers that were killed left behind long ago."""
    oldest = time.time() - OLD
    for name in os.listdir(directory):
        if name.startswith(_TEMPORARY):
            with suppress(FileNotFoundError):
                if os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime < oldest:
                    _remove_leftover(directory, name)


def _read(directory: int, name: str) -> tuple[Stored, int] | None:
    """Give a body with its time of change; None if there is no such file."""
    try:
        file = os.open(name, _READ, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise _no_body(name) from error
    with os.fdopen(file, "rb") as reader:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise _no_body(name)
        body = reader.read()
    return Stored(body, _tag(about.st_mtime_ns, body)), about.st_mtime_ns


def _compare(key: str, directory: int, place: Place, expect: str | None) -> int | None:
    """Give the time of the file that is to be replaced, None if there is none."""
    found = _read(directory, place.name)
    if expect != (None if found is None else found[0].tag):
        raise _conflict(key)
    return None if found is None else found[1]


def _put(directory: int, beside: str, name: str, last: int | None) -> None:
    """Put a file in its place in one step.

    Raises:
        FileExistsError: the place is not as it was when it was compared.
    """
    try:
        if last is None:
            os.link(beside, name, src_dir_fd=directory, dst_dir_fd=directory)
        else:
            _look_again(directory, name, last)
            return os.replace(beside, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        _remove_leftover(directory, beside)
        raise
    return _remove_leftover(directory, beside)


def _look_again(directory: int, name: str, last: int) -> None:
    """Notice that an NFS server gave the lock away while this process was cut off from it."""
    if os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime_ns != last:
        raise FileExistsError(errno.EEXIST, "the file was changed in spite of the lock", name)


def _remove_leftover(directory: int, name: str) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=directory)


def _floor(lock: int) -> int:
    text = os.pread(lock, _NUMBER, 0)
    return int(text) if text.isdigit() else 0


def _tag(stamp: int, body: bytes) -> str:
    return f"{stamp:x}-{sha256(body).hexdigest()[:32]}"


def _conflict(key: str) -> Conflict:
    return Conflict(f"{key!r} was saved, created or deleted since it was read; read it again")


def _no_body(name: str) -> Unavailable:
    return Unavailable(
        f"{name!r} is a directory, a symbolic link or a device where this store keeps a file; "
        "links are not followed; put it elsewhere"
    )
