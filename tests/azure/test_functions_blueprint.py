"""A blueprint is what the host can index, and says at once what it could never do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from tests.azure.functions_stage import Basket, Stage, SwitchedBus, SwitchedStore, body, event
from tests.azure.host import Host, NotIndexed, hosted
from xorca import Runtime
from xorca.errors import ConfigurationError, MissingExtra, PortError, UndeliveredError
from xorca.fleet import Call, Fleet
from xorca.handlers.azure_functions import blueprint, fleet_blueprint, registering
from xorca.providers.memory import MemoryBus, MemoryStore


def host_of(*blueprints: Any) -> Host:
    app = func.FunctionApp()
    for each in blueprints:
        app.register_functions(each)
    return Host(app)


def make(**options: Any) -> Any:
    return blueprint(Basket, store=MemoryStore(), bus=MemoryBus(), **options)


# -- bindings ---------------------------------------------------------------------------


def test_every_trigger_is_a_function_of_its_own() -> None:
    """Their names tell whose they are, and do not meet those of another blueprint."""
    stage = Stage()

    assert sorted(stage.host.functions) == [
        "shop_basket_event_grid",
        "shop_basket_http",
        "shop_basket_service_bus",
        "shop_basket_storage_queue",
        "shop_basket_sweep",
    ]


def test_two_blueprints_stand_side_by_side() -> None:
    """A name of one's own keeps two of one orchestrator apart."""
    host = host_of(make(event_grid=True), make(event_grid=True, name="second"))

    assert sorted(host.functions) == ["second_event_grid", "shop_basket_event_grid"]


def test_the_binding_of_a_queue_of_service_bus() -> None:
    """Bodies come as bytes, so that they are what was sent."""
    (found,) = host_of(make(service_bus="orders", sessions=True, batch=True)).functions.values()

    assert found.trigger == {
        "type": "serviceBusTrigger",
        "direction": "IN",
        "name": "messages",
        "queueName": "orders",
        "connection": "ServiceBus",
        "cardinality": "MANY",
        "isSessionsEnabled": True,
        "dataType": "BINARY",
    }


def test_the_binding_of_a_topic_of_service_bus() -> None:
    """A topic comes with its subscription, and one message at a time unless asked otherwise."""
    bound = make(service_bus=("events", "orders"), service_bus_connection="Bus")
    (found,) = host_of(bound).functions.values()

    assert found.trigger == {
        "type": "serviceBusTrigger",
        "direction": "IN",
        "name": "messages",
        "topicName": "events",
        "subscriptionName": "orders",
        "connection": "Bus",
        "cardinality": "ONE",
        "isSessionsEnabled": False,
        "dataType": "BINARY",
    }


def test_the_bindings_of_queue_route_and_timer() -> None:
    """They say what was asked for, and the key of the function guards the route."""
    bound = make(storage_queue="events", http="hooks/in", sweep="0 */5 * * * *")
    host = host_of(bound)

    queue, http, timer = (
        host.of(kind).trigger for kind in ("queueTrigger", "httpTrigger", "timerTrigger")
    )
    assert (queue["queueName"], queue["connection"]) == ("events", "AzureWebJobsStorage")
    assert (http["route"], http["authLevel"]) == ("hooks/in/{*rest}", "FUNCTION")
    assert http["methods"] == ["GET", "POST", "DELETE", "OPTIONS"]
    assert (timer["schedule"], timer["runOnStartup"]) == ("0 */5 * * * *", False)


def test_classes_and_a_url_are_enough(tmp_path: Path) -> None:
    """The store of a URL brings the alarm of its own."""
    url = f"sqlite:///{tmp_path / 'state.db'}"

    assert host_of(blueprint(Basket, store=url, bus=MemoryBus(), event_grid=True)).functions


