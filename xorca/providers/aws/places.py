"""From a URL such as ``s3://orders/tenant-1?region=eu-central-1`` to names and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from xorca.errors import ConfigurationError
from xorca.providers.aws.clients import AwsOptions

_OPTIONS: Final = ("region", "endpoint", "profile")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket or table, the prefix in it, and how to get there."""

    name: str
    prefix: str
    options: AwsOptions
    further: Mapping[str, str] = field(default_factory=dict[str, str])


def place_of(url: str, *, further: tuple[str, ...] = ()) -> Place:
    """Read a URL; ``further`` are the names of options that this room has besides.

    Raises:
        ConfigurationError: it names no place, or an option that is not known.
    """
    parts = urlsplit(url)
    scheme = parts.scheme
    example = f"write {scheme}://name/prefix?region=eu-central-1"
    if not parts.netloc or "@" in parts.netloc or parts.fragment:
        raise ConfigurationError(f"{_shown(url)!r} names nothing that is stored in; {example}")
    given = parse_qsl(parts.query, keep_blank_values=True)
    known = (*_OPTIONS, *further)
    for name, _ in given:
        if name not in known:  # the values stay unsaid: one may be a secret
            raise ConfigurationError(
                f"{_shown(url)!r}: {name!r} is no option of such a URL; known are"
                f" {', '.join(known)} (credentials come from the environment or a profile)"
            )
    options = AwsOptions()
    for name, value in given:
        if name in _OPTIONS and value:
            options[name] = value  # type: ignore[literal-required]
    rest = {name: value for name, value in given if name in further}
    return Place(unquote(parts.netloc), unquote(parts.path), options, rest)


def prefix_of(given: str, *, most: int) -> str:
    """Give a prefix without slashes around it.

    Raises:
        ConfigurationError: it has more than ``most`` bytes, or segments that lead elsewhere.
    """
    prefix = given.strip("/")
    if len(prefix.encode(errors="replace")) > most:
        raise ConfigurationError(
            f"the prefix {prefix[:40]!r}... has more than {most} bytes; with it keys would be"
            " longer than the service takes"
        )
    if prefix and not all(_is_plain(segment) for segment in prefix.split("/")):
        raise ConfigurationError(
            f"the prefix {given[:80]!r} is not taken: between slashes stand printable"
            " characters, and neither '.' nor '..' alone"
        )
    return prefix


def flag_of(value: str, name: str) -> bool:
    """Read ``1``, ``true``, ``yes`` or nothing as true; ``0``, ``false`` and ``no`` as false.

    Raises:
        ConfigurationError: it is none of these.
    """
    if value.lower() in ("", "1", "true", "yes"):
        return True
    if value.lower() in ("0", "false", "no"):
        return False
    raise ConfigurationError(f"{name}={value[:20]!r} is neither true nor false; write {name}=true")


def _is_plain(segment: str) -> bool:
    return segment not in ("", ".", "..") and segment.isprintable() and "~" not in segment


def _shown(url: str) -> str:
    return url.partition("?")[0].rpartition("@")[2][:100]
