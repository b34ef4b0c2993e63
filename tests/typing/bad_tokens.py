"""A token of something else, or given in another way, is refused."""

from __future__ import annotations

from payloads import CHARGED, Order, Receipt

from xorca import Orchestrator, Runtime, end, on, open_store, start
from xorca.runtime import TokenKeys
from xorca.sealing import HmacSeal, sealed


class Tokens(Orchestrator, name="typing.bad.tokens"):
    """Every token that cannot be."""

    link: str = ""

    @start(to=end)
    def begin(self, order: Order) -> None:
        self.token()  # E: of which event?
        self.token(7)  # E: a number is no event
        self.token(CHARGED, 5)  # E: expires= is named
        self.token(CHARGED, expires=5)  # E: seconds are no timedelta
        number: int = self.token(CHARGED)  # E: a token is text

    @on(CHARGED, at="begin", to=end)
    def close(self, receipt: Receipt) -> None: ...


async def bring(runtime: Runtime) -> None:
    await runtime.resume(7)  # E: a token is text


keys = TokenKeys(7)  # E: a number is no key
Runtime([Tokens], store=open_store("memory:"), tokens="secret")  # E: keys, not text
sealed(open_store("memory:"), "secret")  # E: a seal, not text
HmacSeal()  # E: a seal has keys