# -- what could never run ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "no trigger"),
        ({"service_bus": ("topic",)}, "neither a queue nor a topic"),
        ({"service_bus": ("topic", "")}, "neither a queue nor a topic"),
        ({"service_bus": "q", "service_bus_connection": "Endpoint=sb://x;Key=y"}, "app setting"),
        ({"storage_queue": "q", "storage_queue_connection": ""}, "app setting"),
        ({"service_bus": True}, "service_bus=True names nothing"),
        ({"storage_queue": True}, "storage_queue=True names nothing"),
        ({"http": True}, "http=True names nothing"),
        ({"http": "/events"}, "plain route"),
        ({"http": "{tenant}/events"}, "plain route"),
        ({"http": "events", "http_level": "nobody"}, "anonymous, function, admin"),
        ({"event_grid": True, "sweep": "every minute"}, "no schedule"),
        ({"event_grid": True, "name": "1st"}, "cannot begin the name"),
        ({"event_grid": True, "queue": "x"}, "queue= is no trigger option"),
        ({"event_grid": True, "pause": -1.0}, "pause=-1.0"),
    ],
)
def test_an_option_that_cannot_be_is_told_at_once(options: Any, says: str) -> None:
    """With what is wrong and what to write, when the app is loaded."""
    with pytest.raises(ConfigurationError, match=says):
        make(**options)


@pytest.mark.parametrize("schedule", ["0 */5 * * * *", "*/5 * * * *", "%SWEEP%", "00:05:00"])
def test_a_schedule_may_be_written_as_the_host_reads_it(schedule: str) -> None:
    """Six fields, five, a setting, or a length of time."""
    assert host_of(make(sweep=schedule)).of("timerTrigger").trigger["schedule"] == schedule


@pytest.mark.parametrize(
    "options",
    [{"event_grid": True}, {"service_bus": "q"}, {"storage_queue": "q"}, {"sweep": "0 * * * * *"}],
)
def test_a_broker_needs_a_bus(options: Any) -> None:
    """Nobody reads the response of a trigger: commands would be lost."""
    with pytest.raises(ConfigurationError, match="there is no bus"):
        blueprint(Basket, store=MemoryStore(), **options)


def test_a_store_is_needed() -> None:
    """The error shows how to give one."""
    with pytest.raises(ConfigurationError, match="blueprint\\(\\) needs a store"):
        blueprint(Basket, http="events")


def test_a_runtime_has_its_ports_already() -> None:
    """One beside a store is a mistake."""
    runtime = Runtime([Basket], store=MemoryStore(), bus=MemoryBus())

    with pytest.raises(ConfigurationError, match="takes one Runtime"):
        blueprint(runtime, store=MemoryStore(), event_grid=True)


