"""What a pydantic model is written as can be read as that model again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field
from pydantic.alias_generators import to_camel

from xorca.codec import MemoryCodec, codec_for
from xorca.errors import PayloadError


class Reader(BaseModel):
    """A model with an alias."""

    user_name: str = Field(alias="userName")


class Loan(BaseModel):
    """A model of which every field has an alias, and one that holds others."""

    model_config = ConfigDict(alias_generator=to_camel)

    first_reader: Reader
    later_readers: list[Reader] = []


class Shelf(BaseModel):
    """A model without aliases that holds one that has some."""

    loan: Loan | None = None


class Told(BaseModel):
    """A model that is written by an alias, and read by its names."""

    shelf_number: int = Field(serialization_alias="shelf")


class Asked(BaseModel):
    """A model that is read by an alias, and never written by it."""

    shelf_number: int = Field(validation_alias="shelf")


class Square(BaseModel):
    """A model that writes more than it reads."""

    model_config = ConfigDict(extra="forbid")

    width: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        """Give what is written, and refused when it is read."""
        return self.width**2


class Exact(BaseModel):
    """A model that takes JSON strings for times and numbers, and Python strings for none."""

    model_config = ConfigDict(strict=True)

    when: datetime
    price: Decimal
    either: datetime | str = ""


@dataclass
class Desk:
    """A dataclass that holds models."""

    reader: Reader
    exact: Exact | None = None


READER = Reader(userName="Ada")
LOAN = Loan(firstReader=READER, laterReaders=[READER])
EXACT = Exact(when=datetime(2020, 1, 1, tzinfo=UTC), price=Decimal("1.10"))
EXACT_TOO = EXACT.model_copy(update={"either": datetime(2021, 1, 1, tzinfo=UTC)})
MODELS = [READER, LOAN, Shelf(loan=LOAN), Told(shelf_number=3), EXACT, EXACT_TOO]


@pytest.mark.parametrize("value", [*MODELS, Desk(READER, EXACT), Desk(READER, EXACT_TOO)], ids=repr)
def test_a_payload_comes_back_as_it_was(value: Any) -> None:
    """Aliases, strict models, and models inside of others lose nothing on the wire."""
    codec = codec_for(type(value))

    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize("value", MODELS, ids=repr)
def test_memory_comes_back_as_it_was(value: Any) -> None:
    """What is kept is read back, alone and in a list."""
    codec = MemoryCodec({"one": type(value) | None, "many": list[type(value)]})  # type: ignore[misc]
    kept = {"one": value, "many": [value]}

    assert codec.decode(codec.encode(kept)) == kept


def test_a_model_is_written_by_its_aliases() -> None:
    """The wire has the names that the model says it has there."""
    assert codec_for(Reader).encode(READER) == b'{"userName":"Ada"}'


@pytest.mark.parametrize("value", [Asked(shelf=3), Square(width=2)], ids=repr)
def test_a_model_that_cannot_be_read_again_is_refused_where_it_is_sent(value: Any) -> None:
    """Whoever receives it could do nothing with it."""
    with pytest.raises(PayloadError, match="does not fit"):
        codec_for(type(value)).encode(value)
