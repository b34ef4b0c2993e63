"""A transport that sends a response in one piece: every call of the system costs."""

from __future__ import annotations

import asyncio
from typing import Any

_LONG = 65_536
"""From this length on, in bytes, copying a body costs more than sending it by itself."""


class WholeResponses:
    """What a protocol of uvicorn takes for its transport: heads wait for their bodies.

    uvicorn writes the head of a response and its body one after the other, and each would be
    a packet of its own. ASGI wants no head to leave before there is a body anyway. ``Any``:
    everything else is that of the transport.
    """

    __slots__ = ("_head", "_is_new", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head, self._is_new = transport, b"", True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep a head; send a body, and the head before it."""
        if self._is_new and data.startswith(b"HTTP/1.1 ") and data[9:10] != b"1":
            self._head, self._is_new = data, False
            return
        head, self._head = self._head, b""
        if head and len(data) < _LONG:
            data = head + data
        elif head:
            self._transport.write(head)
        self._transport.write(data)

    def end(self) -> None:
        """Send what is left of a response; another one may follow."""
        self._flush()
        self._is_new = True

    def close(self) -> None:
        """Send what is left, and close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Tell whether it is closed, or will be when everything is sent."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)
