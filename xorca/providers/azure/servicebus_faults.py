"""Faults of Service Bus, translated once."""

from __future__ import annotations

from typing import Final

from xorca.errors import XorcaError
from xorca.providers.azure.bus_faults import unreachable
from xorca.providers.azure.patience import NotTaken, TryLater


class NotThere(NotTaken):
    """The scheduled message came already, or was cancelled."""


_ACCESS: Final = (
    "it does not accept who asks; look at the key of the connection string, or give the identity"
    " the role 'Azure Service Bus Data Sender'"
)
_REFUSALS: Final = {
    "MessagingEntityNotFoundError": "there is no such queue or topic: create it, or name another",
    "MessagingEntityDisabledError": "it is disabled: enable it in the portal",
    "ServiceBusAuthenticationError": _ACCESS,
    "ServiceBusAuthorizationError": _ACCESS,
    "ServiceBusQuotaExceededError": "it is full: have its messages taken, or enlarge it",
    "MessageSizeExceededError": "the message is too large for it: keep large data elsewhere and"
    " send its address",
}
_LATER: Final = {
    "ServiceBusServerBusyError": "it is busy; try again later, or give the namespace more units",
    "OperationTimeoutError": "it did not answer in time; try again later",
}


def translated(exc: Exception, shown: str) -> Exception:
    """Give what an error of the SDK means; errors of ours stay what they are."""
    from azure.core.exceptions import ClientAuthenticationError
    from azure.servicebus.exceptions import ServiceBusError

    if isinstance(exc, XorcaError | NotTaken | TryLater):
        return exc
    if isinstance(exc, ClientAuthenticationError):
        return TryLater(
            f"no token for {shown} could be had ({_words(exc)}): give the app a managed identity,"
            " sign in with 'az login', or give connection_string="
        )
    if isinstance(exc, ServiceBusError):
        return _of_service(exc, shown)
    if isinstance(exc, OSError | EOFError):  # a time-out is an OSError
        return unreachable(shown, exc)
    return exc


def _of_service(exc: Exception, shown: str) -> NotTaken | TryLater:
    kind, words = type(exc).__name__, _words(exc)
    if kind == "MessageNotFoundError":
        return NotThere(f"{shown} has no such message: {words}")
    if kind in _REFUSALS:
        too_large = kind == "MessageSizeExceededError"
        return NotTaken(f"{shown}: {_REFUSALS[kind]} ({words})", too_large=too_large)
    if kind in _LATER:
        return TryLater(f"{shown}: {_LATER[kind]} ({words})")
    if getattr(exc, "_retryable", False):  # the SDK knows, and tells nobody else
        return unreachable(shown, exc)
    return NotTaken(f"{shown} refuses the message ({words}); look at its settings")


def _words(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200] or type(exc).__name__
