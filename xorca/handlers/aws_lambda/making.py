"""Handlers of orchestrators, put together from classes and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from xorca.dsl.orchestrator import Orchestrator
from xorca.errors import ConfigurationError
from xorca.handlers.aws_lambda.core import LambdaCore, Options, Unreadable
from xorca.handlers.aws_lambda.deadline import MARGIN
from xorca.handlers.aws_lambda.entry import LambdaEntry
from xorca.ports import Alarm, Bus, Clock, Lease, Store
from xorca.providers.open import open_store
from xorca.runtime import Runtime

if TYPE_CHECKING:
    from random import Random

    from xorca.handlers.aws_lambda.http_app import AsgiApp
    from xorca.runtime import Limits, TokenKeys
    from xorca.telemetry.hook import Telemetry


class RuntimeOptions(TypedDict, total=False):
    """What a :class:`~xorca.Runtime` may be told besides its store."""

    bus: Bus | None
    alarm: Alarm | None
    lease: Lease | None
    clock: Clock | None
    limits: Limits | None
    random: Random | None
    tokens: TokenKeys | None
    telemetry: Telemetry | None


def lambda_handler(
    *orchestrators: type[Orchestrator] | Runtime,
    store: Store | str | None = None,
    http: bool | AsgiApp = False,
    margin: float = MARGIN,
    unreadable: Unreadable = "deadletter",
    plain_eventbridge: bool = False,
    **options: Unpack[RuntimeOptions],
) -> LambdaEntry:
    """Give the handler of a Lambda function that runs orchestrators.

    It takes SQS (with ``ReportBatchItemFailures``), SNS, EventBridge, HTTP and direct
    invocations, and sweeps where the payload is ``{"xorca": "sweep"}`` or that of a schedule
    rule. Make it once, in the module that Lambda imports.

    Args:
        orchestrators: The classes, or one Runtime made elsewhere.
        store: Where records are kept: a Store, or the URL of one.
        http: Answer HTTP requests as :func:`xorca.handlers.asgi.app` does, or by the ASGI
            application that is given here (say, one with ``auth``). Otherwise events are taken
            by POST at any path. Who may call is left to AWS, unless the application asks.
        margin: How many seconds before the function is killed work is given up.
        unreadable: What becomes of a message of SQS that is no event: ``"deadletter"``, it is
            told of by a ``sys.xorca.deadletter`` event and acknowledged, or ``"redrive"``, it
            goes back until the queue moves it to its dead-letter queue.
        plain_eventbridge: Take EventBridge events that hold no CloudEvent for events.
        options: ``bus``, ``alarm``, ``lease`` and the other arguments of a Runtime. Without a
            bus only HTTP and direct invocations are taken, which are answered with what was
            emitted.

    Raises:
        ConfigurationError: the parts do not fit together.
        MissingExtra: ``http`` is asked for, and Starlette is not installed.
    """
    runtime = _runtime_of(orchestrators, store, options)
    found = Options(margin, unreadable, plain_eventbridge)
    return LambdaEntry(LambdaCore(runtime, app=_app_of(runtime, http), options=found))


def _runtime_of(
    given: tuple[type[Orchestrator] | Runtime, ...],
    store: Store | str | None,
    options: RuntimeOptions,
) -> Runtime:
    runtimes = [each for each in given if isinstance(each, Runtime)]
    if runtimes:
        if len(given) > 1 or store is not None or options:
            raise ConfigurationError(
                "lambda_handler() takes one Runtime, which has its ports already, or classes"
                " with store=..."
            )
        return runtimes[0]
    classes = [each for each in given if not isinstance(each, Runtime)]
    if not classes:
        raise ConfigurationError("lambda_handler() needs a class: lambda_handler(Order, store=...)")
    if store is None:
        raise ConfigurationError(
            "lambda_handler() needs a store that outlives the function: lambda_handler(Order,"
            ' store="s3://bucket/prefix", bus=...)'
        )
    opened = open_store(store) if isinstance(store, str) else store
    return Runtime(classes, store=opened, **options)


def _app_of(runtime: Runtime, http: bool | AsgiApp) -> AsgiApp | None:
    if not isinstance(http, bool):
        return http
    if not http:
        return None
    from xorca.handlers.asgi import app

    return app(runtime)
