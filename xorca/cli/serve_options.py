"""The options of ``xorca serve`` that say how its applications answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_network
from typing import Any

import click

from xorca.cli.failing import WrongUse
from xorca.cli.serve_wish import HttpWish

_Command = Callable[..., None]
_MORE_THAN_0 = click.FloatRange(0, min_open=True)


def _checked_proxies(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    for each in given:
        try:
            _ = each == "*" or ip_network(each)
        except ValueError:
            raise WrongUse(
                f"--trusted-proxy {each!r} is no address: write 10.0.0.7, 10.0.0.0/8, or *"
            ) from None
    return given


_OPTIONS = (
    click.option(
        "--webhook-origin",
        "webhook_origins",
        multiple=True,
        envvar="XORCA_WEBHOOK_ORIGINS",
        metavar="HOST",
        help="A host that may send webhooks, such as eventgrid.azure.net, or '*'; may be given"
        " several times. [env: XORCA_WEBHOOK_ORIGINS, with spaces between]",
    ),
    click.option(
        "--pass-over",
        is_flag=True,
        envvar="XORCA_PASS_OVER",
        help="Answer 202 instead of 404 for events that nobody here hears, as a subscriber of a"
        " shared broker should. [env: XORCA_PASS_OVER]",
    ),
    click.option(
        "--compat",
        is_flag=True,
        envvar="XORCA_COMPAT",
        help="Answer POST /events/{type} as the control plane of ARC SaaS did. [env: XORCA_COMPAT]",
    ),
    click.option(
        "--max-body",
        "body",
        type=click.IntRange(1),
        envvar="XORCA_MAX_BODY",
        metavar="BYTES",
        help="The largest body but for a batch. [env: XORCA_MAX_BODY]",
    ),
    click.option(
        "--body-timeout",
        type=_MORE_THAN_0,
        envvar="XORCA_BODY_TIMEOUT",
        metavar="SECONDS",
        help="How long a body may take to arrive. [env: XORCA_BODY_TIMEOUT]",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1),
        envvar="XORCA_CONCURRENCY",
        metavar="N",
        help="How many requests a program works on at once. [env: XORCA_CONCURRENCY]",
    ),
    click.option(
        "--rate",
        type=_MORE_THAN_0,
        envvar="XORCA_RATE",
        metavar="N",
        help="How many requests a second one caller may make of a program. [env: XORCA_RATE]",
    ),
    click.option(
        "--source-rate",
        type=_MORE_THAN_0,
        envvar="XORCA_SOURCE_RATE",
        metavar="N",
        help="How many events a second one source may send to a program. [env: XORCA_SOURCE_RATE]",
    ),
    click.option(
        "--trusted-proxy",
        "trusted_proxies",
        multiple=True,
        envvar="XORCA_TRUSTED_PROXIES",
        callback=_checked_proxies,
        metavar="ADDRESS",
        help="A proxy whose X-Forwarded-For is believed, an address, a network or '*'; may be"
        " given several times. [env: XORCA_TRUSTED_PROXIES, with spaces between]",
    ),
)
_NAMES = HttpWish.__struct_fields__


def http_options(command: _Command) -> _Command:
    """Add these options; the command is given them as one ``http``."""

    @wraps(command)
    def taking(**given: Any) -> None:  # whatever click found
        command(http=HttpWish(**{name: given.pop(name) for name in _NAMES}), **given)

    found: _Command = taking
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
