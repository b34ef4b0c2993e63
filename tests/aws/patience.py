"""More time for connections: an emulator shares two cores with everything else, and stalls."""

from __future__ import annotations

from xorca.providers.aws import waits

waits.CONNECT = 20.0
