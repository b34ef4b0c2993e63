"""Seals by the environment, for programs that are given a store by its URL alone."""

from __future__ import annotations

import os
from typing import TypeVar

from xorca.errors import ConfigurationError
from xorca.ports import Store
from xorca.sealing.aes_gcm import AesGcmSeal
from xorca.sealing.hmac_sha256 import HmacSeal
from xorca.sealing.keys import KeyRing, Keys
from xorca.sealing.seal import Seal
from xorca.sealing.store import sealed

S = TypeVar("S", bound=Store)

KEYS, KIND = "XORCA_SEAL_KEY", "XORCA_SEAL"


def seal_of(keys: Keys | KeyRing, kind: str = "hmac") -> Seal:
    """Make a seal: ``"hmac"`` against changes, ``"aes-gcm"`` against readers too.

    Raises:
        ConfigurationError: the kind or the keys are none.
    """
    if kind == "hmac":
        return HmacSeal(keys)
    if kind == "aes-gcm":
        return AesGcmSeal(keys)
    raise ConfigurationError(f"{kind!r} is no seal: use 'hmac' or 'aes-gcm'")


def sealed_by_environment(store: S) -> S:
    """Seal a store with the keys of XORCA_SEAL_KEY, if it is set.

    ``XORCA_SEAL_KEY`` holds a key, or ``id:key,id:key`` with the newest first;
    ``XORCA_SEAL`` is ``hmac`` (the default) or ``aes-gcm``.

    Raises:
        ConfigurationError: what they say is no seal.
    """
    keys, kind = os.environ.get(KEYS, ""), os.environ.get(KIND, "")
    if not keys.strip():
        if kind:
            raise ConfigurationError(f"{KIND} is set and {KEYS} is not: give the key, too")
        return store
    return sealed(store, seal_of(keys, kind or "hmac"))
