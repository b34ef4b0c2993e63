"""Payload types as JSON Schema; ``Any`` stands for an annotation, or for what a schema holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from xorca.codec import is_pydantic, type_name

Schema = dict[str, Any]
Hook = Callable[[type], Schema]
REFERENCES = "#/components/schemas/{name}"
_STRANGE = re.compile(r"[^A-Za-z0-9._-]")


def schemas_of(annotations: Sequence[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """Give a schema for each annotation, and the components that these refer to.

    An annotation for which there is none is any value.
    """
    plain = [each for each in annotations if not is_pydantic(each)]
    models = _Models(taken=set(_plain_schemas(plain, lambda part: {})[1]))
    schemas, components = _plain_schemas(plain, models.hook)
    known = iter(schemas)
    found = [models.schema(each) if is_pydantic(each) else next(known) for each in annotations]
    return found, {**components, **models.components}


def _plain_schemas(annotations: list[Any], hook: Hook) -> tuple[list[Schema], dict[str, Schema]]:
    try:
        schemas, components = msgspec.json.schema_components(
            annotations, schema_hook=hook, ref_template=REFERENCES
        )
        return list(schemas), components
    except Exception:  # whatever a type raises that has no schema; others have theirs all the same
        if len(annotations) == 1:
            return [{"description": type_name(annotations[0])[:100]}], {}
    found = [_plain_schemas([each], hook) for each in annotations]
    merged = {name: part for _, parts in found for name, part in parts.items()}
    return [schema for (schema,), _ in found], merged


class _Models:
    """The components of pydantic models; ``taken`` are the names of other types."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self.components: dict[str, Schema] = {}

    def hook(self, part: type) -> Schema:
        """Give the schema of a model inside another type; of anything else, any value."""
        return self.schema(part) if is_pydantic(part) else {}

    def schema(self, model: Any) -> Schema:
        """Give a reference to a model, under its own name if nobody else has that."""
        try:
            name, parts = self._parts(model, "")
            if not self._are_free(parts):
                name, parts = self._parts(model, f"{model.__module__}.")
        except Exception:  # a model of its own kind
            return {"type": "object"}
        self.components.update(parts)
        return {"$ref": REFERENCES.format(name=name)}

    def _parts(self, model: Any, prefix: str) -> tuple[str, dict[str, Schema]]:
        template = REFERENCES.format(name=f"{prefix}{{model}}")
        schema: Schema = model.model_json_schema(ref_template=template)
        own = _STRANGE.sub("_", model.__name__)
        parts = {own: schema, **schema.pop("$defs", {})}  # one that holds itself is among them
        return f"{prefix}{own}", {f"{prefix}{name}": part for name, part in parts.items()}

    def _are_free(self, parts: dict[str, Schema]) -> bool:
        known = self.components
        return all(n not in self._taken and known.get(n, p) == p for n, p in parts.items())


def resolved(schema: Schema, components: dict[str, Schema]) -> Schema:
    """Follow the references of a schema itself, not those inside it."""
    for _ in range(10):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if not name:
            break
        schema = components.get(name, {})
    return schema
