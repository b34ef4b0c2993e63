"""From triggers to functions that the Python worker can index."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from xorca.errors import ConfigurationError, MissingExtra
from xorca.handlers.azure_functions.handshake import Reply
from xorca.handlers.azure_functions.objects import RequestBinding
from xorca.handlers.azure_functions.serving import HttpFunction
from xorca.handlers.azure_functions.taking import Taker
from xorca.handlers.azure_functions.triggers import Triggers

if TYPE_CHECKING:
    from azure.functions import Blueprint

METHODS = ("GET", "POST", "DELETE", "OPTIONS")


def functions_module() -> Any:
    """Give ``azure.functions``; Any, for its decorators are not typed.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return import_module("azure.functions")
    except ModuleNotFoundError as exc:
        if (exc.name or "") not in ("azure", "azure.functions"):
            raise
        raise MissingExtra(
            "xorca.handlers.azure_functions", "azure-functions", "azure-functions"
        ) from exc


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a timer runs, and what the name of its function ends with."""

    ending: str
    run: Callable[[], Awaitable[object]]


def register(triggers: Triggers, taker: Taker, *, http: HttpFunction, upkeep: Upkeep) -> Blueprint:
    """Make the functions of a blueprint.

    The parameter of a function has the name of its binding, and an annotation that is looked
    at when it is indexed; both are set here, for the package is imported late.
    """
    registrar = _Registrar(functions_module(), triggers)
    if triggers.event_grid:
        registrar.event_grid(taker)
    if triggers.service_bus:
        registrar.service_bus(taker)
    if triggers.storage_queue:
        registrar.storage_queue(taker)
    if triggers.http:
        registrar.http(http)
    if triggers.timer:
        registrar.timer(upkeep)
    return cast("Blueprint", registrar.blueprint)


class _Registrar:
    def __init__(self, func: Any, triggers: Triggers) -> None:  # Any: see functions_module
        self._func, self._triggers, self.blueprint = func, triggers, func.Blueprint()

    def event_grid(self, taker: Taker) -> None:
        async def run(event: object) -> None:
            await taker.take(event)

        event = getattr(self._func, "CloudEvent", None)
        if event is None:
            raise ConfigurationError(
                "event_grid=True needs azure-functions 1.25 or newer: older ones drop the type"
                " and source of CloudEvents; write azure-functions>=1.25 into requirements.txt, and"
                " set PYTHON_ISOLATE_WORKER_DEPENDENCIES=1, or the worker may bring its own"
            )
        self._add(run, self.blueprint.event_grid_trigger(arg_name="event"), "event_grid", event)

    def service_bus(self, taker: Taker) -> None:
        found = self._triggers
        message = self._func.ServiceBusMessage

        async def run(messages: object) -> None:
            await taker.take_messages(messages)

        common = {
            "arg_name": "messages",
            "connection": found.service_bus_connection,
            "data_type": "binary",  # else the worker writes the JSON of a batch anew
            "cardinality": "many" if found.batch else "one",
            "is_sessions_enabled": found.sessions,
        }
        if isinstance(found.service_bus, str):
            trigger = self.blueprint.service_bus_queue_trigger(
                queue_name=found.service_bus, **common
            )
        else:
            topic, subscription = found.service_bus or ("", "")
            trigger = self.blueprint.service_bus_topic_trigger(
                topic_name=topic, subscription_name=subscription, **common
            )
        several = import_module("typing").List[message]  # the worker knows no list[...]
        self._add(run, trigger, "service_bus", several if found.batch else message)

    def storage_queue(self, taker: Taker) -> None:
        async def run(message: object) -> None:
            await taker.take(message)

        trigger = self.blueprint.queue_trigger(
            arg_name="message",
            queue_name=self._triggers.storage_queue,
            connection=self._triggers.storage_queue_connection,
        )
        self._add(run, trigger, "storage_queue", self._func.QueueMessage)

    def http(self, http: HttpFunction) -> None:
        async def run(request: RequestBinding) -> object:
            return self._response(await http.answer(request))

        trigger = self.blueprint.route(
            route=f"{self._triggers.http}/{{*rest}}",
            trigger_arg_name="request",
            methods=METHODS,
            auth_level=self._triggers.http_level,
        )
        self._add(run, trigger, "http", self._func.HttpRequest, gives=self._func.HttpResponse)

    def timer(self, upkeep: Upkeep) -> None:
        async def run(timer: object) -> None:
            await upkeep.run()

        trigger = self.blueprint.timer_trigger(
            schedule=self._triggers.timer, arg_name="timer", run_on_startup=False
        )
        self._add(run, trigger, upkeep.ending, self._func.TimerRequest)

    def _response(self, reply: Reply) -> object:
        kind = next((v for n, v in reply.headers.items() if n.lower() == "content-type"), None)
        return self._func.HttpResponse(
            reply.body, status_code=reply.status, headers=dict(reply.headers), mimetype=kind
        )

    def _add(
        self, run: Any, trigger: Any, ending: str, takes: Any, *, gives: Any = None
    ) -> None:  # Any: a function of which name and annotations are set, and what azure gives
        run.__name__ = run.__qualname__ = f"{self._triggers.name}_{ending}"
        (parameter,) = run.__code__.co_varnames[:1]
        run.__annotations__ = {parameter: takes, "return": gives}
        self.blueprint.function_name(run.__name__)(trigger(run))
