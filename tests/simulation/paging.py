"""The sizes of pages of old inbox keys, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xorca.engine import inbox

SIZES = ("KEPT", "FULL", "LARGE", "MERGED")


@contextmanager
def page_sizes(sizes: tuple[int, ...]) -> Iterator[None]:
    """Give pages other sizes for a while; none leaves them as they are."""
    before = [getattr(inbox, name) for name in SIZES]
    try:
        for name, size in zip(SIZES, sizes, strict=False):
            setattr(inbox, name, size)
        yield
    finally:
        for name, size in zip(SIZES, before, strict=True):
            setattr(inbox, name, size)
