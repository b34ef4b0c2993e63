"""From annotation to JSON and back, and what is refused on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, TypedDict
from uuid import UUID

import msgspec
import pydantic
import pytest
from hypothesis import given, strategies as st

from xorca.codec import MemoryCodec, codec_for, list_item, type_name, union_arms
from xorca.errors import PayloadError


@dataclass
class Plain:
    """A dataclass."""

    text: str
    count: int = 0


class Loose(TypedDict):
    """A TypedDict with a key that may be missing."""

    text: str
    count: NotRequired[int]


class Model(pydantic.BaseModel):
    """A pydantic model."""

    text: str


class Colour(Enum):
    """An enumeration."""

    RED = "red"


VALUES: list[tuple[Any, Any]] = [
    (Plain, Plain("x", 1)),
    (Loose, {"text": "x"}),
    (Model, Model(text="x")),
    (list[Plain], [Plain("x")]),
    (list[Model], [Model(text="x")]),
    (dict[str, Model], {"a": Model(text="x")}),
    (Plain | None, None),
    (Plain | Model, Plain("x", 1)),
    (Colour, Colour.RED),
    (Literal["a", "b"], "b"),
    (Annotated[int, msgspec.Meta(ge=0)], 3),
    (set[str], {"a"}),
    (tuple[int, str], (1, "x")),
    (Decimal, Decimal("1.50")),
    (UUID, UUID(int=7)),
    (datetime, datetime(2030, 1, 1, tzinfo=UTC)),
    (bytes, b"\x00\xff"),
    (float, 2),
    (Any, {"a": [1, None]}),
]


@pytest.mark.parametrize(("annotation", "value"), VALUES)
def test_a_value_comes_back(annotation: Any, value: Any) -> None:
    """What was written is read as an equal value."""
    codec = codec_for(annotation)

    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Plain, {"text": "x"}),
        (Plain, Plain(text=1)),  # type: ignore[arg-type]
        (Loose, {"count": 1}),
        (Model, Plain("x")),
        (int, "1"),
        (int, True),
        (str, b"x"),
        (list[Plain], [Plain("x"), None]),
        (Literal["a"], "b"),
        (float, "x"),
        (Plain | Model, 7),
        (Plain, None),
    ],
)
def test_a_value_of_another_type_is_not_written(annotation: Any, value: Any) -> None:
    """What would not be read again is refused before it is sent or stored."""
    with pytest.raises(PayloadError):
        codec_for(annotation).encode(value)


@pytest.mark.parametrize("annotation", [object, msgspec.Raw, list[object], dict[str, object]])
def test_an_annotation_without_json_form(annotation: Any) -> None:
    """It is refused when the class is created."""
    with pytest.raises(TypeError):
        codec_for(annotation)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"text":1}', b"null", b"[]", None])
def test_data_that_does_not_fit(data: bytes | None) -> None:
    """The error names the type."""
    for annotation in (Plain, Loose, Model):
        with pytest.raises(PayloadError, match=annotation.__name__):
            codec_for(annotation).decode(data)


def test_no_data_is_null() -> None:
    """``X | None`` takes it."""
    assert codec_for(Plain | None).decode(None) is None


def test_deep_data_is_refused() -> None:
    """Nesting beyond the stack is no crash."""
    deep = b'{"text":' * 100_000

    with pytest.raises((PayloadError, RecursionError)):
        codec_for(Plain).decode(deep)


def test_a_codec_is_made_once() -> None:
    """Equal annotations share it."""
    assert codec_for(list[Plain]) is codec_for(list[Plain])


def test_arms_and_items() -> None:
    """Unions and lists are taken apart, anything else is itself."""
    assert union_arms(Plain | Model) == (Plain, Model)
    assert union_arms(Plain) == (Plain,)
    assert list_item(list[Plain]) is Plain
    assert list_item(list[None]) is type(None)
    assert list_item(Plain) is None


def test_names_are_as_a_person_writes_them() -> None:
    """Without modules and without the function in which a class stands."""

    class Local:
        pass

    assert type_name(Local) == "Local"
    assert type_name(list[Plain]) == "list[Plain]"


def test_memory_without_a_value() -> None:
    """The error names the attribute and says what to do."""
    codec = MemoryCodec({"text": str, "count": int})

    with pytest.raises(PayloadError, match="'count' has no value"):
        codec.encode({"text": "x"})


def test_memory_of_another_type() -> None:
    """Stored memory that does not fit its annotations is told, not taken."""
    with pytest.raises(PayloadError, match="memory"):
        MemoryCodec({"count": int}).decode(b'{"count":"x"}')


def test_memory_that_is_no_longer_declared_is_left_out() -> None:
    """A class that lost an attribute reads what it still declares."""
    assert MemoryCodec({"count": int}).decode(b'{"count":1,"old":2}') == {"count": 1}


@given(st.text(), st.integers(-(2**63), 2**63))
def test_any_text_and_number(text: str, count: int) -> None:
    """Unicode and large numbers come back, or are refused; never changed."""
    codec = codec_for(Plain)
    value = Plain(text, count)

    try:
        data = codec.encode(value)
    except PayloadError:
        return

    assert codec.decode(data) == value


class Colour(Enum):
    """A choice."""

    RED = "red"


@dataclass
class Painted:
    """Has a choice."""

    colour: Colour


def test_a_value_that_is_no_choice_is_not_quoted() -> None:
    """What a sender wrote may be secret; the place of it is told, and the value is not."""
    with pytest.raises(PayloadError) as refused:
        codec_for(Painted).decode(b'{"colour":"a - at `secret"}')

    assert "secret" not in str(refused.value)
    assert str(refused.value).endswith("Invalid enum value - at `$.colour`")
