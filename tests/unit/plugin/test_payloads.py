"""What was sent is given in the types of the handlers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import msgspec
import pytest
from pydantic import BaseModel

from xorca import Orchestrator, emit, end, on, start
from xorca_contrib.testing import Orchestra


class AsDict(TypedDict):
    text: str


class AsStruct(msgspec.Struct):
    text: str


class AsModel(BaseModel):
    text: str


@dataclass
class Plain:
    text: str


@dataclass
class Twin:
    text: str


@dataclass
class Longer:
    text: str
    more: str = ""


class Forms(Orchestrator, name="forms"):
    """Send one payload of each kind, and two kinds under one name."""

    @start
    @emit("cmd.a.do", "cmd.b.do", "cmd.c.do", "notif.forms.told")
    def begin(self) -> tuple[AsDict, AsStruct, AsModel, Plain]:
        return {"text": "a"}, AsStruct("b"), AsModel(text="c"), Plain("first")

    @on("evt.a.do.success", to=end, first=True)
    @emit("notif.forms.told")
    def twin(self, answer: AsModel) -> Twin:
        return Twin(answer.text)

    @on("evt.b.do.success", to=end, first=True)
    @emit("notif.forms.told")
    def longer(self, answer: AsStruct) -> Longer:
        return Longer(answer.text, "more")

    @on("evt.c.do.success", to=end, first=True)
    @emit("notif.forms.told")
    def either(self, answer: AsDict) -> Longer | Plain:
        return Longer(answer["text"], "more")


async def test_every_kind_of_payload_comes_back(orchestra: Orchestra) -> None:
    """TypedDict, Struct, pydantic model and dataclass are equal to what was returned."""
    process = await orchestra.start(Forms)

    assert process.sent == [
        ("cmd.a.do", {"text": "a"}),
        ("cmd.b.do", AsStruct("b")),
        ("cmd.c.do", AsModel(text="c")),
        ("notif.forms.told", Plain("first")),
    ]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("evt.a.do.success", Twin("x")),
        ("evt.b.do.success", Longer("x", "more")),
        ("evt.c.do.success", Longer("x", "more")),
    ],
)
async def test_the_type_is_that_of_the_handler(
    orchestra: Orchestra, name: str, sent: object
) -> None:
    """Where several handlers send one name, the one that ran says which type it is."""
    process = await orchestra.start(Forms)

    await process.answer(name, AsModel(text="x"))

    assert process.sent[-1] == ("notif.forms.told", sent)


async def test_a_payload_has_its_name(orchestra: Orchestra) -> None:
    """What was sent can be read by attribute as well as compared with a pair."""
    process = await orchestra.start(Forms)

    last = process.sent[-1]

    assert (last.name, last.payload.text) == ("notif.forms.told", "first")
