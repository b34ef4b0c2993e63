"""A host for function apps: indexes one as the Python worker does, and runs its triggers.

What a trigger brings passes the real converters of ``azure.functions``, so that a function
gets exactly the types, and the losses, that it gets in the service.
"""

from __future__ import annotations

import inspect
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_type_hints
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
from azure.functions.http import HttpResponseConverter
from azure.functions.meta import Datum

_numbers = itertools.count()

MAY_HAVE = {
    "eventGridTrigger": set(),
    "serviceBusTrigger": {
        *("queueName", "topicName", "subscriptionName", "connection", "cardinality"),
        *("isSessionsEnabled", "dataType", "autoCompleteMessages"),
    },
    "queueTrigger": {"queueName", "connection"},
    "httpTrigger": {"route", "methods", "authLevel"},
    "http": set(),
    "timerTrigger": {"schedule", "runOnStartup", "useMonitor"},
}
"""What function.json may hold for each binding, besides type, direction and name."""

MUST_HAVE = {
    "serviceBusTrigger": {"connection"},
    "queueTrigger": {"queueName", "connection"},
    "timerTrigger": {"schedule"},
}


class NotIndexed(Exception):
    """The worker would not take this function."""


@dataclass(frozen=True)
class Indexed:
    """A function as the host knows it."""

    name: str
    run: Any
    trigger: Mapping[str, Any]


class Host:
    """One worker process with one function app."""

    def __init__(self, app: func.FunctionApp) -> None:
        found = app.get_functions()  # it raises when it is asked twice
        self.functions = {each.get_function_name(): _indexed(each) for each in found}

    def of(self, kind: str) -> Indexed:
        """Give the only function with this kind of trigger."""
        found = [each for each in self.functions.values() if each.trigger["type"] == kind]
        assert len(found) == 1, f"{len(found)} functions have a {kind}"
        return found[0]

    async def event_grid(self, event: Mapping[str, Any], *, to: str = "") -> None:
        """Let an event subscription deliver one event to a function."""
        indexed = self.functions[to] if to else self.of("eventGridTrigger")
        await self._invoke(indexed, Datum(json.dumps(event), "json"), {})

    async def service_bus(self, *messages: bytes, count: int = 1, **about: Any) -> None:
        """Let Service Bus deliver messages: one, or several where the function takes many.

        ``about`` is metadata of every message by its .NET name; ``count`` the delivery count.
        """
        indexed = self.of("serviceBusTrigger")
        each = {"DeliveryCount": count, "UserProperties": {}, "ApplicationProperties": {}, **about}
        if indexed.trigger["cardinality"] == "MANY":
            data, metadata = _several(messages, each)
        else:
            (body,) = messages
            data = Datum(body, "bytes")
            metadata = {name: _datum(value) for name, value in each.items()}
            metadata.setdefault("MessageId", _datum(f"m-{next(_numbers)}"))
        await self._invoke(indexed, data, metadata)

    async def storage_queue(self, text: str, *, count: int = 1, id: str = "q-1") -> None:
        """Let a Storage queue deliver a message; the host has taken the base64 off."""
        metadata = {"Id": _datum(id), "DequeueCount": Datum(str(count), "string")}
        await self._invoke(self.of("queueTrigger"), Datum(text, "string"), metadata)

    async def timer(self) -> None:
        """Let the timer tick."""
        await self._invoke(self.of("timerTrigger"), Datum('{"IsPastDue": false}', "json"), {})

    async def http(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        prefix: str = "api",
    ) -> Answer:
        """Send a request to the HTTP function; the URL begins with the app's prefix."""
        indexed = self.of("httpTrigger")
        route = indexed.trigger["route"].removesuffix("/{*rest}")
        path = urlsplit(url).path
        assert method in indexed.trigger["methods"], "the host answers 405 by itself"
        base = f"/{prefix}/{route}" if prefix else f"/{route}"
        assert path == base or path.startswith(f"{base}/"), "the host answers 404 by itself"
        request = Datum(
            {
                "method": _text(method),
                "url": _text(f"https://app.example{url}"),
                "headers": {name.lower(): _text(value) for name, value in (headers or {}).items()},
                "query": {name: _text(value) for name, value in parse_qsl(urlsplit(url).query)},
                "params": {"rest": _text(path[len(base) + 1 :])},
                "body": Datum(body, "bytes"),
            },
            "http",
        )
        return _answer(await self._invoke(indexed, request, {}))

    async def _invoke(self, indexed: Indexed, data: Datum, metadata: Mapping[str, Datum]) -> Any:
        converter = func.get_binding_registry().get(indexed.trigger["type"])
        given = converter.decode(data, trigger_metadata=metadata)
        return await indexed.run(**{indexed.trigger["name"]: given})


