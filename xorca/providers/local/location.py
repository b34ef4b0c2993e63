"""From a sqlite: URL to a path, and what can be said of a path before it is opened."""

from __future__ import annotations

from pathlib import Path

from xorca.errors import ConfigurationError

_PREFIX = "sqlite:///"
_EXAMPLES = "write 'sqlite:///./state.db' (relative) or 'sqlite:////var/lib/state.db' (absolute)"


def path_of(url: str) -> Path:
    """Give the path that a URL names: relative after three slashes, absolute after four.

    Raises:
        ConfigurationError: the URL names no file.
    """
    place = url.removeprefix(_PREFIX)
    if ":memory:" in url:
        raise ConfigurationError(f"{url!r}: SQLite in memory is not durable; write 'memory:'")
    if place == url or not place.strip("/"):
        raise ConfigurationError(f"{url!r} names no file; {_EXAMPLES}")
    if "?" in place or "#" in place:
        raise ConfigurationError(f"{url!r}: options are not taken in the URL; {_EXAMPLES}")
    return Path(place)


def check_place(path: Path) -> None:
    """Refuse a path at which no file can be.

    Raises:
        ConfigurationError: it is a directory, or its directory is missing.
    """
    if path.is_dir():
        raise ConfigurationError(f"{path} is a directory; name a file in it: {path}/state.db")
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"{path} cannot be created: there is no directory {path.parent}; create it first"
        )
