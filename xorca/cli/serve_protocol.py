"""HTTP/1.1 as uvicorn speaks it, with bounds on the head of a request, in fewer packets."""

from __future__ import annotations

import asyncio
import re
from asyncio import TimerHandle
from typing import Any, ClassVar, Protocol

from uvicorn.protocols.http.h11_impl import H11Protocol

from xorca.cli.serve_transport import WholeResponses

_LONGEST = 65_536
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_BEGINNING = b"\r\nupgrade:"
_ENDS = (b"\r\n\r", b"\r\n", b"\r")
_LISTENS = 1.0
"""How long who says that nothing more comes is still thought to listen, in seconds."""


class _Cycle(Protocol):
    response_complete: bool
    more_body: bool


class Patience:
    """What is added to a protocol of uvicorn: a head that takes too long ends its connection.

    A body that does not arrive is a matter of the application, and so is a slow answer. What
    is bounded here is what no application sees: a connection on which nothing, or never the
    end of a head, is sent. ``Any``: uvicorn's constructor takes what it likes.
    """

    patience: ClassVar[float] = 30.0
    """How long the head of a request may take, in seconds."""

    transport: WholeResponses
    cycle: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: TimerHandle | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request."""
        whole = WholeResponses(transport, self._is_sending)
        super().connection_made(whole)  # type: ignore[misc]
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head, or stop waiting."""
        if self.transport.is_leaving:
            return
        super().data_received(data)  # type: ignore[misc]
        if self._is_asked():
            self._rest()
            return
        self._head += len(data)
        if self._head > _LONGEST:
            self._give_up()
        elif self._waiting is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Send what is left of a response, and go on."""
        self.transport.end()
        super().on_response_complete()  # type: ignore[misc]

    def eof_received(self) -> bool:
        """Answer who asked, and then said that nothing more comes, if that does not take long.

        Who went away says nothing else, so that nobody is worked for after a while.
        """
        if not self._is_asked() or self._is_sending():
            return False
        self.cycle.keep_alive = False
        asyncio.get_running_loop().call_later(_LISTENS, self.transport.close)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._rest()
        super().connection_lost(exc)  # type: ignore[misc]

    def _is_asked(self) -> bool:
        cycle: _Cycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _is_sending(self) -> bool:
        cycle: _Cycle | None = self.cycle
        return cycle is not None and cycle.more_body

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(self.patience, self._give_up)

    def _rest(self) -> None:
        self._head = 0
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._rest()
        if not self._is_asked() and not self.transport.is_closing():
            self.transport.close()


class PatientH11(Patience, H11Protocol):  # type: ignore[misc]
    """In Python alone."""


def _without_upgrade(data: bytes) -> tuple[bytes, bytes]:
    """Leave out of a head that its client would change the protocol: nobody here does.

    HTTP allows that, and the client goes on as if it had not asked. The parser would skip the
    body of the request, the event. Of a head that has no end yet, the second part is what may
    be such a line, to be looked at with what comes next.
    """
    end = data.find(b"\r\n\r\n")
    if end >= 0:
        head = _UPGRADE.sub(b"", data[:end])
        return data if len(head) == end else head + data[end:], b""
    held = next((end for end in _ENDS if data.endswith(end)), b"") or _begun_line(data)
    whole = data[: len(data) - len(held)]
    # What it asks for is of no interest, and may be long.
    return _UPGRADE.sub(b"", whole), held[: len(_BEGINNING)]


def _begun_line(data: bytes) -> bytes:
    """Give the last line if it asks for another protocol, or may yet do so."""
    cut = data.rfind(b"\r\n")
    line = data[cut:] if cut >= 0 else b""
    begun = line[: len(_BEGINNING)].lower()
    return line if _BEGINNING.startswith(begun) else b""


def patient_protocol() -> type[asyncio.Protocol]:
    """Give the fastest protocol that is installed, with its bounds."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return PatientH11

    class PatientHttpTools(Patience, HttpToolsProtocol):  # type: ignore[misc]
        """With a parser in C, which takes what follows an Upgrade for another protocol."""

        _held = b""

        def data_received(self, data: bytes) -> None:
            """Receive a request, also of a client that would rather speak HTTP/2."""
            if not (self._is_asked() or self._is_sending()):
                data, self._held = _without_upgrade(self._held + data)
            super().data_received(data)

        def on_headers_complete(self) -> None:
            """Begin with a request whose headers are those before its body.

            Trailers would be added to them, and say who knows what after they were looked at.
            """
            super().on_headers_complete()
            self.headers: list[tuple[bytes, bytes]] = []

        def on_message_complete(self) -> None:
            """Note the end of a request, also where it was answered before."""
            super().on_message_complete()
            self.cycle.more_body = False

    return PatientHttpTools
