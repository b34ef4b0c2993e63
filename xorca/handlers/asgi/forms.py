"""A payload type as the fields of a form, and what was filled in as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from xorca.handlers.asgi.schemas import Schema, resolved, schemas_of

Kind = Literal["text", "integer", "number", "boolean", "choice"]
_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_MOST = 30
RAW = "payload"
"""The one field of a form whose payload is not simple: JSON as text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in; an ``optional`` one may be left empty."""

    name: str
    kind: Kind
    optional: bool = False
    choices: tuple[str, ...] = ()


def fields_of(annotation: Any) -> tuple[Field, ...] | None:
    """Give the fields of a payload type; None where it is more than flat and simple."""
    (schema,), components = schemas_of([annotation])
    schema = resolved(schema, components)
    properties: dict[str, Schema] = schema.get("properties", {})
    if schema.get("type") != "object" or not 0 < len(properties) <= _MOST:
        return None
    required = set(schema.get("required", ()))
    fields = [
        _field(name, part, components, optional=name not in required)
        for name, part in properties.items()
    ]
    simple = tuple(field for field in fields if field is not None)
    return simple if len(simple) == len(fields) else None


def payload_of_form(fields: tuple[Field, ...] | None, form: Mapping[str, str]) -> bytes:
    """Give what was filled in as JSON; what does not fit its field is left to the handler."""
    if fields is None:
        return form.get(RAW, "").strip().encode("utf-8", "surrogatepass") or b"null"
    filled = {field.name: form.get(field.name, "") for field in fields}
    values = {
        field.name: _value(field, filled[field.name])
        for field in fields
        if filled[field.name] or not field.optional
    }
    return msgspec.json.encode(values)


def _field(
    name: str, schema: Schema, components: dict[str, Schema], *, optional: bool
) -> Field | None:
    schema = resolved(schema, components)
    arms = [resolved(arm, components) for arm in schema.get("anyOf", ())]
    if arms:
        others = [arm for arm in arms if arm.get("type") != "null"]
        if len(others) != 1:
            return None
        schema, optional = others[0], optional or len(others) < len(arms)
    choices = schema.get("enum")
    if choices is not None:
        texts = tuple(choice for choice in choices if isinstance(choice, str))
        whole = len(texts) == len(choices) and texts
        return Field(name, "choice", optional, texts) if whole else None
    kind = _KINDS.get(str(schema.get("type")))
    return None if kind is None else Field(name, kind, optional)


def _value(field: Field, text: str) -> str | int | float | bool:
    if field.kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if field.kind == "integer" and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if field.kind == "number" and re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", text):
        return float(text)
    return text
