"""One program that serves until it is told to stop."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType

import click
import uvicorn

from xorca.cli.failing import plain_errors
from xorca.cli.loading import Loaded, load_sound
from xorca.cli.serve_apps import Site, auth_by_environment
from xorca.cli.serve_garbage import look_for_garbage_rarely
from xorca.cli.serve_logs import log_lines
from xorca.cli.serve_loop import run_quickly
from xorca.cli.serve_protocol import patient_protocol
from xorca.cli.serve_site import open_site
from xorca.cli.serve_wish import ServeWish

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_KEEP = 5
"""How long a connection may rest between two requests, in seconds."""


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to whoever runs it: they end it with exit code 0."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._on_ready()

    def stop(self) -> None:
        """Ask for the end: when requests are answered; the second time, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve_here(
    wish: ServeWish,
    listening: socket.socket,
    where: str,
    *,
    attach: Callable[[Server], None] | None = None,
) -> None:
    """Serve in this program until somebody asks for the end.

    ``attach`` is given the server; by default SIGTERM and SIGINT stop it.

    Raises:
        WrongUse: the module, the store or the sink cannot be used.
    """
    with _leaving(alone=attach is None):
        loaded = load_sound(wish.target)
        with plain_errors(), log_lines(wish.log_level, json=wish.json_logs):
            run_quickly(_serve(wish, loaded, listening, _Saying(where, attach)))


class _Saying:
    """What is printed, and who gets hold of the server."""

    def __init__(self, where: str, attach: Callable[[Server], None] | None) -> None:
        self.where, self.quiet = where, attach is not None
        self.attach = attach or _stop_by_signals


async def _serve(
    wish: ServeWish, loaded: Loaded, listening: socket.socket, saying: _Saying
) -> None:
    async with open_site(wish, loaded) as site:
        look_for_garbage_rarely()
        server = Server(
            config_of(site, wish.grace, wish.http.trusted_proxies),
            lambda: _say_ready(site, wish, saying),
        )
        saying.attach(server)
        await server.serve(sockets=[listening])


def config_of(site: Site, grace: float, trusted: Sequence[str] = ()) -> uvicorn.Config:
    """Give what uvicorn is told; ``grace`` in seconds, ``trusted`` the addresses of proxies."""
    return uvicorn.Config(
        site.whole,
        http=patient_protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=list(trusted),
        timeout_keep_alive=_KEEP,
        timeout_graceful_shutdown=math.ceil(grace),
    )


def _say_ready(site: Site, wish: ServeWish, saying: _Saying) -> None:
    if saying.quiet:
        return
    say_ready(site.lines, wish, saying.where)


def say_ready(lines: tuple[str, ...], wish: ServeWish, where: str) -> None:
    """Print what is served, and where."""
    for line in lines:
        click.echo(f"  {line}")
    if auth_by_environment() is None and wish.host not in ("127.0.0.1", "::1", "localhost"):
        click.echo(
            "  whoever reaches this port may start and cancel processes: set XORCA_HTTP_KEY, or"
            " keep it behind a gateway",
            err=True,
        )
    click.echo(f"ready at {where}")
    sys.stdout.flush()


def _stop_by_signals(server: Server) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    for number in _SIGNALS:
        signal.signal(number, stop)


@contextmanager
def _leaving(*, alone: bool) -> Generator[None]:
    """Hear signals for the block; what comes before there is a server ends the program."""
    hears = {signal.SIGTERM: _leave, signal.SIGINT: _leave if alone else _ignore}
    before = {number: signal.signal(number, hear) for number, hear in hears.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once: nothing is under way before there is a server."""
    os._exit(0)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Go on: the parent hears Ctrl-C too, and says when it is time."""
