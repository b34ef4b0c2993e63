"""A seal against changes: the body stays readable, and nobody without the key can write it."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode

from xorca.sealing.keys import KeyRing, Keys
from xorca.sealing.seal import refuse_change, refuse_key, refuse_unsealed

KIND = "hmac-sha256"
_HEAD = b'{"sealed":"hmac-sha256","key":"%b","mac":"%b","body":'
_FORM = re.compile(
    rb'\{"sealed":"hmac-sha256","key":"([A-Za-z0-9_-]{1,32})","mac":"([A-Za-z0-9_-]{43})","body":'
)
_MAC = 43
_PURPOSE = b"xorca seal 1\0"


class HmacSeal:
    """Seal bodies with HMAC-SHA256.

    A sealed record is one JSON object with the record, as it is, in its member ``body``.

    Args:
        keys: The newest first; see :class:`~xorca.sealing.KeyRing`.

    Raises:
        ConfigurationError: the keys are none.
    """

    def __init__(self, keys: Keys | KeyRing) -> None:
        self._ring = KeyRing(keys)
        self._newest = self._ring.newest.encode("ascii")
        self._key = self._ring.get(self._ring.newest) or b""

    @property
    def overhead(self) -> int:
        """How many bytes closing adds."""
        return len(_HEAD % (self._newest, b"m" * _MAC)) + 1

    def close(self, key: str, body: bytes) -> bytes:
        """Give the bytes to store under a key."""
        mac = _mac(self._key, self._newest, key, body)
        return b"%b%b}" % (_HEAD % (self._newest, mac), body)

    def open(self, key: str, data: bytes) -> bytes:
        """Give the body that was closed under this very key."""
        form = _FORM.match(data)
        if form is None or not data.endswith(b"}"):
            refuse_unsealed(key, KIND)
        key_id = form[1].decode("ascii")
        secret = self._ring.get(key_id)
        if secret is None:
            refuse_key(key, key_id, self._ring.ids)
        body = data[form.end() : -1]
        if not hmac.compare_digest(_mac(secret, form[1], key, body), form[2]):
            refuse_change(key, key_id)
        return body

    def __repr__(self) -> str:
        return f"<HmacSeal {', '.join(self._ring.ids)}>"


def _mac(secret: bytes, key_id: bytes, key: str, body: bytes) -> bytes:
    place = key.encode("utf-8", "surrogatepass")
    text = b"%b%b\0%d\0%b\0%b" % (_PURPOSE, key_id, len(place), place, body)
    return urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=")
