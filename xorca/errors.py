"""Every error that xorca raises on purpose.

XorcaError
├── DefinitionError          a class is not a machine; lists every Problem at once
├── ConfigurationError       a Runtime, room or URL was put together wrongly
│   ├── MissingExtra         an optional package is not installed; says the pip line
│   └── DestinationRefused   a URL to which nothing may be sent; ``reason`` says why
├── InvalidEvent             bytes or attributes that are no CloudEvent 1.0
├── PayloadError             data that does not fit the type a handler asks for
├── HandlerError             a handler raised, or returned what its annotation does not allow
├── RecordError              a stored record cannot be trusted or read
├── ProcessNotFound          no process of that subject is stored
├── ProcessActive            the process has not ended, and that would be needed
├── LetterNotFound           no dead letter of that id, or not its event, is kept
├── TokenRefused             a continuation token is forged, expired, used, or of a state left
├── ResultTimeout            a process was not over in time; a TimeoutError, too
├── UndeliveredError         an event must be delivered again (``raise_on_retry=True``)
└── PortError                a port could not do its work
    ├── Conflict             somebody saved since this tag was read
    ├── Unavailable          the outcome is unknown: time-out, lost connection, throttle
    ├── RecordTooLarge       the body is larger than the store takes
    ├── PublishFailed        some events were not accepted; carries their ids
    └── LeaseLost / LeaseHeld    the lease is not ours any more / is somebody else's
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from xorca.events import Event


class XorcaError(Exception):
    """Something that xorca found wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a definition.

    ``code`` is stable (``X03``), ``cause`` says what and which, ``cure`` what to write
    instead, ``place`` where (``file:line``).
    """

    code: str
    cause: str
    cure: str
    place: str = ""

    def __str__(self) -> str:
        where = f"\n      {self.place}" if self.place else ""
        return f"{self.code} {self.cause}. {self.cure}{where}"


class DefinitionError(XorcaError):
    """A class does not describe a machine that can run."""

    def __init__(self, title: str, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{title}:\n{lines}")


class ConfigurationError(XorcaError):
    """The parts do not fit together."""


class MissingExtra(ConfigurationError):
    """An optional package is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}: pip install 'xorca[{extra}]'")


class DestinationRefused(ConfigurationError):
    """Nothing may be sent to this URL.

    ``reason`` is ``url``, ``scheme``, ``port``, ``host`` (of no form that is taken, or without
    address) or ``address``: it is private, or never allowed.
    """

    def __init__(self, message: str = "", *, reason: str = "address") -> None:
        self.reason = reason
        super().__init__(message)


class InvalidEvent(XorcaError):
    """These bytes are no CloudEvent 1.0."""

    def __init__(self, message: str = "", *, reason: str = "malformed") -> None:
        self.reason = reason
        super().__init__(message)


class PayloadError(XorcaError):
    """The data does not fit the type that was asked for."""


class HandlerError(XorcaError):
    """A handler failed; its process is unchanged."""

    def __init__(self, message: str = "", *, reason: str = "handler-raised") -> None:
        self.reason = reason
        super().__init__(message)


class RecordError(XorcaError):
    """A stored record cannot be read; it is left as it is."""


class ProcessNotFound(XorcaError):
    """No process of that subject is stored."""


class LetterNotFound(XorcaError):
    """No dead letter of that id, or not its event, is kept."""


class ProcessActive(XorcaError):
    """The process has not ended yet."""


class TokenRefused(XorcaError):
    """This continuation token is not taken.

    ``reason`` is ``forged``, ``expired``, ``used``, or ``left``: the process does not wait
    for it any more. ``sent`` holds events of the process that nobody is known to have sent:
    whoever asked for ``publish=False`` sends them, as it would those of an outcome.
    """

    def __init__(
        self, message: str = "", *, reason: str = "forged", sent: Sequence[Event] = ()
    ) -> None:
        self.reason = reason
        self.sent = tuple(sent)
        super().__init__(message)


class ResultTimeout(XorcaError, TimeoutError):
    """The process was not over in time."""


class UndeliveredError(XorcaError):
    """An event was not taken and must be delivered again."""


class PortError(XorcaError):
    """A port could not do its work."""


class Conflict(PortError):
    """Somebody saved since this tag was read."""


class Unavailable(PortError):
    """The outcome of the request is unknown."""


class RecordTooLarge(PortError):
    """The body is larger than the store takes."""


class PublishFailed(PortError):
    """Some events were not accepted."""

    def __init__(self, message: str = "", *, failed: tuple[str, ...] = ()) -> None:
        self.failed = failed
        super().__init__(message)


class LeaseHeld(PortError):
    """Somebody else holds the lease."""


class LeaseLost(PortError):
    """The lease is not ours any more."""
