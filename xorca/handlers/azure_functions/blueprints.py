"""``blueprint`` and ``fleet_blueprint``: orchestrators and services as functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Unpack

from xorca.dsl.orchestrator import Orchestrator
from xorca.errors import ConfigurationError, MissingExtra
from xorca.handlers.asgi import app, fleet_app
from xorca.handlers.azure_functions.asgi_call import Application
from xorca.handlers.azure_functions.registering import Upkeep, register
from xorca.handlers.azure_functions.serving import HttpFunction
from xorca.handlers.azure_functions.taking import Handling, Taker
from xorca.handlers.azure_functions.triggers import TriggerOptions, Triggers
from xorca.ports import Alarm, Bus, Lease, Store
from xorca.providers.clock import SystemClock
from xorca.providers.open import open_store
from xorca.runtime import Runtime

if TYPE_CHECKING:
    from azure.functions import Blueprint

    from xorca.fleet import Fleet
    from xorca.runtime import TokenKeys


def blueprint(
    *orchestrators: type[Orchestrator] | Runtime,
    store: Store | str | None = None,
    bus: Bus | None = None,
    alarm: Alarm | None = None,
    lease: Lease | None = None,
    tokens: TokenKeys | None = None,
    sweep: str | None = None,
    **triggers: Unpack[TriggerOptions],
) -> Blueprint:
    """Give the functions of orchestrators: ``app.register_functions(blueprint(...))``.

    All of them share one Runtime, whose rooms are opened with the first event and stay open
    for as long as the worker process lives. An event that must come again makes its function
    raise, after everything else that came with it was worked on.

    Args:
        orchestrators: The classes, or one Runtime made elsewhere, which has its ports already.
        store: Where records are kept: a Store, or the URL of one.
        bus: Where emitted events and dead letters go; only ``http`` alone does without.
        alarm: What delivers deadlines; needed by a class that has ``@after``. Of a store that
            is opened here, its own by default.
        lease: Keeps other workers away from a process while it is worked on.
        tokens: The keys of continuation tokens.
        sweep: When to sweep: six fields, seconds first, such as "0 */5 * * * *".
        triggers: See :class:`TriggerOptions`.

    Raises:
        ConfigurationError: the parts do not fit together, or there is no trigger.
        MissingExtra: azure-functions, or for ``http`` Starlette, is not installed.
    """
    given = _only_runtime(orchestrators, (store, bus, alarm, lease, tokens))
    if given is not None:
        runtime = given
    else:
        classes = [each for each in orchestrators if not isinstance(each, Runtime)]
        opened, own = _opened(store)
        runtime = Runtime(
            classes, store=opened, bus=bus, alarm=alarm or own, lease=lease, tokens=tokens
        )
    plan = next(iter(runtime.registry.definitions)).plan
    wanted = _triggers(triggers, called=plan.name, timer=sweep or "")
    _check_bus(runtime, wanted, sweeps=bool(sweep))
    taker = Taker(runtime, runtime.clock, wanted.pause)

    def make() -> Application:
        return app(runtime, auth=wanted.auth, limits=wanted.http_limits)

    upkeep = Upkeep("sweep", runtime.sweep)
    return register(wanted, taker, http=_http(wanted, taker, make), upkeep=upkeep)


def fleet_blueprint(
    fleet: Fleet,
    *,
    bus: Bus | None = None,
    prune: str | None = None,
    **triggers: Unpack[TriggerOptions],
) -> Blueprint:
    """Give the functions of a Fleet: commands in, answers out.

    Give the fleet a store, or a command that comes twice is served twice.

    Args:
        fleet: The services.
        bus: Where answers go, whatever bus the fleet has; by default its own.
        prune: When to forget what was remembered long enough: six fields, seconds first.
        triggers: See :class:`TriggerOptions`.

    Raises:
        ConfigurationError: the parts do not fit together, or there is no trigger.
        MissingExtra: azure-functions, or for ``http`` Starlette, is not installed.
    """
    if bus is not None:
        fleet = copy(fleet)
        fleet.bus = bus
    wanted = _triggers(triggers, called=fleet.name, timer=prune or "")
    _check_bus(fleet, wanted, sweeps=False)
    if prune and fleet.store is None:
        raise ConfigurationError(
            f"Fleet({fleet.source!r}) remembers nothing, and there is nothing to prune: give it"
            " store=open_store(...), or leave prune= out"
        )
    taker = Taker(fleet, SystemClock(), wanted.pause)

    def make() -> Application:
        return fleet_app(fleet, auth=wanted.auth, limits=wanted.http_limits)

    upkeep = Upkeep("prune", fleet.prune)
    return register(wanted, taker, http=_http(wanted, taker, make), upkeep=upkeep)


def _only_runtime(
    given: tuple[type[Orchestrator] | Runtime, ...], ports: tuple[object, ...]
) -> Runtime | None:
    runtimes = [each for each in given if isinstance(each, Runtime)]
    if not runtimes:
        return None
    if len(given) > 1 or any(port is not None for port in ports):
        raise ConfigurationError(
            "blueprint() takes one Runtime, which has its ports already, or classes with store="
        )
    return runtimes[0]


def _opened(store: Store | str | None) -> tuple[Store, Alarm | None]:
    if store is None:
        raise ConfigurationError(
            'blueprint() needs a store: blueprint(Order, store="az://container", ...), or a Runtime'
        )
    if not isinstance(store, str):
        return store, None
    opened = open_store(store)
    own: Alarm | None = getattr(opened, "alarm", None)
    return opened, own


def _triggers(options: TriggerOptions, *, called: str, timer: str) -> Triggers:
    unknown = sorted(set(options) - set(TriggerOptions.__annotations__))
    if unknown:
        known = ", ".join(TriggerOptions.__annotations__)
        raise ConfigurationError(f"{unknown[0]}= is no trigger option; there are {known}")
    options.setdefault("name", _name_of(called))
    return Triggers(**options, timer=timer)


def _name_of(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return plain if plain[:1].isalpha() else f"x{plain}"


def _check_bus(handling: Handling, triggers: Triggers, *, sweeps: bool) -> None:
    if handling.bus is not None or not (triggers.hears_brokers or sweeps):
        return
    raise ConfigurationError(
        "there is no bus: what an event of a broker leads to has nowhere to go, for nobody reads"
        " a response. Give bus=..., for example one of xorca.providers.azure"
    )


def _http(triggers: Triggers, taker: Taker, make: Callable[[], Application]) -> HttpFunction:
    if triggers.http and find_spec("starlette") is None:
        raise MissingExtra(f"http={triggers.http!r}", "starlette", "http")
    return HttpFunction(make, taker, triggers=triggers)
