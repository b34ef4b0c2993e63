"""The benchmark of the way through a socket still runs. What it measures is no matter of a test."""

from __future__ import annotations

from tests.benchmarks.http import measure
from tests.benchmarks.sizes import Size


def test_it_measures_both_ways_and_a_crowd() -> None:
    """Rates through the socket and without it, their ratio, and health among slow clients."""
    figures = {figure.name: figure.value for figure in measure(Size.SMOKE)}

    assert {name.split(",")[0] for name in figures} == {
        "events a second",
        "CPU an event",
        "p50",
        "p99",
        "events a second through a socket",
        "CPU an event through a socket",
        "GET /health",
        "memory of the server",
    }
    for mode in ("structured", "binary", "batch of 10"):
        assert figures[f"events a second, SQLite, 32 at once, {mode}, through a socket"] > 0
        assert figures[f"events a second through a socket, {mode}, of that in one process"] > 0
