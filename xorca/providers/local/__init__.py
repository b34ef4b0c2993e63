"""The room on one disk: state, channel, timers and leases in one SQLite file."""

from xorca.providers.local.alarm import SqliteAlarm
from xorca.providers.local.channel import SqliteChannel
from xorca.providers.local.lease import SqliteLease
from xorca.providers.local.store import SqliteStore

__all__ = ["SqliteAlarm", "SqliteChannel", "SqliteLease", "SqliteStore"]
