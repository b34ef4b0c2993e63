"""What ``xorca serve`` was asked for, in a form that reaches its workers."""

from __future__ import annotations

import msgspec

CHANNEL = "store:"
"""The sink that is the channel of the store."""


class Sink(msgspec.Struct, frozen=True):
    """Where emitted events go; ``knative``: the platform named it, and overrides apply."""

    url: str
    private: bool = False
    http: bool = False
    knative: bool = False


class HttpWish(msgspec.Struct, frozen=True):
    """What the applications are told; None: as they have it of themselves.

    Sizes in bytes, times in seconds, rates a second.
    """

    webhook_origins: tuple[str, ...] = ()
    pass_over: bool = False
    compat: bool = False
    body: int | None = None
    body_timeout: float | None = None
    concurrency: int | None = None
    rate: float | None = None
    source_rate: float | None = None
    trusted_proxies: tuple[str, ...] = ()


class ServeWish(msgspec.Struct, frozen=True):
    """Everything that a worker must know; ``grace`` in seconds."""

    target: str
    url: str
    host: str
    port: int
    workers: int = 1
    sink: Sink | None = None
    prefix: str = ""
    grace: float = 10.0
    json_logs: bool = False
    log_level: str = "warning"
    http: HttpWish = HttpWish()

    @property
    def to_channel(self) -> bool:
        """Whether emitted events go to the channel of the store."""
        return self.sink is not None and self.sink.url == CHANNEL