@dataclass(frozen=True)
class Answer:
    """A response as it leaves the host."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def hosted(path: Path) -> Iterator[Host]:
    """Load a function_app.py and host it; modules beside it can be imported, as in the service."""
    module = _load(path)
    apps = [each for each in vars(module).values() if isinstance(each, func.FunctionApp)]
    assert len(apps) == 1, "a function_app.py has one FunctionApp at its top"
    try:
        yield Host(apps[0])
    finally:
        sys.modules.pop(module.__name__, None)


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"function_app_{next(_numbers)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


# -- indexing ---------------------------------------------------------------------------


def _indexed(function: func.Function) -> Indexed:
    """Check a function as worker and host do.

    Raises:
        NotIndexed: they would refuse it.
    """
    name, run = function.get_function_name(), function.get_user_function()
    bindings = [json.loads(text) for text in function.get_raw_bindings()]
    for binding in bindings:
        _check_binding(name, binding)
    triggers = [each for each in bindings if each["type"].endswith("Trigger")]
    if len(triggers) != 1:
        raise NotIndexed(f"{name} has {len(triggers)} triggers")
    if not inspect.iscoroutinefunction(run):
        raise NotIndexed(f"{name} would run on a thread: it is not async")
    _check_parameters(name, run, triggers[0])
    return Indexed(name, run, triggers[0])


def _check_binding(name: str, binding: Mapping[str, Any]) -> None:
    kind = binding["type"]
    said = set(binding) - {"type", "direction", "name"}
    if kind not in MAY_HAVE:
        raise NotIndexed(f"{name}: no such binding: {kind}")
    if said - MAY_HAVE[kind]:
        raise NotIndexed(f"{name}: {kind} has no {', '.join(sorted(said - MAY_HAVE[kind]))}")
    if MUST_HAVE.get(kind, set()) - said:
        raise NotIndexed(f"{name}: {kind} needs {MUST_HAVE[kind] - said}")
    if binding["direction"] != ("OUT" if kind == "http" else "IN"):
        raise NotIndexed(f"{name}: the direction of {kind} is {binding['direction']}")
    if kind == "serviceBusTrigger":
        entity = said & {"queueName", "topicName", "subscriptionName"}
        if entity not in ({"queueName"}, {"topicName", "subscriptionName"}):
            raise NotIndexed(f"{name}: a queue, or a topic with a subscription, not {entity}")


def _check_parameters(name: str, run: Any, trigger: Mapping[str, Any]) -> None:
    if list(inspect.signature(run).parameters) != [trigger["name"]]:
        raise NotIndexed(f"{name} takes {inspect.signature(run)}, not {trigger['name']}")
    annotation = get_type_hints(run).get(trigger["name"])
    converter = func.get_binding_registry().get(trigger["type"])
    if annotation is None or not converter.check_input_type_annotation(annotation):
        raise NotIndexed(f"{name}: {trigger['name']}: {annotation} is not what the worker gives")


# -- what the host sends ------------------------------------------------------------------


def _text(value: str) -> Datum:
    return Datum(value, "string")


def _datum(value: Any) -> Datum:
    return Datum(value, "string") if isinstance(value, str) else Datum(json.dumps(value), "json")


def _several(messages: Sequence[bytes], about: Mapping[str, Any]) -> tuple[Datum, dict[str, Datum]]:
    size = len(messages)
    metadata = {f"{name}Array": _datum([value] * size) for name, value in about.items()}
    ids = about.get("MessageId") or [f"m-{next(_numbers)}" for _ in messages]
    metadata["MessageIdArray"] = _datum(ids)
    return Datum(SimpleNamespace(bytes=list(messages)), "collection_bytes"), metadata


def _answer(response: func.HttpResponse) -> Answer:
    found = HttpResponseConverter.encode(response, expected_type=None).value
    headers = {name.lower(): datum.value for name, datum in found["headers"].items()}
    return Answer(int(found["status_code"].value), headers, found["body"].value)
