"""What closes a body under its key in the store, and opens it again."""

from __future__ import annotations

from typing import NoReturn, Protocol

from xorca.errors import RecordError


class Seal(Protocol):
    """Close and open bodies; each is bound to the storage key it stands under.

    ``overhead`` is how many bytes a closed body has more than the body itself, at most.
    """

    @property
    def overhead(self) -> int:
        """How many bytes closing adds, at most."""
        ...

    def close(self, key: str, body: bytes) -> bytes:
        """Give the bytes to store under a key."""
        ...

    def open(self, key: str, data: bytes) -> bytes:
        """Give the body that was closed under this very key.

        Raises:
            RecordError: it was not closed under this key, by a key that is known here, or
                was changed since.
        """
        ...


LEFT = "it is left as it is"


def refuse_unsealed(key: str, seal: str) -> NoReturn:
    """Refuse what no seal of this kind has closed.

    Raises:
        RecordError: always.
    """
    raise RecordError(
        f"what is stored at {key} is not sealed by {seal}; {LEFT}. Somebody else wrote it, or it"
        " is from before the store was sealed: look, then xorca.sealing.reseal(...) takes it over"
    )


def refuse_key(key: str, key_id: str, known: tuple[str, ...]) -> NoReturn:
    """Refuse what a key has closed that is not known here.

    Raises:
        RecordError: always.
    """
    raise RecordError(
        f"what is stored at {key} is sealed with the key {key_id!r}, which is not known here"
        f" (known: {', '.join(known)}); {LEFT}. Add that key behind the newest one"
    )


def refuse_change(key: str, key_id: str) -> NoReturn:
    """Refuse what does not fit its seal.

    Raises:
        RecordError: always.
    """
    raise RecordError(
        f"what is stored at {key} does not fit its seal (key {key_id!r}): it was changed, stood"
        f" under another key, or {key_id!r} is another key here; {LEFT}. Restore it from a backup"
    )
