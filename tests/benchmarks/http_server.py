"""The program that ``tests.benchmarks.http`` measures: books over HTTP, as ``xorca serve`` does it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from examples.book_summary.orchestrator import BookSummary
from tests.benchmarks.slow_clients import allow_files
from xorca.cli.serve_loop import run_quickly

FILES = 16_000


async def serve(path: str, listening: socket.socket) -> None:
    """Serve books on a SQLite file until SIGTERM; what is emitted is in the responses."""
    from xorca import Runtime
    from xorca.cli.serve_apps import Site
    from xorca.cli.serve_garbage import look_for_garbage_rarely
    from xorca.cli.serve_server import Server, config_of
    from xorca.handlers.asgi import app
    from xorca.providers.local import SqliteStore

    async with SqliteStore(Path(path)) as store:
        runtime = Runtime([BookSummary], store=store, alarm=store.alarm)
        look_for_garbage_rarely()
        server = Server(config_of(Site({"": app(runtime)}, ()), 5), lambda: None)
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        await server.serve(sockets=[listening])


@contextmanager
def served(place: Path) -> Generator[tuple[int, int]]:
    """Run it on a free port for a block; give the port and the id of the process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(2048)
        port: int = listening.getsockname()[1]
        arguments = [str(place / "http.db"), str(listening.fileno())]
        command = [sys.executable, "-m", "tests.benchmarks.http_server", *arguments]
        with subprocess.Popen(command, pass_fds=(listening.fileno(),)) as program:
            try:
                yield port, program.pid
            finally:
                program.terminate()


if __name__ == "__main__":
    allow_files(FILES)
    given = socket.socket(fileno=int(sys.argv[2]))
    given.setblocking(False)
    run_quickly(serve(sys.argv[1], given))
