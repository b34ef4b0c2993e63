"""Identities: what makes two deliveries the same event, and ids that can be derived again."""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha256

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _BASE32 for second in _BASE32)
"""Ten bits at a time: several times as fast as the standard library's encoder."""


def event_key(source: str, id: str) -> str:
    """Give the 16 characters that stand for (source, id), the identity of a CloudEvent."""
    digest = sha256(f"{source}\0{id}".encode("utf-8", "surrogatepass")).digest()
    return b2a_base64(digest[:12], newline=False).decode("ascii")


def derived_id(*parts: str, length: int = 26) -> str:
    """Give the same lower-case base32 text for the same parts, of ``length`` characters."""
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest, "big") << 4  # 256 bits and 4 of padding: 52 characters
    shifts = range(250, 250 - 5 * length, -10)
    return "".join([_PAIRS[number >> shift & 1023] for shift in shifts])[:length]
