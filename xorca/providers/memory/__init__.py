"""The room without walls: everything in this process's memory, for tests and first steps."""

from xorca.providers.memory.alarm import MemoryAlarm
from xorca.providers.memory.bus import MemoryBus
from xorca.providers.memory.channel import MemoryChannel
from xorca.providers.memory.lease import MemoryLease
from xorca.providers.memory.store import MemoryStore

__all__ = ["MemoryAlarm", "MemoryBus", "MemoryChannel", "MemoryLease", "MemoryStore"]
