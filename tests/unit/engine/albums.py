"""Orchestrators that fan out, and who answers them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.unit.support import Number, Stage, Text, answer, data_of
from xorca import Final, Orchestrator, State, emit, end, on, start, stay


@dataclass
class Batch:
    """How many items there are, and how long each is."""

    count: int
    size: int = 0


class Album(Orchestrator, name="t.album"):
    """It sends one command an item and gathers the answers."""

    resizing = State()
    done = Final()
    failed = Final()

    @start(to=resizing)
    @emit("cmd.photo.resize")
    def begin(self, batch: Batch) -> list[Text]:
        return [Text(f"{at}:" + "x" * batch.size) for at in range(batch.count)]

    @on("evt.photo.resize.success", at=resizing, to=done)
    @emit("notif.resized")
    def all_resized(self, photos: list[Number]) -> list[Number]:
        if any(photo.value < 0 for photo in photos):
            raise ValueError("a negative one")
        return photos

    @on("evt.photo.resize.timeout", at=resizing, to=resizing)
    @emit("cmd.photo.resize")
    def again(self) -> list[Text]:
        return [Text(f"again {at}") for at in range(3)]

    @on("evt.photo.resize.error", at=resizing, to=stay)
    def one_failed(self) -> None: ...

    @on("evt.photo.resize.fatal", at=resizing, to=failed)
    def give_up(self) -> None: ...


def values(play: Stage) -> list[int]:
    """Give what the join of Album was given."""
    return [data_of(one)["value"] for one in play.sent("notif.resized")]


async def answer_all(play: Stage, name: str, *, shuffle: int | None = None) -> int:
    """Answer every command of a name until there are no more; give how many there were."""
    answered = 0
    while open_ := play.sent(name)[answered:]:
        answered += len(open_)
        if shuffle is not None:
            random.Random(shuffle).shuffle(open_)
        for command in open_:
            number = int(data_of(command)["text"].partition(":")[0])
            await play.give(answer(command, Number(number)))
    return answered


@dataclass
class Big:
    """An answer with some weight."""

    value: int
    weight: str = ""


class Heavy(Orchestrator, name="t.heavy"):
    """It gathers big answers to many big commands."""

    @start
    @emit("cmd.part.get")
    def getting(self, batch: Batch) -> list[Text]:
        return [Text(f"{at}:" + "x" * batch.size) for at in range(batch.count)]

    @on("evt.part.get.success", to=end)
    @emit("notif.got")
    def got(self, parts: list[Big]) -> Number:
        assert [len(part.weight) for part in parts] == [500] * len(parts)
        return Number(sum(part.value for part in parts))

    @on("evt.part.get.error")
    @emit("cmd.part.get")
    def again(self) -> list[Text]:
        return [Text(f"{at}:" + "x" * 1000) for at in range(300)]

    @on("evt.part.get.fatal", to=end)
    def failed(self) -> None: ...
