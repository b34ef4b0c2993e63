"""Handlers of fleets, put together from services and a bus."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from xorca.errors import ConfigurationError
from xorca.fleet import Fleet
from xorca.handlers.aws_lambda.core import LambdaCore, Options, Unreadable
from xorca.handlers.aws_lambda.deadline import MARGIN
from xorca.handlers.aws_lambda.entry import LambdaEntry
from xorca.handlers.aws_lambda.several import SeveralFleets
from xorca.ports import Bus

if TYPE_CHECKING:
    from xorca.handlers.aws_lambda.http_app import AsgiApp


def fleet_handler(
    *fleets: Fleet,
    bus: Bus | None = None,
    http: bool | AsgiApp = False,
    margin: float = MARGIN,
    unreadable: Unreadable = "deadletter",
    plain_eventbridge: bool = False,
) -> LambdaEntry:
    """Give the handler of a Lambda function that serves a Fleet, or several.

    Give a fleet a store, or a command that comes again runs its handler again; and its
    services time-outs below that of the function. A sweep forgets what was remembered long
    enough.

    Args:
        fleets: The services; what several of them hear, each of them is given.
        bus: Where answers go, whatever bus a fleet has; by default its own.
        http: As of :func:`lambda_handler`.
        margin: As of :func:`lambda_handler`.
        unreadable: As of :func:`lambda_handler`.
        plain_eventbridge: As of :func:`lambda_handler`.

    Raises:
        ConfigurationError: the parts do not fit together.
        MissingExtra: ``http`` is asked for, and Starlette is not installed.
    """
    found = Options(margin, unreadable, plain_eventbridge)
    work = _services_of(fleets, bus)
    return LambdaEntry(LambdaCore(work, app=_fleet_app_of(work, http), options=found))


def _services_of(fleets: tuple[Fleet, ...], bus: Bus | None) -> Fleet | SeveralFleets:
    buses = {id(fleet.bus): fleet.bus for fleet in fleets}
    if bus is None and len(buses) > 1:
        raise ConfigurationError(
            "the fleets have different buses: give fleet_handler() one bus=..."
        )
    if bus is not None:
        fleets = tuple(copy(fleet) for fleet in fleets)
        for fleet in fleets:
            fleet.bus = bus
    if not fleets:
        raise ConfigurationError("fleet_handler() needs a Fleet: fleet_handler(books, bus=...)")
    return fleets[0] if len(fleets) == 1 else SeveralFleets(fleets, fleets[0].bus)


def _fleet_app_of(work: Fleet | SeveralFleets, http: bool | AsgiApp) -> AsgiApp | None:
    if not isinstance(http, bool):
        return http
    if not http:
        return None
    if isinstance(work, SeveralFleets):
        raise ConfigurationError("http=True serves one Fleet: make a function for each of them")
    from xorca.handlers.asgi import fleet_app

    return fleet_app(work)
