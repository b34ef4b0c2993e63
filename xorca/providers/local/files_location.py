"""From a file: URL to a directory."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from xorca.errors import ConfigurationError

_EXAMPLES = "write 'file:///var/lib/state' (absolute) or 'file:./state' (relative)"
_HOST = re.compile(r"//([^/]*)")


def directory_of(url: str) -> Path:
    """Give the directory of ``file:///absolute/dir`` or ``file:relative/dir``.

    Percent-encoding is undone, as it is in any file: URL.

    Raises:
        ConfigurationError: the URL names no directory of this machine.
    """
    place = url.removeprefix("file:")
    if "?" in place or "#" in place:
        raise ConfigurationError(f"{url!r}: options are not taken in the URL; {_EXAMPLES}")
    host = _HOST.match(place)
    if host is not None:
        _check_host(url, host[1])
        place = place[host.end() :]
    path = unquote(place)
    if not path.strip("/") or "\0" in path:
        raise ConfigurationError(f"{url!r} names no directory; {_EXAMPLES}")
    return Path("/" + path.lstrip("/")) if path.startswith("/") else Path(path)


def _check_host(url: str, host: str) -> None:
    if host:
        raise ConfigurationError(
            f"{url!r} names the machine {host!r}, and files are read from this one; {_EXAMPLES}"
        )