def test_an_old_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that drops what CloudEvents say is refused before it drops any."""
    names = {name: getattr(func, name) for name in ("Blueprint", "DataType")}
    monkeypatch.setattr(registering, "functions_module", lambda: SimpleNamespace(**names))

    with pytest.raises(ConfigurationError, match=r"azure-functions>=1\.25"):
        make(event_grid=True)


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    monkeypatch.setitem(sys.modules, "azure.functions", None)

    with pytest.raises(MissingExtra, match=r"pip install 'xorca\[azure-functions\]'"):
        make(event_grid=True)


def test_a_cold_start_for_a_queue_loads_no_web_framework() -> None:
    """Starlette is loaded by the first request, not by the app."""
    code = (
        "import sys; from tests.azure.functions_stage import Stage; Stage();"
        "print('starlette' in sys.modules, 'azure.storage' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False False"


# -- the test host itself ------------------------------------------------------------------


def test_the_host_refuses_what_the_worker_would() -> None:
    """A sync function, a wrong annotation, a binding of unknown keys are found."""
    app = func.FunctionApp()

    @app.event_grid_trigger(arg_name="event")
    async def wrong(event: str) -> None: ...

    with pytest.raises(NotIndexed, match="is not what the worker gives"):
        Host(app)


def test_the_host_loads_an_app_from_a_file(tmp_path: Path) -> None:
    """A function_app.py finds the modules beside it."""
    (tmp_path / "beside_it.py").write_text("CODE = 'events'\n", "utf-8")
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n"
        "from beside_it import CODE\n"
        "from tests.azure.functions_stage import Basket\n"
        "from xorca.handlers.azure_functions import blueprint\n"
        "app = func.FunctionApp()\n"
        "app.register_functions(blueprint(Basket, store='memory:', http=CODE))\n",
        "utf-8",
    )

    with hosted(tmp_path / "function_app.py") as host:
        assert list(host.functions) == ["shop_basket_http"]


# -- services -----------------------------------------------------------------------------


def shelf(store: SwitchedStore | None = None) -> tuple[Fleet, SwitchedBus, list[str]]:
    bus, served = SwitchedBus(), []
    fleet = Fleet("/srvc/shelf", bus=bus, store=store)

    @fleet.serves("cmd.shelf.reserve")
    async def reserve(call: Call) -> dict[str, bool]:
        served.append(call.subject)
        return {"ok": True}

    return fleet, bus, served


RESERVE = event("cmd.shelf.reserve", "pear", "c-1")


async def test_a_fleet_answers_a_command() -> None:
    """The answer is on the bus when the function returns."""
    fleet, bus, served = shelf()
    host = host_of(fleet_blueprint(fleet, service_bus="commands"))

    await host.service_bus(body(RESERVE))

    assert list(host.functions) == ["srvc_shelf_service_bus"]
    assert bus.types() == ["evt.shelf.reserve.success"]
    assert len(served) == 1


async def test_a_fleet_may_be_given_another_bus() -> None:
    """The fleet itself stays as it is."""
    fleet, own, _ = shelf()
    other = SwitchedBus()
    host = host_of(fleet_blueprint(fleet, bus=other, service_bus="commands"))

    await host.service_bus(body(RESERVE))

    assert other.types() == ["evt.shelf.reserve.success"]
    assert (own.types(), fleet.bus) == ([], own)


async def test_an_answer_that_cannot_be_sent_comes_again() -> None:
    """The command is given back; with a store its handler does not run again."""
    fleet, bus, served = shelf(SwitchedStore())
    host = host_of(fleet_blueprint(fleet, storage_queue="commands"))
    text = body(RESERVE).decode()
    bus.off = True

    with pytest.raises(UndeliveredError):
        await host.storage_queue(text)
    bus.off = False
    await host.storage_queue(text)

    assert bus.types() == ["evt.shelf.reserve.success"]
    assert len(served) == 1


async def test_a_fleet_is_served_over_http() -> None:
    """The application of the fleet is behind the route."""
    fleet, bus, _ = shelf()
    host = host_of(fleet_blueprint(fleet, http="commands"))
    headers = {"Content-Type": "application/cloudevents+json"}

    answer = await host.http("POST", "/api/commands", headers=headers, body=body(RESERVE))

    assert answer.status == 202
    assert bus.types() == ["evt.shelf.reserve.success"]


async def test_a_fleet_forgets_on_time() -> None:
    """The timer prunes what is remembered; without a store there is nothing to prune."""
    store = SwitchedStore()
    fleet, _, _ = shelf(store)
    host = host_of(fleet_blueprint(fleet, event_grid=True, prune="0 0 3 * * *"))
    store.off = True

    assert host.of("timerTrigger").name == "srvc_shelf_prune"
    with pytest.raises(PortError):
        await host.timer()
    with pytest.raises(ConfigurationError, match="nothing to prune"):
        fleet_blueprint(shelf()[0], event_grid=True, prune="0 0 3 * * *")


def test_a_fleet_that_hears_a_broker_needs_a_bus() -> None:
    """Its answers would be lost."""
    with pytest.raises(ConfigurationError, match="there is no bus"):
        fleet_blueprint(Fleet("/srvc/x"), event_grid=True)
