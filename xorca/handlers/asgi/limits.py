"""How much a caller may ask for, and how long it may take to say it."""

from __future__ import annotations

from dataclasses import dataclass

from xorca.errors import ConfigurationError
from xorca.events import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The bounds of an application: bytes, counts, seconds, and rates a second.

    Args:
        body: The largest body of a request, in bytes.
        batch_body: The largest body of a batch.
        batch: The most events of a batch.
        body_timeout: How long a body may take to arrive; 408 afterwards.
        concurrency: How many requests are worked on at once; 503 beyond that. A body that is
            still on its way does not count.
        waiters: How many wait for a result at once; 503 beyond that.
        wait: The longest that one may wait for a result.
        rate: How many requests a second one caller may make; None: any number. The caller is
            the principal, or else the address of the client.
        source_rate: How many events a second one source may send; None: any number.
        burst: How many at once, before a rate holds; by default those of two seconds.
        callers: Of how many callers, and of how many sources, the rate is remembered.
    """

    body: int = MAX_EVENT_BYTES
    batch_body: int = MAX_BATCH_BYTES
    batch: int = MAX_BATCH_EVENTS
    body_timeout: float = 30.0
    concurrency: int = 256
    waiters: int = 1_000
    wait: float = 30.0
    rate: float | None = None
    source_rate: float | None = None
    burst: int | None = None
    callers: int = 10_000

    def __post_init__(self) -> None:
        for name in ("body", "batch_body", "batch", "concurrency", "waiters", "callers"):
            _check(name, getattr(self, name), least=1)
        for name in ("body_timeout", "wait", "rate", "source_rate", "burst"):
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), least=0)


def _check(name: str, value: object, *, least: int) -> None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not (value > 0 and value >= least):  # type: ignore[operator]
        raise ConfigurationError(f"HttpLimits({name}={value!r}) lets nothing through: give more")
