"""``self.token`` takes a name or a topic and gives text; ``sources=`` takes patterns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_type

from payloads import CHARGED, Order, Receipt

from xorca import Orchestrator, Outcome, Runtime, emit, end, on, open_store, start
from xorca.runtime import TokenKeys
from xorca.sealing import HmacSeal, sealed


@dataclass(frozen=True)
class Link:
    token: str


class Tokens(Orchestrator, name="typing.tokens", sources=("/srvc/*",)):
    """Tokens in every spelling."""

    @start
    @emit("cmd.person.ask", "cmd.person.tell")
    def begin(self, order: Order) -> tuple[Link, Link]:
        assert_type(self.token("evt.person.answered"), str)
        assert_type(self.token(CHARGED, expires=timedelta(hours=1)), str)
        return Link(self.token(CHARGED)), Link(self.token("evt.a.b", whole_life=True))

    @on(CHARGED, "evt.person.answered", "evt.a.b", at=begin, to=end)
    def close(self, receipt: Receipt) -> None: ...


async def bring(runtime: Runtime) -> None:
    assert_type(await runtime.resume("x1.a.b.c", Receipt(1)), Outcome)
    assert_type(await runtime.resume("x1.a.b.c"), Outcome)


below = open_store("memory:")
store = sealed(below, HmacSeal(bytes(32)))
below = store
keys = TokenKeys({"k": b"k" * 32}, audience="a")
runtime = Runtime([Tokens], store=store, tokens=keys)
