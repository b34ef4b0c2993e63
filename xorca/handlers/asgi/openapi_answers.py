"""The answers of a service in the OpenAPI document: events, with the schemas of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xorca.handlers.asgi.schemas import REFERENCES, Schema

_FAILURE: Final[Schema] = {
    "type": "object",
    "required": ["reason", "error"],
    "properties": {"reason": {"type": "string"}, "error": {"type": "string"}},
}
_REFUSAL: Final[Schema] = {
    "description": "A reason and the name of the error, or the payload of a refusal.",
    "anyOf": [_FAILURE, {}],
}


def answers_to(command: str, given: Schema | None) -> dict[str, Schema]:
    """Give the components of the answers to a command, by their types.

    Args:
        command: Such as "cmd.books.fetch".
        given: The schema of what its service returns; None where that is nothing.
    """
    name = f"evt.{command.removeprefix('cmd.')}"
    answers = {"success": given, "error": _REFUSAL, "timeout": _FAILURE}
    return {f"{name}.{how}": _event(f"{name}.{how}", data) for how, data in answers.items()}


def outcome_with(answers: Sequence[str]) -> Schema:
    """Give the response that has one of these answers in it."""
    events = [{"$ref": REFERENCES.format(name=name)} for name in answers]
    schema: Schema = {
        "type": "object",
        "required": ["outcome"],
        "properties": {
            "outcome": {"type": "string"},
            "emitted": {"type": "array", "items": {"anyOf": events}},
        },
    }
    content = {"application/json": {"schema": schema}}
    return {"description": "what became of it, and the answer", "content": content}


def _event(name: str, data: Schema | None) -> Schema:
    """Give the schema of an event of this type; without data where there is none."""
    properties: Schema = {"type": {"const": name}}
    own: Schema = {"type": "object", "properties": properties}
    if data is not None:
        properties["data"] = data
        own["required"] = ["data"]
    return {"allOf": [{"$ref": REFERENCES.format(name="CloudEvent")}, own]}
