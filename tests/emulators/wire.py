"""HTTP/1.1 messages as bytes: read whole, and given on as they came."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_HEAD = 262_144
_OF_ONE_HOP = (b"connection:", b"keep-alive:")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer; ``raw`` is all of it, ``body`` what comes after the head."""

    first: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Message | None:
    """Read a request, saying ``100 Continue`` where it waits for that; None at the end."""
    try:
        head = await _head(reader)
    except asyncio.IncompleteReadError as exc:
        if exc.partial:
            raise
        return None
    first, headers = _parsed(head)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = _without(head, (b"expect:",))
    if "chunked" in headers.get("transfer-encoding", ""):
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Message(first, headers, body, head + body)


async def read_answer(reader: asyncio.StreamReader, *, method: str) -> Message:
    """Read the final answer to a request; it may be given on over a lasting connection."""
    while True:
        head = await _head(reader)
        first, headers = _parsed(head)
        status = int(first.split(" ", 2)[1])
        if status >= 200:
            break
    head = _without(head, _OF_ONE_HOP)
    if method == "HEAD" or status in (204, 304):
        body = b""
    elif "chunked" in headers.get("transfer-encoding", ""):
        body = await _chunks(reader)
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read()
        head = head[:-2] + b"Content-Length: %d\r\n\r\n" % len(body)
    head = b"HTTP/1.1" + head[8:]
    return Message(first, headers, body, head + body)


async def _head(reader: asyncio.StreamReader) -> bytes:
    lines = []
    size = 0
    while (line := await reader.readuntil(b"\n")) not in (b"\r\n", b"\n"):
        lines.append(line)
        size += len(line)
        if size > LONGEST_HEAD:
            raise EOFError("the head is too long")
    return b"".join([*lines, b"\r\n"])


def _parsed(head: bytes) -> tuple[str, Mapping[str, str]]:
    first, *lines = head.decode("latin-1").strip().splitlines()
    pairs = (line.partition(":") for line in lines)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _without(head: bytes, names: tuple[bytes, ...]) -> bytes:
    lines = head.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.lower().startswith(names))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """Read a chunked body as it is written, its sizes and its trailers too."""
    parts = []
    while True:
        line = await reader.readuntil(b"\n")
        parts.append(line)
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        parts.append(await reader.readexactly(size + 2))
    while True:
        line = await reader.readuntil(b"\n")
        parts.append(line)
        if line in (b"\r\n", b"\n"):
            return b"".join(parts)
