"""Leases that the kernel keeps: a lock on an open file, gone with its process."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from xorca.errors import ConfigurationError, LeaseHeld, LeaseLost
from xorca.ports import Held
from xorca.providers.local import files_faults as faults
from xorca.providers.local.files_locks import check_platform, is_at, open_locked, unlock
from xorca.providers.local.files_root import Root
from xorca.providers.local.files_threads import Threads

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1
_NOTE_BYTES = 1000


class FlockLease:
    """Leases as locked files of a directory, which is made where it is missing.

    Such a lease has no time: it lasts until the block is left or its process ends, however
    that ends, and a process that stands still keeps it. ``ttl`` only says how often its
    loss is looked for: three times in every ``ttl`` seconds. It is lost when somebody
    removes its file, or when the server of an NFS directory gave the lock away.
    """

    def __init__(self, directory: str | Path) -> None:
        check_platform()
        self._path = Path(directory).absolute()
        self._guard = threading.Lock()
        self._root: Root | None = None
        self._threads = Threads("xorca lease", most=4)

    @property
    def path(self) -> Path:
        """Where the directory is."""
        return self._path

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold ``key`` for the block, or until its process ends.

        Raises:
            LeaseHeld: somebody else holds it, also after ``wait`` seconds.
        """
        return self._hold(key, ttl=ttl, wait=wait)

    async def close(self) -> None:
        """End the threads; what is held stays held, and the next use begins new ones."""
        await self._threads.close()

    @asynccontextmanager
    async def _hold(self, key: str, *, ttl: float, wait: float) -> AsyncGenerator[HeldFile]:
        if not (ttl > 0 and wait >= 0):
            raise ConfigurationError(
                f"a lease needs ttl > 0 and wait >= 0 seconds, not ttl={ttl!r} and wait={wait!r}"
            )
        held = HeldFile(key, await self._take(key, wait), self._threads)
        keeper = asyncio.get_running_loop().create_task(held.watch(ttl / 3))
        try:
            yield held
        finally:
            released = self._threads.submit(held.file.release)
            keeper.cancel()
            await asyncio.shield(asyncio.wrap_future(released))

    async def _take(self, key: str, wait: float) -> LockedFile:
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + wait, _FIRST_PAUSE
        while True:
            asked = self._threads.submit(lambda: self._ask(key))
            try:
                found = await asyncio.wrap_future(asked)
            except asyncio.CancelledError:
                asked.add_done_callback(_give_back)
                raise
            if isinstance(found, LockedFile):
                return found
            left = deadline - loop.time()
            if left <= 0:
                raise LeaseHeld(f"the lease on {key!r} is {found} after {wait:g} s")
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _ask(self, key: str) -> LockedFile | str:
        """Give the file if it is ours now, else who has it."""
        with self._guard:
            if self._root is None:
                self._root = Root(self._path, sync=False)
            path = self._root.real / file_name(key)
        with faults.at_work(path):
            lock = open_locked(str(path))
            if lock is None:
                return _holder(path)
            file = LockedFile(path, lock)
            file.note(key)
            return file


class LockedFile:
    """A file that this process alone has locked; its content is for people."""

    def __init__(self, path: Path, lock: int) -> None:
        self._path, self._lock = path, lock
        self._guard = threading.Lock()
        self._note = b""

    def note(self, key: str) -> None:
        """Write down who holds which key."""
        holder = {"key": key, "process": os.getpid(), "host": socket.gethostname()}
        self._note = msgspec.json.encode(holder)[:_NOTE_BYTES] + b"\n"
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, self._note, 0)

    def is_ours(self) -> bool:
        """Whether the lock still stands: the file is in its place, and its server agrees."""
        with self._guard:
            if self._lock < 0:
                return False
            try:
                os.pwrite(self._lock, self._note, 0)
                os.fsync(self._lock)  # an NFS server that gave the lock away refuses this
                return is_at(self._lock, str(self._path))
            except OSError:
                return False

    def release(self) -> None:
        """Remove the file, if it is still ours, and let the next one have the key."""
        with self._guard:
            lock, self._lock = self._lock, -1
            if lock < 0:
                return
            with suppress(OSError):
                if is_at(lock, str(self._path)):
                    self._path.unlink()
            with suppress(OSError):
                unlock(lock)


class HeldFile:
    """A lease that is ours until its file is gone."""

    def __init__(self, key: str, file: LockedFile, threads: Threads) -> None:
        self.key, self.file = key, file
        self._threads = threads
        self._lost = False

    @property
    def lost(self) -> bool:
        """Whether the lease was seen to be gone."""
        return self._lost

    async def check(self) -> None:
        """Raise LeaseLost unless the lease is still ours."""
        if not self._lost and not await self._threads.run(self.file.is_ours):
            self._lost = True
        if self._lost:
            raise LeaseLost(
                f"the lease on {self.key!r} is not ours any more: its file was removed or its "
                "server gave the lock away; stop, and start again from what is stored"
            )

    async def watch(self, pause: float) -> None:
        """Look for the loss of the lease again and again, until it is lost."""
        with suppress(LeaseLost):
            while True:
                await asyncio.sleep(pause)
                await self.check()


def file_name(key: str) -> str:
    """Give a name that no other key has, and that tells people which key it is.

    Raises:
        ConfigurationError: the key is empty or no Unicode text.
    """
    try:
        digest = sha256(key.encode()).hexdigest()[:32]
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"the key {key!r} is no Unicode text") from error
    if not key:
        raise ConfigurationError("a lease is on a key, and this one is empty")
    words = re.sub(r"[^a-z0-9]+", "-", key.lower())[:60].strip("-")
    return f"{words}-{digest}.lock" if words else f"{digest}.lock"


def _holder(path: Path) -> str:
    """Say who holds a lease, as far as it was written down."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Holder)
    except (OSError, msgspec.MsgspecError):
        return "somebody else's"
    return f"held by process {found.process} on {found.host!r}"


class _Holder(msgspec.Struct, frozen=True):
    process: int
    host: str


def _give_back(asked: Future[LockedFile | str]) -> None:
    """Release what was taken for a caller who does not wait any more."""
    if asked.cancelled() or asked.exception() is not None:
        return
    found = asked.result()
    if isinstance(found, LockedFile):
        found.release()
