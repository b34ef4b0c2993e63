"""Which event loop a server runs on."""

from __future__ import annotations

import asyncio
import sys

import pytest

from xorca.cli.serve_loop import run_quickly


def _loop_of_a_program() -> str:
    found: list[str] = []

    async def program() -> None:
        found.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])

    run_quickly(program())
    return found[0]


def test_server_runs_on_the_loop_of_libuv() -> None:
    """The extra ``serve`` brings uvloop, and a server runs on it."""
    assert _loop_of_a_program() == "uvloop"


def test_server_runs_where_there_is_no_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not to be had everywhere, and nothing but speed depends on it."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert _loop_of_a_program() == "asyncio"
