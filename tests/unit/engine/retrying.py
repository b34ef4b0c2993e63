"""An orchestrator that asks again."""

from __future__ import annotations

from tests.unit.support import Stage, Text, stage
from xorca import Final, Orchestrator, State, emit, on, start


class Retries(Orchestrator, name="t.retries"):
    """It asks until it is answered well; three errors in a row are the end."""

    asking = State()
    resting = State()
    done = Final()
    failed = Final()

    errors: int = 0

    @start(to=asking)
    @emit("cmd.a.get")
    def begin(self) -> Text:
        return Text("")

    def too_often(self) -> bool:
        return self.attempt >= 3

    @on("evt.a.get.error", at=asking, to=failed, when=too_often)
    def give_up(self) -> None: ...

    @on("evt.a.get.error", at=asking, to=asking)
    @emit("cmd.a.get")
    def again(self) -> Text:
        self.errors += 1
        return Text("")

    @on("evt.a.get.timeout", at=asking, to=resting)
    def rest(self) -> None: ...

    @on("evt.bell.rang", at=resting, to=asking)
    @emit("cmd.a.get")
    def resume(self) -> Text:
        return Text("")

    @on("evt.a.get.success", at=asking, to=done)
    def close(self) -> None: ...

    @on("evt.a.get.success", at=resting, to=done)
    def close_late(self) -> None: ...


async def retries() -> Stage:
    """Give a started process of Retries."""
    play = stage(Retries)
    await play.start()
    return play
