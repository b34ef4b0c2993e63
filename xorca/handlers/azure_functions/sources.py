"""Sources as Azure writes them: resource ids, which need not be URIs."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_ALLOWED: Final = "-._~!$&'()*+,;=:@/?#[]%"
_LONE_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")


def as_uri(source: str) -> str:
    """Percent-encode what no URI may hold, as RFC 3987 turns an IRI into a URI.

    A resource group may be called "größe" or "my group (2)", and its name stands in the
    source of what Event Grid tells of it. A source that is a URI already stays as it is.
    """
    return quote(_LONE_PERCENT.sub("%25", source), safe=_ALLOWED, errors="replace")
