"""The handshake of webhooks: who may send events here, asked before the first one comes.

CloudEvents: HTTP 1.1 Web Hooks for Event Delivery, section 4, and the validation event that
Azure Event Grid sends where a subscription has its own schema. A callback address is never
called: whoever asks could choose it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import msgspec
from starlette.responses import Response

from xorca.errors import ConfigurationError
from xorca.handlers.asgi.answers import empty_response, json_response
from xorca.handlers.asgi.gate import Asked, Work
from xorca.handlers.asgi.problems import HttpProblem

ANY: Final = "*"
EVENT_GRID: Final = "eventgrid.azure.net"
_HOST: Final = re.compile(r"(?=.{1,253}(?::|$))[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?(?::[0-9]{1,5})?")
_RATE: Final = re.compile(r"\*|0*[1-9][0-9]{0,8}")
_VALIDATION: Final = "subscriptionvalidation"
_CODE: Final = re.compile(r"[\x20-\x7e]{1,512}")


class _Data(msgspec.Struct):
    validationCode: str  # noqa: N815 - Event Grid's own name


class _Validation(msgspec.Struct):
    data: _Data


_read = msgspec.json.Decoder(tuple[_Validation]).decode


class Webhooks:
    """Answers who asks whether it may send events here.

    Args:
        origins: The hosts that may, in lower case; ``*`` stands for any.
        rate: How many requests a second one caller may make; None: any number.
    """

    __slots__ = ("_origins", "_rate")

    def __init__(self, origins: Collection[str], rate: float | None) -> None:
        self._origins = frozenset(origins)
        self._rate = None if rate is None else max(1, int(rate * 60))

    async def handshake(self, asked: Asked) -> Response:
        """Answer ``OPTIONS``: may this origin send events, and how many a minute?"""
        heads = asked.heads
        if not heads.has(b"webhook-request-origin"):
            raise HttpProblem(
                405, "method", "This address does not take OPTIONS.", headers={"Allow": "POST"}
            )
        origin = heads.get(b"webhook-request-origin").strip()
        if not self._allows(origin):
            raise HttpProblem(
                403, "webhook-origin", "This origin may not send events here; see webhook_origins."
            )
        said = {"Allow": "POST", "WebHook-Allowed-Origin": origin}
        if heads.has(b"webhook-request-rate"):
            wanted = heads.get(b"webhook-request-rate").strip()
            said["WebHook-Allowed-Rate"] = self._granted(wanted)
        return empty_response(200, headers=said)

    def before(self, receive: Work) -> Work:
        """Give what answers validation events, and leaves all others to ``receive``."""

        async def work(asked: Asked) -> Response:
            answer = self.validation(asked)
            return await receive(asked) if answer is None else answer

        return work

    def validation(self, asked: Asked) -> Response | None:
        """Answer the validation event of Event Grid; None where the request is none.

        Raises:
            HttpProblem: Event Grid may not send events here, or it cannot be read.
        """
        if asked.heads.get(b"aeg-event-type").strip().lower() != _VALIDATION:
            return None
        if not self._allows(EVENT_GRID):
            raise HttpProblem(403, "webhook-origin", "Event Grid may not send events here.")
        try:
            (found,) = _read(asked.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _no_validation() from None
        if not _CODE.fullmatch(found.data.validationCode):
            raise _no_validation()
        return json_response({"validationResponse": found.data.validationCode})

    def _allows(self, origin: str) -> bool:
        known = _HOST.fullmatch(origin.lower()) is not None
        return known and (ANY in self._origins or origin.lower() in self._origins)

    def _granted(self, wanted: str) -> str:
        if not _RATE.fullmatch(wanted):
            raise HttpProblem(
                400, "malformed", "WebHook-Request-Rate is to be a positive number, or *."
            )
        if self._rate is None:
            return wanted
        return str(self._rate if wanted == ANY else min(int(wanted), self._rate))


def checked_origins(origins: Collection[str]) -> tuple[str, ...]:
    """Give the hosts of ``webhook_origins`` in lower case.

    Raises:
        ConfigurationError: one is neither a host nor ``*``.
    """
    if isinstance(origins, str):
        raise ConfigurationError(
            f'webhook_origins={origins!r} is one text: write webhook_origins=("{origins}",)'
        )
    found = tuple(str(origin).lower() for origin in origins)
    for given, host in zip(origins, found, strict=True):
        if host != ANY and not _HOST.fullmatch(host):
            raise ConfigurationError(
                f'webhook_origins has {given!r}, which is no host: write "eventgrid.azure.net",'
                ' say, without a scheme or a path, or "*"'
            )
    return found


def _no_validation() -> HttpProblem:
    return HttpProblem(
        400, "malformed", "The validation event is to be an array of one, with a validationCode."
    )
