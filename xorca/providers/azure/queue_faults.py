"""Faults of storage queues, translated once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from xorca.errors import Unavailable
from xorca.providers.azure.bus_faults import judged, named, unreachable
from xorca.providers.azure.faults import AzureRefused
from xorca.providers.azure.patience import NotTaken, Patience, TryLater

_T = TypeVar("_T")

_ROLES: Final = (
    "give the identity the role 'Storage Queue Data Contributor', or look at the account key or"
    " SAS token and at the account's firewall"
)
_CURES: Final = {
    400: "it does not take this as it is; look at the name of the queue and the size of the event",
    401: _ROLES,
    403: _ROLES,
    404: "there is no such queue in this account: create it (`az storage queue create --name ...`)"
    " or name another",
    413: "the message is too large; a message has at most 65,536 bytes",
}


async def asked(shown: str, request: Callable[[], Awaitable[_T]]) -> _T:
    """Send one request; ``shown`` is the queue as errors name it.

    Raises:
        NotTaken, TryLater: it failed.
        Gone: the message is not there any more, or is somebody else's.
    """
    from aiohttp import ClientError
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        return await request()
    except HttpResponseError as exc:
        if isinstance(exc, ClientAuthenticationError) and exc.response is None:
            raise _unsigned(shown, exc) from exc
        raise _of_answer(shown, exc) from exc
    except (AzureError, ClientError, OSError, EOFError) as exc:  # a time-out is an OSError
        raise unreachable(shown, exc) from exc
    except (LookupError, ValueError) as exc:  # the SDK stumbles over what is not of Azure
        raise unreachable(shown, exc) from exc


def _unsigned(shown: str, exc: BaseException) -> TryLater:
    """Say that nobody was asked: there is no token, or the key cannot sign."""
    words = " ".join(str(exc).split())[:200] or type(exc).__name__
    return TryLater(
        f"no request to {shown} could be signed ({words}): look at the account key, give the app"
        " a managed identity, or sign in with 'az login'"
    )


class Gone(NotTaken):
    """The message was taken, or given to somebody else."""


_GONE: Final = frozenset(("MessageNotFound", "PopReceiptMismatch"))


def _of_answer(shown: str, exc: Any) -> NotTaken | TryLater:
    """Judge an error of the SDK, whose attributes have no types; hence Any."""
    status = int(exc.status_code or 0)
    code = getattr(exc, "error_code", None)
    code = str(getattr(code, "value", code) or "")
    if code in _GONE:
        return Gone(f"the message is not in {shown} any more, or is another worker's")
    if status < 300:  # an answer that was cut short, or that is no XML
        return unreachable(shown, exc)
    told = f"{shown} answered {named(status, code)}"
    if code == "AuthenticationFailed" and "date header" in str(exc).lower():
        return NotTaken(f"{told}: the clock of this machine is wrong; set it by NTP")
    headers = dict(exc.response.headers) if exc.response is not None else {}
    if status == 409 or code in ("OperationTimedOut", "ServerBusy"):
        return TryLater(f"{told}; try again later")
    return judged(status, headers, told=told, cures=_CURES)


async def insisted(patience: Patience, shown: str, request: Callable[[], Awaitable[_T]]) -> _T:
    """Send a request that is safe to send twice until it is answered.

    Raises:
        Unavailable: it was not answered in time.
        AzureRefused: it is refused until somebody acts; the text says why.
        Gone: as above.
    """
    try:
        return await patience.insist(lambda: asked(shown, request), until=patience.until())
    except Gone:
        raise
    except NotTaken as exc:
        raise AzureRefused(str(exc)) from exc
    except TryLater as exc:
        raise Unavailable(str(exc)) from exc
