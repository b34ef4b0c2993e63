"""From a URL to a bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xorca.errors import ConfigurationError

if TYPE_CHECKING:
    from xorca.providers.http import HttpBus


def open_bus(url: str, *, allow_private: bool = False, allow_http: bool = False) -> HttpBus:
    """Open the bus that a URL names: ``https://host/path``; it connects on first use.

    Args:
        url: Where events go.
        allow_private: Allow loopback and private networks.
        allow_http: Allow ``http://``.

    Raises:
        ConfigurationError: the URL names no bus, or nothing may be sent to it.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        raise ConfigurationError(
            f"{url[:100]!r}: nobody here offers such a bus; write https://host/path, or give the"
            " channel of a store: bus=store.channel"
        )
    from xorca.providers.http import HttpBus

    return HttpBus(url, allow_private=allow_private, allow_http=allow_http)
