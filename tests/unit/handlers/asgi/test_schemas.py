"""Payload types as JSON Schema: names that meet, models in dataclasses, types without a schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from xorca.handlers.asgi.schemas import resolved, schemas_of


class Line(BaseModel):
    sku: str


class Tree(BaseModel):
    below: list[Tree] = []


@dataclass
class Basket:
    lines: list[Line]


def other_line() -> type:
    """Give a dataclass that has the name of a model."""

    @dataclass
    class Line:
        count: int

    return Line


def other_model() -> type:
    """Give a model that has the name of another, elsewhere."""

    class Line(BaseModel):
        weight: float

    Line.__module__ = "elsewhere"
    return Line


def properties(annotations: list[Any]) -> list[set[str]]:
    """Give the names of the properties of each."""
    schemas, components = schemas_of(annotations)
    return [set(resolved(schema, components).get("properties", ())) for schema in schemas]


def test_a_model_inside_a_dataclass_is_described() -> None:
    """Both are components."""
    schemas, components = schemas_of([Basket])

    items = resolved(schemas[0], components)["properties"]["lines"]["items"]
    assert set(resolved(items, components)["properties"]) == {"sku"}


@pytest.mark.parametrize("other", [other_line, other_model])
def test_types_of_one_name_are_kept_apart(other: Any) -> None:
    """In either order."""
    kind = other()
    mine = {"count"} if other is other_line else {"weight"}

    assert properties([Line, kind, Basket]) == [{"sku"}, mine, {"lines"}]
    assert properties([kind, Line]) == [mine, {"sku"}]


def test_a_model_may_hold_itself() -> None:
    """It ends somewhere."""
    assert properties([Tree]) == [{"below"}]


def test_a_type_without_a_schema_is_any_value() -> None:
    """And takes nothing from the others."""
    schemas, components = schemas_of([complex, Basket, int])

    assert schemas[0] == {"description": "complex"}
    assert set(resolved(schemas[1], components)["properties"]) == {"lines"}
    assert schemas[2] == {"type": "integer"}
