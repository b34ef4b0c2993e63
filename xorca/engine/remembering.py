"""The memory of a process as its handlers see it."""

from __future__ import annotations

from typing import Any

from xorca.engine.draft import Definition
from xorca.engine.record import Record


def memory_of(definition: Definition, record: Record) -> dict[str, Any]:
    """Decode the attributes of a process; one that was never stored has its default.

    Raises:
        PayloadError: what is stored does not fit the annotations.
    """
    codec = definition.plan.memory.codec
    memory = codec.decode(record.memory)
    if len(memory) < len(codec.names):
        for name, value in definition.cls._fresh().items():  # pyright: ignore[reportPrivateUsage]
            memory.setdefault(name, value)
    return memory
