"""What a service raises on purpose."""

from __future__ import annotations

from xorca.errors import XorcaError


class Refusal(XorcaError):
    """Answer the command with ``.error`` and this payload.

    A text is sent as ``{"reason": text, "error": "Refusal"}``, the shape of every other
    error; anything else is sent as it is.
    """

    def __init__(self, payload: object) -> None:
        self.payload = payload
        super().__init__(payload if isinstance(payload, str) else type(payload).__qualname__)


class TryAgain(XorcaError):
    """Answer nothing now: the command must be delivered again."""
