"""What a store in a cloud does not have beside it, and where it is to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from xorca.errors import ConfigurationError

_CURES = {
    "alarm": "give the Runtime an alarm of its own, such as alarm=open_alarm(url)",
    "channel": "give the Runtime a bus of its own, such as bus=open_bus(url)",
    "lease": "give the Runtime a lease of its own, such as lease=DynamoDBLease('TABLE')",
}


class NotKeptHere(ConfigurationError, AttributeError):
    """A store of records alone was asked for a channel, an alarm or leases."""


class OnlyRecords:
    """A store that keeps records, and tells where everything else is to be had."""

    __slots__ = ()

    if not TYPE_CHECKING:  # so that a type checker still knows what is not here

        def __getattr__(self, name: str) -> NoReturn:
            kind = type(self).__name__
            cure = _CURES.get(name)
            if cure is None:
                raise AttributeError(f"{kind!r} object has no attribute {name!r}")
            raise NotKeptHere(f"{kind} has no {name}: {cure}")
