"""Real servers on 127.0.0.1: in this process, or in one of their own."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

ROOT = Path(__file__).parents[4]


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Give a listening socket on a free port."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(("127.0.0.1", 0))
        found.listen(256)
        yield found


def url_of(found: socket.socket) -> str:
    """Give the address of a socket."""
    return f"http://127.0.0.1:{found.getsockname()[1]}"


@asynccontextmanager
async def served(application: Starlette) -> AsyncIterator[str]:
    """Serve an application in this loop; give its address."""
    with listening() as found:
        config = uvicorn.Config(
            application, log_level="critical", access_log=False, timeout_graceful_shutdown=0
        )
        server = uvicorn.Server(config)
        server.capture_signals = _leave_signals_alone  # type: ignore[method-assign]
        running = asyncio.ensure_future(server.serve(sockets=[found.dup()]))
        try:
            while not server.started:
                assert not running.done()
                await asyncio.sleep(0.005)
            yield url_of(found)
        finally:
            server.should_exit = True
            await running


@contextmanager
def _leave_signals_alone() -> Iterator[None]:
    yield


@contextmanager
def server(path: Path, found: socket.socket, commits: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server of its own process on a socket; it dies after so many commits."""
    command = [sys.executable, "-m", "tests.unit.handlers.asgi.killable"]
    process = subprocess.Popen(
        [*command, str(path), str(found.fileno()), str(commits)],
        cwd=ROOT,
        pass_fds=[found.fileno()],
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
