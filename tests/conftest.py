"""What holds for every test: no internet, and examples that hypothesis can repeat."""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import settings

from tests.emulators.fixtures import (  # noqa: F401  a test asks for them by name
    aws_environment,
    azurite,
    dynalite,
    fresh_name,
    moto,
)

WATCHED = frozenset({"socket.bind", "socket.connect", "socket.sendto", "socket.getaddrinfo"})

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def is_loopback(host: object) -> bool:
    """Tell whether a host name or address is this machine's own."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host == "localhost":
        return True
    try:
        return ip_address(str(host)).is_loopback
    except ValueError:
        return False


def keep_inside(event: str, args: tuple[Any, ...]) -> None:
    """Refuse every socket that leaves the loopback interface, whoever opens it."""
    if event not in WATCHED:
        return
    host = args[0] if event == "socket.getaddrinfo" else args[1]
    if isinstance(host, tuple):
        host = host[0]
    elif event != "socket.getaddrinfo":
        return  # a path: a Unix socket
    if not is_loopback(host):
        raise PermissionError(f"tests stay on 127.0.0.1, and this one asked for {host!r}")


def pytest_configure(config: pytest.Config) -> None:
    """Watch the sockets from the first test on."""
    sys.addaudithook(keep_inside)
