"""How much of an event is read before it is refused."""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 1_048_576
"""Largest structured form of one event, in bytes."""

MAX_BATCH_BYTES: Final = 16 * 1_048_576
"""Largest batch, in bytes."""

MAX_BATCH_EVENTS: Final = 1_000
"""Most members of a batch."""

MAX_DEPTH: Final = 64
"""Deepest nesting of objects and arrays; the event itself is the first level."""

MAX_ATTRIBUTES: Final = 64
"""Most attributes of an event, unset ones included."""

MAX_NAME_LENGTH: Final = 64
"""Longest attribute name; CloudEvents recommends at most 20 characters."""

MAX_IDENTIFIER_BYTES: Final = 1_024
"""Longest id, source, type or subject, in bytes of UTF-8."""
