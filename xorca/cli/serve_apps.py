"""The applications of ``xorca serve``: one for the orchestrators, one a fleet, on their paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xorca.cli.failing import WrongUse
from xorca.cli.serve_wish import HttpWish
from xorca.fleet import Fleet
from xorca.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from xorca.handlers.asgi import Auth, HttpLimits

    Scope = MutableMapping[str, Any]
    App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]

_STRANGE = re.compile(r"[^A-Za-z0-9._~/-]+")
_LIMITS = ("body", "body_timeout", "concurrency", "rate", "source_rate")


class Site:
    """One ASGI application out of several, by the beginnings of their paths.

    ``lines`` says what is served where.
    """

    def __init__(self, apps: Mapping[str, App], lines: Sequence[str]) -> None:
        longest_first = sorted(apps.items(), key=lambda item: -len(item[0]))
        self._apps, self.lines = longest_first, tuple(lines)

    @property
    def whole(self) -> App:
        """What answers requests: the only application, or this, which chooses among several."""
        return self if len(self._apps) > 1 else self._apps[0][1]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Hand a request on; ``Any``, for these are what ASGI says they are."""
        path: str = scope["path"]
        for prefix, app in self._apps:
            if path == prefix or path.startswith(f"{prefix}/"):
                await app(scope, receive, send)
                return
        await self._apps[-1][1](scope, receive, send)


def site_of(
    runtime: Runtime | None, fleets: Sequence[Fleet], prefix: str, http: HttpWish | None = None
) -> Site:
    """Put together what is served: orchestrators at the root, fleets below it.

    Raises:
        WrongUse: two fleets would have one path.
    """
    from xorca.handlers.asgi import app, fleet_app

    http = http or HttpWish()
    options: dict[str, Any] = {  # as both kinds of application take them
        "auth": auth_by_environment(),
        "limits": _limits_of(http),
        "pass_over": http.pass_over,
        "webhook_origins": http.webhook_origins,
    }
    apps: dict[str, App] = {}
    lines: list[str] = []
    if runtime is not None:
        apps[prefix] = app(runtime, prefix=prefix, compat=http.compat, **options)
        for definition in runtime.registry.definitions:
            plan = definition.plan
            lines.append(f"{plan.name} {plan.version} at {prefix or '/'}")
    for fleet in fleets:
        place = prefix if not apps and len(fleets) == 1 else _place(fleet, prefix)
        if place in apps:
            raise WrongUse(f"two fleets would be at {place}: give one of them another name")
        apps[place] = fleet_app(fleet, prefix=place, **options)
        lines.append(f"{fleet.source} at {place or '/'}")
    if prefix not in apps:
        apps[prefix] = _only_health(prefix)
    return Site(apps, lines)


def _limits_of(http: HttpWish) -> HttpLimits:
    from xorca.handlers.asgi import HttpLimits

    given = {name: getattr(http, name) for name in _LIMITS}
    return HttpLimits(**{name: value for name, value in given.items() if value is not None})


def _place(fleet: Fleet, prefix: str) -> str:
    return f"{prefix}/fleets/{_STRANGE.sub('-', fleet.name).strip('/-')}"


def _only_health(prefix: str) -> App:
    """Answer where several fleets have their own paths: the program itself is alive."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    from xorca.handlers.asgi.health import Readiness, health

    ready = Readiness(None).endpoint()
    return Starlette(routes=[Route(f"{prefix}/health", health), Route(f"{prefix}/ready", ready)])


def auth_by_environment() -> Auth | None:
    """Give what checks signatures, with the keys in XORCA_HTTP_KEY; None where it is not set."""
    from xorca.handlers.asgi import HmacAuth

    keys = os.environ.get("XORCA_HTTP_KEY", "").strip()
    return HmacAuth(keys) if keys else None
