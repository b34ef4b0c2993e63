"""The socket that ``xorca serve`` listens on, and how many others it may have."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from xorca.cli.failing import WrongUse

_BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; whoever closes the socket ends that.

    Raises:
        WrongUse: it is in use, not allowed, or not of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as exc:
        raise WrongUse(
            f"the host {host!r} has no address: {exc}; give another with --host"
        ) from exc
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as exc:
        listening.close()
        raise WrongUse(_refusal(host, port, exc)) from exc
    listening.setblocking(False)
    return listening


def url_of(host: str, port: int) -> str:
    """Give the address as one would call it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def raise_file_limit() -> None:
    """Allow as many connections as the system lets this program have."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _refusal(host: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return f"the port {port} of {host} is in use by another program; give another with --port"
    if exc.errno == errno.EACCES:
        return f"the port {port} is not allowed for this user; give one above 1023 with --port"
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; give another with --host"
    return f"cannot listen on {host}:{port}: {exc.strerror or exc}"
