"""``HttpBus``: emitted events leave by HTTP, to one address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Self

from xorca.errors import ConfigurationError, PublishFailed
from xorca.events import Event
from xorca.providers.closing import Closing
from xorca.providers.http.destinations import Policy, destination_of
from xorca.providers.http.encoding import MODES, Mode
from xorca.providers.http.environment import check_headers, overrides_of, sink_of, with_overrides
from xorca.providers.http.retrying import Courier, Patience, Signer, Sleep
from xorca.providers.http.rows import Rows
from xorca.providers.http.sending import GuardedSender
from xorca.providers.lanes import Lanes, lanes_of

if TYPE_CHECKING:
    import httpx

    from xorca.providers.http.resolving import Resolver


class HttpBus(Closing):
    """Send events as CloudEvents over HTTP to one URL.

    Events of one subject are sent one after the other: the next leaves when the one before was
    taken, and where one is refused, those behind it wait with it. Different subjects are sent
    side by side. An answer 2xx means taken. 408, 409, 425, 429, most 5xx, and silence are tried
    again, after what Retry-After asks for and a random pause; everything else, redirects
    included, is refused at once. What is not taken stays in the outbox of its process, and is
    sent again with the next event, redelivery or sweep, under the same id.

    Args:
        url: Where to; https to a public address, unless allowed otherwise.
        mode: ``structured`` keeps the types of extensions, ``binary`` has the attributes in
            headers, ``batch`` sends many events of one subject at once.
        client: An httpx client to send by, with certificates or a proxy of your own. The
            addresses that it connects to are not judged.
        timeout: How long one request may take with everything, in seconds.
        attempts: How often an event is sent before it is given up.
        total: After how many seconds no publish tries again.
        concurrency: How many requests are under way at once.
        allow_private: Allow loopback and private networks; never metadata services.
        allow_http: Allow http, which others can read and change on its way.
        signer: Gives the headers that sign a request, for example
            ``functools.partial(sign, keys)`` with ``xorca.handlers.asgi.sign``.
        headers: Sent with every request, for example ``{"authorization": "Bearer ..."}``.
        overrides: Extensions that every event gets on its way.
        resolver: What turns names into addresses; the operating system by default.
        random: Where the jitter of pauses comes from.
        sleep: What waits between attempts.

    Raises:
        ConfigurationError: a part does not fit; DestinationRefused where nothing may be sent
            to the URL, MissingExtra without the extra ``http``.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that differs between takers
        self,
        url: str,
        *,
        mode: Mode = "structured",
        client: httpx.AsyncClient | None = None,
        timeout: float = 10.0,
        attempts: int = 4,
        total: float = 30.0,
        concurrency: int = 16,
        allow_private: bool = False,
        allow_http: bool = False,
        signer: Signer | None = None,
        headers: Mapping[str, str] | None = None,
        overrides: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
        random: Random | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        _check(mode, timeout=timeout, attempts=attempts, total=total, concurrency=concurrency)
        policy = Policy(allow_http=allow_http, allow_private=allow_private)
        self.shown = destination_of(url, policy).shown
        self._mode: Mode = mode
        self._sender = GuardedSender(
            policy, resolver=resolver, timeout=timeout, connections=concurrency, client=client
        )
        self._courier = Courier(
            url=url,
            shown=self.shown,
            sender=self._sender,
            patience=Patience(attempts, total, random=random or Random()),
            sleep=sleep,
            headers=check_headers(headers or {}),
            signer=signer,
        )
        self._overrides = dict(overrides or {})
        self._concurrency, self._lanes = concurrency, Lanes()
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @classmethod
    def from_environment(
        cls,
        *,
        mode: Mode = "binary",
        allow_private: bool = True,
        allow_http: bool = True,
        signer: Signer | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Send to what K_SINK names, with the extensions of K_CE_OVERRIDES, as Knative sets them.

        The platform gives this address, so http and private networks are allowed.

        Raises:
            ConfigurationError: K_SINK is not set, or one of the two cannot be used.
        """
        return cls(
            sink_of(),
            mode=mode,
            allow_private=allow_private,
            allow_http=allow_http,
            signer=signer,
            headers=headers,
            overrides=overrides_of(),
        )

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events; return when every one of them was taken.

        Raises:
            PublishFailed: some were not; carries their ids, and says why of the first.
        """
        sent = [with_overrides(event, self._overrides) for event in events]
        until = monotonic() + self._courier.patience.total
        rows = Rows(self._courier, self._mode, self._turns_of_this_loop(), until)
        await asyncio.gather(*(self._run(rows, lane) for lane in lanes_of(sent)))
        if rows.failed:
            raise self._failure(events, rows.failed)

    async def close(self) -> None:
        """Close the connections; a closed bus opens again on use."""
        await self._sender.close()

    def _failure(self, events: Sequence[Event], failed: Mapping[str, str]) -> PublishFailed:
        names = tuple(dict.fromkeys(event.id for event in events if event.key in failed))
        cause = next(iter(failed.values()))
        return PublishFailed(
            f"{self.shown} did not take {len(names)} of {len(events)} events, {names[0]!r} first:"
            f" {cause}",
            failed=names,
        )

    async def _run(self, rows: Rows, lane: Sequence[Event]) -> None:
        async with self._lanes.lock(lane):
            await rows.run(lane)

    def _turns_of_this_loop(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._turns is None or self._turns[0] is not loop:
            self._turns = (loop, asyncio.Semaphore(self._concurrency))
        return self._turns[1]


def _check(mode: str, **numbers: float) -> None:
    if mode not in MODES:
        raise ConfigurationError(f"mode={mode!r} is none: write one of {', '.join(MODES)}")
    for name, value in numbers.items():
        if not value > 0:
            raise ConfigurationError(f"{name}={value!r} sends nothing: give more than 0")
