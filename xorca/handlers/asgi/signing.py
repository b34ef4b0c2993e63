"""Signed requests: an HMAC-SHA256 over everything that a request means, and the time.

What is signed is the text of these lines, each ended by a line feed::

    xorca-http-1
    <seconds since 1970>
    <METHOD>
    <path, as it is sent: percent-encoded, without host and query>
    <query, as it is sent, without "?"; empty if there is none>
    <name>:<value>        for each header Content-Type, Idempotency-Key and ce-*, if sent,
                          names in lower case and in order, values without the spaces and
                          tabs around
    <SHA-256 of the body, in lower-case hexadecimal>

The header is ``xorca-signature: t=<seconds>,k=<key id>,v1=<HMAC in lower-case hexadecimal>``.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from xorca.errors import ConfigurationError
from xorca.handlers.asgi.principals import Principal
from xorca.handlers.asgi.problems import HttpProblem, unauthorized
from xorca.sealing.keys import KeyRing, Keys

if TYPE_CHECKING:
    from starlette.requests import Request

HEADER: Final = "xorca-signature"
_SHAPE: Final = re.compile(r"t=([0-9]{1,12}),k=([A-Za-z0-9_-]{1,32}),v1=([0-9a-f]{64})")
_SIGNED: Final = ("content-type", "idempotency-key")
_AROUND: Final = " \t"
"""What HTTP has around a value. Were more left out, two ids could have one signature."""


def sign(
    keys: Keys | KeyRing,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    at: float | None = None,
) -> dict[str, str]:
    """Give the headers of a signed request: those given, and the signature.

    Args:
        keys: The newest of these signs.
        method: Such as "POST".
        url: The address, or its path and query, exactly as it will be sent.
        body: The bytes of the body.
        headers: What will be sent besides; Content-Type, Idempotency-Key and ce-* are signed,
            so none of these may be added or changed afterwards.
        at: When it is sent, in seconds since 1970; now by default.

    Raises:
        ConfigurationError: the keys are none.
    """
    ring, given = KeyRing(keys), dict(headers or {})
    parts = urlsplit(url)
    seconds = int(time.time() if at is None else at)
    text = text_to_sign(
        seconds,
        (method, parts.path or "/", parts.query),
        headers=given.items(),
        body=body,
    )
    signature = _hmac(ring.get(ring.newest), text)
    return {**given, HEADER: f"t={seconds},k={ring.newest},v1={signature}"}


def text_to_sign(
    seconds: int,
    target: tuple[str, str, str],
    *,
    headers: Iterable[tuple[str, str]],
    body: bytes,
) -> bytes:
    """Give what is signed; ``target`` is the method, the path and the query."""
    method, path, query = target
    named = sorted((name.lower(), value.strip(_AROUND)) for name, value in headers)
    signed = [f"{name}:{value}" for name, value in named if _is_signed(name)]
    lines = ["xorca-http-1", str(seconds), method.upper(), path, query, *signed]
    lines.append(sha256(body).hexdigest())
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


class HmacAuth:
    """Let in who signs with one of these keys, within some time.

    A signature that was seen is not remembered: within ``tolerance`` a request can be sent
    again by whoever saw it. What it asks for is then judged as a redelivery: an event with an
    id of its own by the inbox of its process, and one without an id gets one that is derived
    from the signature, so that it is applied once as well.

    Args:
        keys: As of :class:`~xorca.runtime.TokenKeys`; any of them is taken, so that they rotate.
        tolerance: How far the time of a request may be from now, in seconds.
        names: Who has which key, by the ids of the keys; by default the key id is the name.
        now: What gives the seconds since 1970.

    Raises:
        ConfigurationError: the keys are none, or the tolerance is no time.
    """

    def __init__(
        self,
        keys: Keys | KeyRing,
        *,
        tolerance: float = 300.0,
        names: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not tolerance > 0:
            raise ConfigurationError(f"tolerance={tolerance!r} lets nobody in: give some seconds")
        self._ring, self._tolerance, self._now = KeyRing(keys), tolerance, now
        self._names = dict(names or {})

    async def __call__(self, request: Request, /) -> Principal | None:
        """Give who signed the request.

        Raises:
            HttpProblem: nobody, or not lately; nothing was parsed.
        """
        seconds, key_id, signature = self._claimed(request)
        if abs(self._now() - seconds) > self._tolerance:
            raise unauthorized(
                f"The signature is of another time than now, give or take {self._tolerance:g} s;"
                " set the clock and sign anew."
            )
        key = self._ring.get(key_id)
        # An unknown key costs as much time as a known one, and fits nothing.
        expected = _hmac(key or bytes(32), _text_of(request, seconds, await request.body()))
        if not hmac.compare_digest(expected, signature) or key is None:
            raise unauthorized("The signature is not of this request, or by no key known here.")
        return Principal(self._names.get(key_id, key_id), signature)

    def _claimed(self, request: Request) -> tuple[int, str, str]:
        given = request.headers.getlist(HEADER)
        found = _SHAPE.fullmatch(given[0]) if len(given) == 1 else None
        if found is None:
            raise unauthorized(
                f"The request is not signed; send one header {HEADER}: t=<seconds>,k=<key id>,"
                "v1=<signature>."
            )
        return int(found[1]), found[2], found[3]


def _text_of(request: Request, seconds: int, body: bytes) -> bytes:
    scope = request.scope
    raw: bytes | None = scope.get("raw_path")
    path = request.url.path if raw is None else raw.partition(b"?")[0].decode("latin-1")
    query: bytes = scope.get("query_string", b"")
    names = [(name.decode("latin-1").lower(), value) for name, value in request.headers.raw]
    try:
        headers = [(name, value.decode()) for name, value in names if _is_signed(name)]
    except UnicodeDecodeError:
        raise HttpProblem(400, "malformed", "A header is not UTF-8; percent-encode it.") from None
    target = (request.method, path, query.decode("latin-1"))
    return text_to_sign(seconds, target, headers=headers, body=body)


def _is_signed(name: str) -> bool:
    return name in _SIGNED or name.startswith("ce-")


def _hmac(key: bytes | None, text: bytes) -> str:
    assert key is not None  # it is of the ring
    return hmac.digest(key, text, "sha256").hex()
