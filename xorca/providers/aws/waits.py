"""How long AWS is waited for, in seconds."""

from __future__ import annotations

CONNECT = 1.0
"""For a connection, of which an endpoint nearby needs a few milliseconds."""

READ = 5.0
"""For the next part of an answer."""
