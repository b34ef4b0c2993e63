"""Sealing of what is stored: against changes by a key, against readers by a cipher."""

from xorca.sealing.aes_gcm import AesGcmSeal
from xorca.sealing.environment import seal_of, sealed_by_environment
from xorca.sealing.hmac_sha256 import HmacSeal
from xorca.sealing.keys import KeyRing, Keys
from xorca.sealing.resealing import Resealed, reseal
from xorca.sealing.seal import Seal
from xorca.sealing.store import sealed

__all__ = [
    "AesGcmSeal",
    "HmacSeal",
    "KeyRing",
    "Keys",
    "Resealed",
    "Seal",
    "reseal",
    "seal_of",
    "sealed",
    "sealed_by_environment",
]
