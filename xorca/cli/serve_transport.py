"""A transport that sends a response in one piece, and hangs up so that it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_LONG = 65_536
"""From this length on, in bytes, copying a body costs more than sending it by itself."""

_LINGER = 2.0
"""How long a client may go on sending after the end of its answer, in seconds."""


class WholeResponses:
    """What a protocol of uvicorn takes for its transport: heads wait for their bodies.

    uvicorn writes the head of a response and its body one after the other, and each would be
    a packet of its own. ASGI wants no head to leave before there is a body anyway. ``Any``:
    everything else is that of the transport.

    A client whose request was refused may be sending it still. If the connection were closed
    then, the system would reset it, and most clients would never see why they were refused: so
    only our side of it is closed at first, and what still comes is thrown away, for a while.

    Args:
        transport: The one of the connection.
        is_sending: Tells whether the client has not sent all of its request.
    """

    __slots__ = ("_head", "_is_new", "_is_sending", "_transport", "is_leaving")

    def __init__(
        self, transport: asyncio.Transport, is_sending: Callable[[], bool] = lambda: False
    ) -> None:
        self._transport, self._head, self._is_new = transport, b"", True
        self._is_sending, self.is_leaving = is_sending, False

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
        """Send what is left, and close; the second time, whatever still comes."""
        self._flush()
        if self.is_leaving or self._transport.is_closing() or not self._is_sending():
            self._transport.close()
            return
        self.is_leaving = True
        self._transport.resume_reading()
        with suppress(OSError):  # the client is gone, and that was not noticed yet
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER, self._transport.close)

    def is_closing(self) -> bool:
        """Tell whether it is closed, or will be when everything is sent."""
        return self.is_leaving or self._transport.is_closing()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)
