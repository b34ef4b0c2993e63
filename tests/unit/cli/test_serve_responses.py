"""Responses of ``xorca serve`` on the wire: in one piece, whatever an application sends."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.unit.handlers.asgi.sockets import listening
from xorca.cli import serve_transport
from xorca.cli.serve_apps import Site
from xorca.cli.serve_protocol import PatientH11, patient_protocol
from xorca.cli.serve_server import Server, config_of
from xorca.cli.serve_transport import WholeResponses

PATIENCE = 30.0
PROTOCOLS = [PatientH11, patient_protocol()]
LARGE = 3_000_000


class Wire(asyncio.Transport):
    """A transport that keeps what it is given, a packet a write."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.packets.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


def test_a_head_waits_for_its_body() -> None:
    """And leaves with it, in one packet."""
    wire = Wire()
    whole = WholeResponses(wire)

    whole.write(HEAD)
    assert wire.packets == []
    whole.write(b"ab")
    whole.end()

    assert wire.packets == [HEAD + b"ab"]


def test_a_head_without_a_body_leaves_at_the_end() -> None:
    """The answer to HEAD, and one that was given up: close sends it, too."""
    for end in (WholeResponses.end, WholeResponses.close):
        wire = Wire()
        whole = WholeResponses(wire)
        whole.write(HEAD)

        end(whole)

        assert wire.packets == [HEAD]
        assert wire.closed == (end is WholeResponses.close)


def test_what_only_looks_like_a_head_does_not_wait() -> None:
    """A part of a body may be anything."""
    wire = Wire()
    whole = WholeResponses(wire)
    for data in (HEAD, HEAD, HEAD):
        whole.write(data)

    assert b"".join(wire.packets) == HEAD * 3


def test_the_word_to_go_on_does_not_wait() -> None:
    """A client sends no body before it."""
    wire = Wire()
    whole = WholeResponses(wire)

    whole.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert wire.packets == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    whole.write(HEAD)
    whole.write(b"ab")

    assert wire.packets[1:] == [HEAD + b"ab"]


def test_a_long_body_is_not_copied() -> None:
    """It follows its head."""
    wire = Wire()
    whole = WholeResponses(wire)
    whole.write(HEAD)
    whole.write(b"x" * 100_000)

    assert wire.packets == [HEAD, b"x" * 100_000]


