"""Where Event Grid takes events: a topic of its own, or a topic of a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from xorca.errors import ConfigurationError

_BASIC, _NAMESPACE = "2018-01-01", "2024-06-01"
_LOCAL = frozenset(("127.0.0.1", "localhost", "::1"))


@dataclass(frozen=True, slots=True)
class Place:
    """The URL that takes batches, and how errors name it; http is for this machine only."""

    url: str
    shown: str
    is_local: bool


def place_of(endpoint: str, topic: str | None) -> Place:
    """Give where to send to.

    Raises:
        ConfigurationError: the endpoint is no https: URL.
    """
    endpoint = endpoint or ""  # None: a variable of the environment that is not set
    text = endpoint if "://" in endpoint else f"https://{endpoint}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    local = host in _LOCAL
    if not host or parts.username or (parts.scheme != "https" and not local):
        raise ConfigurationError(
            f"{endpoint[:100]!r} is no endpoint of Event Grid: copy it from the topic, such as"
            " https://<topic>.<region>-1.eventgrid.azure.net/api/events"
        )
    where = host if port is None else f"{host}:{port}"
    if topic is None:
        path, version = parts.path.rstrip("/") or "/api/events", _BASIC
        shown = f"the Event Grid topic {where}"
    else:
        path, version = f"/topics/{quote(topic, safe='')}:publish", _NAMESPACE
        shown = f"the Event Grid topic {topic!r} of {where}"
    url = f"{parts.scheme}://{parts.netloc}{path}?api-version={version}"
    return Place(url, shown, local)
