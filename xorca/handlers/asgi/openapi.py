"""The OpenAPI 3.1 document of an application, with the payload types of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from xorca.codec import Codec
from xorca.handlers.asgi.openapi_answers import answers_to, outcome_with
from xorca.handlers.asgi.openapi_parts import (
    ANSWERS,
    COMPONENTS,
    HANDSHAKE,
    PARAMETERS,
    PROCESS_PATHS,
    RESUME_PATHS,
    SHARED_PATHS,
)
from xorca.handlers.asgi.schemas import Schema, schemas_of


@dataclass(slots=True)
class Described:
    """What a document is made of: the payloads that start, and those of other events.

    ``answers`` has, by its command, what a service gives; with ``replies`` that is in the
    response.
    """

    title: str
    version: str
    prefix: str = ""
    starts: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    events: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    answers: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    patterns: bool = False
    replies: bool = False
    webhooks: bool = False
    processes: bool = False
    tokens: bool = False
    signed: bool = False


def annotations_of(codecs: Sequence[Codec | None]) -> list[Any]:
    """Give the annotations of some codecs, each once; Any is whatever was annotated."""
    found: list[Any] = []
    for codec in codecs:
        if codec is not None and codec.annotation not in found:
            found.append(codec.annotation)
    return found


def document_of(about: Described) -> Schema:
    """Give the document."""
    writer = _Writer(about)
    paths = {**SHARED_PATHS, **writer.event_paths()}
    if about.webhooks:
        paths["/"] = {**paths["/"], **HANDSHAKE}
    if about.processes:
        paths |= {**PROCESS_PATHS, **writer.start_paths()}
    if about.tokens:
        paths |= RESUME_PATHS
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": about.title, "version": about.version},
        "paths": {f"{about.prefix}{path}": operations for path, operations in paths.items()},
        "components": {**COMPONENTS, "schemas": {**COMPONENTS["schemas"], **writer.components}},
    }
    if about.signed:
        document["security"] = [{"signature": []}]
    return document


class _Writer:
    """Writes the paths of payloads, all of which share their components."""

    def __init__(self, about: Described) -> None:
        self._about = about
        groups = [*about.starts.values(), *about.events.values(), *about.answers.values()]
        flat = [annotation for group in groups for annotation in group]
        schemas, components = schemas_of(flat)
        self._schemas = iter(schemas)
        self._starts = {name: self._body(group) for name, group in about.starts.items()}
        self._events = {name: self._body(group) for name, group in about.events.items()}
        answers = {
            name: answers_to(name, self._next(about.answers[name])) for name in about.answers
        }
        self._answers = {name: list(events) for name, events in answers.items()}
        self.components = dict(components)
        for events in answers.values():
            self.components |= events

    def _next(self, group: list[Any]) -> Schema | None:
        schemas = [next(self._schemas) for _ in group]
        if not schemas:
            return None
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _body(self, group: list[Any]) -> Schema:
        schema = self._next(group)
        if schema is None:
            return {}
        content = {"application/json": {"schema": schema}}
        return {"requestBody": {"content": content, "required": True}}

    def start_paths(self) -> Schema:
        """Give a path for each orchestrator that can be started."""
        names = ("id", "process_id", "version", "event", "idempotency-key")
        parameters = [PARAMETERS[name] for name in names]
        return {
            f"/processes/{name}": {
                "post": {
                    "operationId": f"start {name}",
                    "summary": f"Start a process of {name}",
                    "parameters": parameters,
                    **body,
                    "responses": {
                        "201": {"$ref": "#/components/responses/Outcome"},
                        "200": {"$ref": "#/components/responses/Outcome"},
                        **ANSWERS,
                    },
                }
            }
            for name, body in self._starts.items()
        }

    def event_paths(self) -> Schema:
        """Give a path for each event that is heard by its own name, and one for patterns."""
        paths = {f"/events/{n}": self._event(n, body) for n, body in self._events.items()}
        if self._about.patterns:
            any_body: Schema = {"requestBody": {"content": {"application/json": {"schema": {}}}}}
            paths["/events/{type}"] = self._event("by its type", any_body)
            paths["/events/{type}"]["parameters"] = [PARAMETERS["type"]]
        return paths

    def _event(self, name: str, body: Schema) -> Schema:
        names = ("id", "source", "subject", "causationid", "idempotency-key")
        return {
            "post": {
                "operationId": f"send {name}",
                "summary": f"Send one event, {name}",
                "parameters": [PARAMETERS[each] for each in names],
                **body,
                "responses": {
                    "200": self._outcome(name),
                    "202": {"$ref": "#/components/responses/Outcome"},
                    **ANSWERS,
                },
            }
        }

    def _outcome(self, name: str) -> Schema:
        if self._about.replies and name in self._answers:
            return outcome_with(self._answers[name])
        return {"$ref": "#/components/responses/Outcome"}
