"""CloudEvents over HTTP: an ASGI application for orchestrators, and one for a Fleet.

Needs the extra ``http``. Nothing of it is imported before an application is made, so that
:func:`sign` is there for clients that have no web framework.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from xorca.dsl.orchestrator import Orchestrator
from xorca.errors import ConfigurationError, MissingExtra
from xorca.handlers.asgi.limits import HttpLimits
from xorca.handlers.asgi.principals import Auth, Principal
from xorca.handlers.asgi.problems import HttpProblem
from xorca.handlers.asgi.signing import HmacAuth, sign
from xorca.ports import Alarm, Bus, Room, Store
from xorca.providers.open import open_store
from xorca.runtime import Runtime

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from xorca.fleet import Fleet
    from xorca.handlers.asgi.application import Options
    from xorca.runtime import TokenKeys

__all__ = [
    "Auth",
    "HmacAuth",
    "HttpLimits",
    "HttpProblem",
    "Principal",
    "app",
    "fleet_app",
    "sign",
]


def app(  # noqa: PLR0913 - an application is put together from all of these
    *orchestrators: type[Orchestrator] | Runtime,
    store: Store | str | None = None,
    bus: Bus | None = None,
    alarm: Alarm | None = None,
    tokens: TokenKeys | None = None,
    prefix: str = "",
    auth: Auth | None = None,
    limits: HttpLimits | None = None,
    compat: bool = False,
    pass_over: bool = False,
    title: str = "",
    webhook_origins: Collection[str] = (),
) -> Starlette:
    """Give an ASGI application that serves orchestrators.

    Without a bus, what an event makes a process emit is in the response to it, and counts as
    sent when an answer names it: a response may be lost, so a repeated request gets the same
    events again.

    Args:
        orchestrators: The classes, or one Runtime made elsewhere.
        store: Where records are kept: a Store, which whoever opened it closes, or the URL of
            one, which is closed when the application shuts down.
        bus: Where emitted events go; None: into the response.
        alarm: What delivers deadlines; needed by a class that has ``@after``. Of a store that
            is opened here, its own by default.
        tokens: The keys of continuation tokens; with them there are the ``/resume`` routes.
        prefix: What all paths begin with, such as "/orders".
        auth: Who may call; None: everybody. ``/health``, ``/ready`` and ``/resume``, whose
            token is a credential of its own, are not asked for it.
        limits: Sizes, times, rates.
        compat: Answer ``POST /events/{type}`` as the control plane of ARC SaaS did.
        pass_over: Answer 202 for events that nobody here hears, as a subscriber of a shared
            broker should, instead of 404.
        title: Of the OpenAPI document.
        webhook_origins: The hosts that are told, where they ask before they send events by
            webhooks, that they may, such as "eventgrid.azure.net"; "*" stands for any.

    Raises:
        ConfigurationError: the parts do not fit together.
        MissingExtra: Starlette is not installed.
    """
    options = _options(prefix, auth, limits, pass_over=pass_over, webhook_origins=webhook_origins)
    from xorca.handlers.asgi.application import runtime_application

    runtime, rooms = _runtime_of(orchestrators, store, bus=bus, alarm=alarm, tokens=tokens)
    from dataclasses import replace

    names = dict.fromkeys(found.plan.name for found in runtime.registry.definitions)
    options = replace(options, compat=compat, closes=rooms, title=title or ", ".join(names))
    return runtime_application(runtime, options)


def fleet_app(
    fleet: Fleet,
    *,
    prefix: str = "",
    auth: Auth | None = None,
    limits: HttpLimits | None = None,
    pass_over: bool = False,
    title: str = "",
    webhook_origins: Collection[str] = (),
) -> Starlette:
    """Give an ASGI application that serves a Fleet: commands in, answers out.

    A fleet without a bus answers in the response. Give it a store, or a repeated request runs
    its handlers again.

    Args: as of :func:`app`.

    Raises:
        ConfigurationError: the parts do not fit together.
        MissingExtra: Starlette is not installed.
    """
    options = _options(prefix, auth, limits, pass_over=pass_over, webhook_origins=webhook_origins)
    from dataclasses import replace

    from xorca.handlers.asgi.application import fleet_application

    return fleet_application(fleet, replace(options, title=title or fleet.source))


def _options(
    prefix: str,
    auth: Auth | None,
    limits: HttpLimits | None,
    *,
    pass_over: bool,
    webhook_origins: Collection[str],
) -> Options:
    if prefix and (not prefix.startswith("/") or prefix.endswith("/") or "{" in prefix):
        raise ConfigurationError(f'prefix={prefix!r} is none: write "/orders", say')
    try:
        from xorca.handlers.asgi.application import Options
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] != "starlette":
            raise
        raise MissingExtra("xorca.handlers.asgi", "starlette", "http") from exc
    from xorca.handlers.asgi.webhooks import checked_origins

    origins = checked_origins(webhook_origins)
    limits = limits or HttpLimits()
    return Options(prefix, auth, limits, pass_over=pass_over, webhook_origins=origins)


def _runtime_of(
    given: tuple[type[Orchestrator] | Runtime, ...],
    store: Store | str | None,
    *,
    bus: Bus | None,
    alarm: Alarm | None,
    tokens: TokenKeys | None,
) -> tuple[Runtime, tuple[Room, ...]]:
    runtimes = [each for each in given if isinstance(each, Runtime)]
    if runtimes:
        if len(given) > 1 or (store, bus, alarm, tokens) != (None, None, None, None):
            raise ConfigurationError(
                "app() takes one Runtime, which has its ports already, or classes with store="
            )
        return runtimes[0], ()
    if store is None:
        raise ConfigurationError(
            'app() needs a store: app(Order, store="sqlite:///./state.db"), or a Runtime'
        )
    classes = [each for each in given if not isinstance(each, Runtime)]
    if not isinstance(store, str):
        return Runtime(classes, store=store, bus=bus, alarm=alarm, tokens=tokens), ()
    opened = open_store(store)
    own_alarm: Alarm | None = getattr(opened, "alarm", None) if alarm is None else alarm
    return Runtime(classes, store=opened, bus=bus, alarm=own_alarm, tokens=tokens), (opened,)