# -- through a socket ----------------------------------------------------------------------


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer as the path says: slowly in parts, much at once, nothing, or not to the end."""
    if scope["path"].startswith("/refused"):
        await refuse(scope, send)
        return
    await receive()
    start = {"type": "http.response.start", "status": 200, "headers": []}
    await send(start)
    if scope["path"] == "/parts":
        for part in (b"one", b"HTTP/1.1 200 OK\r\n\r\n", b"three"):
            await asyncio.sleep(0.01)
            await send({"type": "http.response.body", "body": part, "more_body": True})
    if scope["path"] == "/broken":
        raise LookupError("lost")
    body = b"x" * LARGE if scope["path"] == "/large" else b""
    await send({"type": "http.response.body", "body": body})


async def refuse(scope: Any, send: Any) -> None:
    """Answer before the body was read, and close where the path says so."""
    close = [(b"connection", b"close")] if scope["path"] == "/refused/close" else []
    headers = [(b"content-length", b"2"), *close]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"no"})


@asynccontextmanager
async def serving(protocol: Any) -> AsyncIterator[tuple[str, int]]:
    """Serve it as ``xorca serve`` does; give the address."""
    with listening() as found:
        config = config_of(Site({"": application}, ()), 1.0)
        config.http = protocol
        ready = asyncio.Event()
        server = Server(config, ready.set)
        running = asyncio.ensure_future(server.serve(sockets=[found.dup()]))
        await ready.wait()
        try:
            yield found.getsockname()
        finally:
            server.stop()
            await running


async def said(address: tuple[str, int], *requests: str) -> bytes:
    """Send requests over one connection, all at once; give everything that comes back."""
    reader, writer = await asyncio.open_connection(*address)
    heads = [f"{line} HTTP/1.1\r\nhost: x\r\n\r\n" for line in requests]
    last = heads.pop().replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")
    writer.write("".join([*heads, last]).encode())
    async with asyncio.timeout(PATIENCE):
        found = await reader.read()
    writer.close()
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("GET /parts", b"5\r\nthree\r\n0\r\n\r\n"),
        ("GET /large", b"x" * 1000 + b"\r\n0\r\n\r\n"),
        ("GET /nothing", b"\r\n0\r\n\r\n"),
        ("HEAD /nothing", b"\r\n\r\n"),
    ],
)
async def test_every_response_arrives(protocol: Any, line: str, ends: bytes) -> None:
    """Each whole, in order, the last one too, though others were asked for behind it."""
    async with serving(protocol) as address:
        found = await said(address, line, "GET /nothing", line)

    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.endswith(ends)
    assert found.lower().count(b"\r\ndate: ") == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_response_that_is_given_up_ends(protocol: Any) -> None:
    """The connection is closed, and nobody waits for the rest."""
    async with serving(protocol) as address:
        found = await said(address, "GET /broken")

    assert found.startswith(b"HTTP/1.1 200 ")
    assert not found.endswith(b"0\r\n\r\n")


# -- garbage --------------------------------------------------------------------------------


def test_garbage_is_looked_for_rarely() -> None:
    """What is there when serving begins is looked through no more."""
    code = (
        "import gc\n"
        "from xorca.cli.serve_garbage import look_for_garbage_rarely\n"
        "look_for_garbage_rarely()\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 1000, gc.get_threshold()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True", "10000"]
    assert gc.get_threshold()[0] != 10_000  # it is for a program of its own


# -- what looks like a head ---------------------------------------------------------------

BODY = b"a\r\nUpgrade: h2c\r\n\r\nb"
POST = b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
ONCE_MORE = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("path", "cut"), [(b"/refused", 0), (b"/", 1), (b"/", 3), (b"/", 0)])
async def test_nothing_is_taken_out_of_a_body(protocol: Any, path: bytes, cut: int) -> None:
    """Wherever it is cut, and though it is answered already: the next request is where it was."""
    head = POST % (path, len(BODY))
    where = len(head) - cut
    async with serving(protocol) as address:
        reader, writer = await asyncio.open_connection(*address)
        for part in (head[:where], head[where:] + BODY + ONCE_MORE):
            writer.write(part)
            await asyncio.sleep(0.1)
        async with asyncio.timeout(PATIENCE):
            found = await reader.read()
        writer.close()

    assert found.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200 OK" in found


# -- hanging up ----------------------------------------------------------------------------


def upload(address: tuple[str, int], path: str) -> tuple[int, bytes]:
    """Send a large body, all of it before the answer is looked at."""
    client = HTTPConnection(*address, timeout=PATIENCE)
    try:
        client.request("POST", path, b"x" * 5 * LARGE)
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("path", ["/refused", "/refused/close"])
async def test_who_is_still_sending_is_told_why_it_is_refused(protocol: Any, path: str) -> None:
    """Its connection is not reset before it has read that."""
    async with serving(protocol) as address:
        found = await asyncio.to_thread(upload, address, path)

    assert found == (413, b"no")


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_who_sends_on_and_on_is_hung_up_on(
    protocol: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while, with what it said thrown away."""
    monkeypatch.setattr(serve_transport, "_LINGER", 0.3)
    async with serving(protocol) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"POST /refused/close HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n")
        answer = await reader.read()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(ConnectionError):
                await send_on(writer)

    assert answer.endswith(b"no")


async def send_on(writer: asyncio.StreamWriter) -> None:
    """Send until the other side hangs up."""
    while True:
        writer.write(b"x" * 1000)
        await writer.drain()
        await asyncio.sleep(0.01)
