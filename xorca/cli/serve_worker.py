"""A worker of ``xorca serve``: a program of its own on a socket that its parent opened."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import NoReturn

import click
import msgspec

from xorca.cli.app import print_whatever_comes
from xorca.cli.dev_guard import FAILED, STOPPED
from xorca.cli.failing import WrongUse
from xorca.cli.serve_server import Server, serve_here
from xorca.cli.serve_wish import ServeWish


def main(text: str, descriptor: int) -> NoReturn:
    """Serve until the parent is gone, or SIGTERM comes."""
    context = click.Context(click.Command("serve"))
    context.color = False if os.environ.get("NO_COLOR") else None
    with context.scope():
        print_whatever_comes()
        code = _run(msgspec.json.decode(text, type=ServeWish), descriptor)
    sys.stdout.flush()
    raise SystemExit(code)


def _run(wish: ServeWish, descriptor: int) -> int:
    listening = socket.socket(fileno=descriptor)
    try:
        serve_here(wish, listening, "", attach=_stop_with_parent)
    except WrongUse as exc:
        exc.show()
        return FAILED
    return STOPPED


def _stop_with_parent(server: Server) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_await_parent, args=(server,), daemon=True).start()


def _await_parent(server: Server) -> None:
    """Stop when the pipe from the parent closes, as it does when the parent is killed, too."""
    while os.read(0, 1):
        pass
    if not server.should_exit:
        server.stop()
