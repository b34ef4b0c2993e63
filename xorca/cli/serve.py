"""``xorca serve``: orchestrators and fleets of a module over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from xorca.cli.failing import WrongUse
from xorca.cli.serve_extra import check_extra
from xorca.cli.serve_logs import LEVELS
from xorca.cli.serve_options import http_options
from xorca.cli.serve_wish import HttpWish, ServeWish
from xorca.cli.stores import store_option

if TYPE_CHECKING:
    from xorca.cli.serve_wish import Sink


@click.command("serve")
@click.argument("target", metavar="MODULE[:Class]")
@store_option()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    envvar="PORT",
    help="The port; 0 takes a free one. [env: PORT]",
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="How many programs."
)
@click.option(
    "--sink",
    metavar="URL",
    help="Where emitted events go: https://..., sqs:queue, or 'store:' for the channel of the"
    " store; by default K_SINK, else into the response.",
)
@click.option("--sink-private", is_flag=True, help="Allow a sink in a private network.")
@click.option("--sink-http", is_flag=True, help="Allow a sink without TLS.")
@click.option("--prefix", default="", metavar="/PATH", help="What all paths begin with.")
@click.option(
    "--grace",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    metavar="SECONDS",
    help="How long what is under way may take to end.",
)
@http_options
@click.option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(LEVELS, case_sensitive=False),
    envvar="XORCA_LOG_LEVEL",
    help="What is logged; info has a line for each event. [env: XORCA_LOG_LEVEL]",
)
@click.option(
    "--json-logs",
    is_flag=True,
    envvar="XORCA_JSON_LOGS",
    help="Write log lines as JSON. [env: XORCA_JSON_LOGS]",
)
def command(  # noqa: PLR0913 - one parameter an option
    *,
    target: str,
    url: str | None,
    host: str,
    port: int,
    workers: int,
    sink: str | None,
    sink_private: bool,
    sink_http: bool,
    prefix: str,
    grace: float,
    http: HttpWish,
    log_level: str,
    json_logs: bool,
) -> None:
    """Serve the orchestrators and fleets of a module over HTTP.

    CloudEvents come to POST /, in any mode; GET /openapi.json describes the other routes.
    SIGTERM and Ctrl-C end the program when the requests under way are answered. With keys in
    XORCA_HTTP_KEY, requests must be signed.

    \b
      xorca serve shop.orders --store sqlite:///./state.db --sink https://broker.example/shop
    """  # noqa: D301
    check_extra("xorca serve")
    if not url:
        raise WrongUse("which store? Say --store sqlite:///./state.db, or set XORCA_STORE")
    if workers > 1 and url.startswith("memory:"):
        raise WrongUse("several workers share no memory: store; name one that lasts")
    wish = ServeWish(
        target=target,
        url=url,
        host=host,
        port=port,
        workers=workers,
        sink=_sink(sink, private=sink_private, http=sink_http),
        prefix=prefix,
        grace=grace,
        json_logs=json_logs,
        log_level=log_level,
        http=http,
    )
    raise SystemExit(_serve(wish))


def _sink(given: str | None, *, private: bool, http: bool) -> Sink | None:
    import os

    from xorca.cli.serve_wish import Sink

    if given:
        return Sink(given, private=private, http=http)
    platform = os.environ.get("K_SINK", "").strip()
    return Sink(platform, private=True, http=True, knative=True) if platform else None


def _serve(wish: ServeWish) -> int:
    from xorca.cli.serve_server import serve_here
    from xorca.cli.serve_socket import bind, raise_file_limit, url_of
    from xorca.cli.serve_workers import supervise

    with bind(wish.host, wish.port) as listening:
        raise_file_limit()
        where = url_of(wish.host, listening.getsockname()[1])
        code = 0
        if wish.workers == 1:
            serve_here(wish, listening, where)
        else:
            code = supervise(wish, listening, where)
    if code == 0:
        click.echo("stopped")
    return code
