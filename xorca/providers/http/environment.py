"""What Knative puts into the environment, and what one adds to every request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from xorca.errors import ConfigurationError
from xorca.events import Event

_NAME: Final = re.compile(r"[a-z0-9]{1,64}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RESERVED: Final = frozenset(
    ("id", "source", "specversion", "type", "subject", "time", "data", "datacontenttype")
) | {"dataschema"}
_OURS: Final = frozenset(("content-type", "content-length", "transfer-encoding", "host"))


def sink_of(name: str = "K_SINK") -> str:
    """Give the URL in the environment.

    Raises:
        ConfigurationError: there is none.
    """
    url = os.environ.get(name, "").strip()
    if not url:
        raise ConfigurationError(
            f"{name} is not set, and it would name where events go: set it, bind a sink to this"
            " service, or make HttpBus('https://...')"
        )
    return url


def overrides_of(name: str = "K_CE_OVERRIDES") -> dict[str, str]:
    """Give the extensions that every event gets, from ``{"extensions": {...}}``.

    Raises:
        ConfigurationError: it is something else.
    """
    text = os.environ.get(name, "").strip()
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text, type=_Overrides).extensions
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise ConfigurationError(
            f'{name} cannot be read: {exc}; write {{"extensions": {{"name": "text"}}}}'
        ) from exc
    for key in found:
        if _NAME.fullmatch(key) is None or key in _RESERVED:
            raise ConfigurationError(
                f"{name}: {key[:64]!r} is no name for an extension: use a-z0-9"
            )
    return found


class _Overrides(msgspec.Struct):
    extensions: dict[str, str] = {}


def with_overrides(event: Event, overrides: Mapping[str, str]) -> Event:
    """Give the event with these extensions, itself where there are none."""
    if not overrides:
        return event
    return Event(
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=event.time,
        data=event.data,
        is_json=event.is_json,
        datacontenttype=event.datacontenttype,
        dataschema=event.dataschema,
        extensions={**event.extensions, **overrides},
    )


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers with their names in lower case.

    Raises:
        ConfigurationError: one is no header, or one that the event itself decides.
    """
    for name, value in headers.items():
        lower = name.lower()
        if lower in _OURS or lower.startswith("ce-"):
            raise ConfigurationError(f"the header {name!r} comes from the event: leave it out")
        if _HEADER.fullmatch(name) is None or not (value.isascii() and value.isprintable()):
            raise ConfigurationError(
                f"the header {name[:64]!r} cannot be sent: name and value are printable ASCII"
            )
    return {name.lower(): value for name, value in headers.items()}
