"""Continuation tokens: what one says, how it is signed, and how it is read.

A token is ``x1.<key id>.<what it says>.<signature>``, each part of A-Z a-z 0-9 - and _. The
signature is an HMAC-SHA256 over everything before it and over the audience, which is not
in the token: one of another tenant, or of another purpose, is forged here.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from xorca.errors import ConfigurationError, TokenRefused
from xorca.events import derived_id
from xorca.sealing.keys import KeyRing, Keys

MAX_TOKEN = 4096
"""The longest token that is looked at, in characters."""

_MARK = "x1"
_PURPOSE = b"xorca token 1\0"
_UNSIGNED = "nobody here has signed it"


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: which event, of which life of which process, and until when.

    ``visit`` is that of the state in which it is good, 0 for every state. ``given`` is when
    it was, in milliseconds since 1970, and ``expires`` in seconds. ``revision`` and ``index``
    make it one of its own.
    """

    event: str
    subject: str
    incarnation: str
    visit: int
    given: int
    expires: int
    revision: int
    index: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Claim).decode


class TokenKeys:
    """The keys that sign continuation tokens, the newest first.

    Args:
        keys: One key, ``"id:key,id:key"``, or keys by their ids; bytes, or text in
            hexadecimal or base64, of 32 bytes at least.
        audience: Whose tokens these are: a tenant, a stage, the prefix of a store. A token is
            good where its audience is; give each its own, or its own keys.

    Raises:
        ConfigurationError: the keys are none.
    """

    __slots__ = ("_audience", "_ring")

    def __init__(self, keys: Keys | KeyRing, *, audience: str = "") -> None:
        self._ring = KeyRing(keys)
        self._audience = audience.encode("utf-8", "surrogatepass")

    def sign(self, claim: Claim) -> str:
        """Give the token that says this; the same bytes for the same claim and key."""
        key_id = self._ring.newest
        head = f"{_MARK}.{key_id}.{_text(_encode(claim))}"
        return f"{head}.{self._signature(key_id, head)}"

    def read(self, token: str) -> Claim:
        """Give what a token says.

        Raises:
            TokenRefused: we did not sign it, with these keys and for this audience.
        """
        if not isinstance(token, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _forged(f"a token is text, and this is {type(token).__name__}")
        parts = token.split(".") if len(token) <= MAX_TOKEN else []
        if len(parts) != 4 or parts[0] != _MARK or not token.isascii():
            raise _forged("it is no token of xorca, or was cut short")
        signature = self._signature(parts[1], token.rpartition(".")[0])
        if not hmac.compare_digest(signature.encode(), parts[3].encode()):
            raise _forged(_UNSIGNED)
        if self._ring.get(parts[1]) is None:
            raise _forged(_UNSIGNED)
        try:
            return _decode(urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4)))
        except (msgspec.MsgspecError, ValueError) as exc:
            raise _forged("it is signed, and says nothing that this version can read") from exc

    def __repr__(self) -> str:
        return f"<TokenKeys {', '.join(self._ring.ids)}>"

    def _signature(self, key_id: str, head: str) -> str:
        # An unknown key costs as much time as a known one; anybody can sign with its stand-in.
        key = self._ring.get(key_id) or bytes(32)
        text = b"%b%d\0%b\0%b" % (_PURPOSE, len(self._audience), self._audience, head.encode())
        return _text(hmac.digest(key, text, "sha256"))


def event_id_of(token: str) -> str:
    """Give the id of the event that a token becomes, whoever uses it and however often.

    It is derived from the signature, so that nobody without the token can use the id up.
    """
    return derived_id("token", token.rpartition(".")[2])


def tokens_of(keys: TokenKeys | None, *, what: str) -> TokenKeys:
    """Give the keys, or say that there are none, or something else in their place.

    Raises:
        ConfigurationError: the Runtime has none.
    """
    if isinstance(keys, TokenKeys):
        return keys
    raise ConfigurationError(
        f"{what} needs keys: Runtime([...], store=..., tokens=TokenKeys(key)), with"
        " `from xorca.runtime import TokenKeys` and a key of 32 random bytes that every worker has"
    )


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _forged(why: str) -> TokenRefused:
    return TokenRefused(f"the token is refused: {why}", reason="forged")
