"""A seal against readers: what is stored says nothing to who has not the key."""

from __future__ import annotations

import hmac
import os
import struct
from typing import TYPE_CHECKING, Any

from xorca.errors import MissingExtra
from xorca.sealing.keys import KeyRing, Keys
from xorca.sealing.seal import refuse_change, refuse_key, refuse_unsealed

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = "aes-256-gcm"
_MARK = b"xorca/aes-256-gcm/1\0"
_NONCE, _TAG = 12, 16
_PURPOSE = b"xorca aes-256-gcm 1\0"


class AesGcmSeal:
    """Encrypt and authenticate bodies with AES-256-GCM (``pip install 'xorca[seal]'``).

    Each storage key has a key of its own, derived from the one given, so that random nonces
    do not run out however much is stored. What a store keeps beside the body, names and
    states for listings, is not encrypted.

    Args:
        keys: The newest first; see :class:`~xorca.sealing.KeyRing`.

    Raises:
        MissingExtra: the package ``cryptography`` is not installed.
        ConfigurationError: the keys are none.
    """

    def __init__(self, keys: Keys | KeyRing) -> None:
        self._ring = KeyRing(keys)
        self._cipher, self._invalid = _library()

    @property
    def overhead(self) -> int:
        """How many bytes closing adds."""
        return len(_head(self._ring.newest)) + _NONCE + _TAG

    def close(self, key: str, body: bytes) -> bytes:
        """Give the bytes to store under a key."""
        key_id = self._ring.newest
        head, nonce = _head(key_id), os.urandom(_NONCE)
        secret = self._ring.get(key_id) or b""
        hidden: bytes = self._cipher(_derived(secret, key)).encrypt(nonce, body, head)
        return head + nonce + hidden

    def open(self, key: str, data: bytes) -> bytes:
        """Give the body that was closed under this very key."""
        key_id = _key_id(data)
        if key_id is None:
            refuse_unsealed(key, KIND)
        secret = self._ring.get(key_id)
        if secret is None:
            refuse_key(key, key_id, self._ring.ids)
        head = _head(key_id)
        nonce, hidden = data[len(head) : len(head) + _NONCE], data[len(head) + _NONCE :]
        try:
            body: bytes = self._cipher(_derived(secret, key)).decrypt(nonce, hidden, head)
        except (self._invalid, ValueError):
            refuse_change(key, key_id)
        return body

    def __repr__(self) -> str:
        return f"<AesGcmSeal {', '.join(self._ring.ids)}>"


def _library() -> tuple[Callable[[bytes], Any], type[Exception]]:
    """Give the cipher and what it raises; ``Any`` is an object of an optional package."""
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise MissingExtra("AesGcmSeal", "cryptography", "seal") from error
    return AESGCM, InvalidTag


def _derived(secret: bytes, key: str) -> bytes:
    return hmac.digest(secret, _PURPOSE + key.encode("utf-8", "surrogatepass"), "sha256")


def _head(key_id: str) -> bytes:
    name = key_id.encode("ascii")
    return _MARK + struct.pack("B", len(name)) + name


def _key_id(data: bytes) -> str | None:
    if not data.startswith(_MARK) or len(data) < len(_MARK) + 1:
        return None
    name = data[len(_MARK) + 1 : len(_MARK) + 1 + data[len(_MARK)]]
    try:
        key_id = name.decode("ascii")
    except UnicodeDecodeError:
        return None
    return key_id if _head(key_id) == data[: len(_MARK) + 1 + len(name)] else None
