"""Keys by their ids: the newest closes and signs, any of them opens and checks."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256

from xorca.errors import ConfigurationError

MIN_KEY = 32
"""The fewest bytes of a key: as many as the hash has."""

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){32,}")

Keys = bytes | str | Mapping[str, bytes | str]
"""One key; ``"id:key,id:key"`` in text; or keys by their ids. The newest comes first."""


class KeyRing:
    """Secret keys by their ids, the newest first. It shows the ids and never a key.

    A key is bytes, or text in hexadecimal or base64. A key without an id is given one that
    is derived from it, so that it has the same everywhere.

    Raises:
        ConfigurationError: no key, an id that cannot be written, one id twice, or a key of
            less than 32 bytes.
    """

    __slots__ = ("_keys", "newest")

    def __init__(self, keys: Keys | KeyRing) -> None:
        self._keys: dict[str, bytes] = {}
        if isinstance(keys, KeyRing):
            self._keys.update(keys._keys)
        else:
            for key_id, key in _pairs(keys):
                self._add(key_id, key)
        if not self._keys:
            raise ConfigurationError(f"there is no key; {_CURE}")
        self.newest: str = next(iter(self._keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the newest first."""
        return tuple(self._keys)

    def get(self, key_id: str) -> bytes | None:
        """Give a key, None if it is not known here."""
        return self._keys.get(key_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self._keys)}>"

    def _add(self, key_id: str | None, given: bytes | str) -> None:
        key = given if isinstance(given, bytes) else _read(_checked(given))
        if len(key) < MIN_KEY:
            raise ConfigurationError(f"a key has {len(key)} bytes, at least {MIN_KEY}; {_CURE}")
        key_id = sha256(b"xorca key id\0" + key).hexdigest()[:8] if key_id is None else key_id
        if not _KEY_ID.fullmatch(key_id):
            raise ConfigurationError(
                f"{key_id[:40]!r} is no id for a key: use 1 to 32 of A-Z a-z 0-9 _ -, such as"
                " '2026-01'"
            )
        if key_id in self._keys:
            raise ConfigurationError(f"two keys have the id {key_id!r}; give each its own")
        self._keys[key_id] = key


_CURE = 'make one with: python -c "import secrets; print(secrets.token_hex(32))"'


def _pairs(keys: Keys) -> list[tuple[str | None, bytes | str]]:
    if isinstance(keys, bytes):
        return [(None, keys)]
    if isinstance(keys, str):
        return [_pair(part.strip()) for part in keys.split(",") if part.strip()]
    if isinstance(keys, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        return [(_checked(key_id), key) for key_id, key in keys.items()]
    raise _misfit(keys)


def _pair(text: str) -> tuple[str | None, str]:
    key_id, colon, key = text.rpartition(":")
    return (key_id.strip() if colon else None), key.strip()


def _checked(text: object) -> str:
    if isinstance(text, str):
        return text
    raise _misfit(text)


def _misfit(given: object) -> ConfigurationError:
    what = type(given).__name__
    hint = "; is the variable that holds it set?" if given is None else ""
    return ConfigurationError(f"a key is text or bytes, and this is {what}{hint}; {_CURE}")


def _read(text: str) -> bytes:
    """Read hexadecimal or base64; what is said of it must not show it."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise ConfigurationError(f"a key is neither hexadecimal nor base64; {_CURE}") from None
