"""What ends the worker of ``xorca dev``: its parent is gone, or a file has changed."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path
from time import sleep

from xorca.cli.dev_files import EVERY, Watch, imported

STOPPED, FAILED, RELOAD = 0, 80, 81
"""How a worker ends: as asked, unable to begin, to be started anew."""

GRACE = 5.0
"""How long what is in flight may take to end, in seconds."""

_LAST_WORD = 2.0


class Guard:
    """Two threads that look, so that a module that hangs can be changed and stopped too.

    Before ``attach`` nothing is in flight, and the program ends at once; afterwards it is
    asked to, and ends at once only where it does not.
    """

    def __init__(self, root: Path, parent: int) -> None:
        self.code: int | None = None
        self.changed: list[Path] = []
        self._root, self._parent = root, parent
        self._watch = Watch(root)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()

    def start(self) -> None:
        """Begin to look."""
        for look in (self._await_parent, self._await_change):
            threading.Thread(target=look, name=look.__name__, daemon=True).start()

    def attach(self) -> asyncio.Event:
        """Give what is set when the running loop is to end; ``code`` says why."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        return self._asked

    def _await_parent(self) -> None:
        while os.read(self._parent, 1):
            pass
        self._ask(STOPPED)

    def _await_change(self) -> None:
        while not self.changed:
            sleep(EVERY)
            loading = self._loop is None
            watch = self._watch
            self.changed = watch.anything(self._root) if loading else self._look()
        self._ask(RELOAD)

    def _look(self) -> list[Path]:
        return self._watch.changed(imported(self._root))

    def _ask(self, code: int) -> None:
        with self._lock:
            if self.code is None:
                self.code = code
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._asked.set)
                patience = GRACE + _LAST_WORD
            else:
                patience = 0.0
        sleep(patience)
        sys.stdout.flush()
        os._exit(code)
