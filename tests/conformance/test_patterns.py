"""A star in a pattern stands for one or more whole segments."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from xorca.dsl.names import matches
from xorca.providers.patterns import Routes


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("evt.a.b", "evt.a.b", True),
        ("evt.a.b", "evt.a.bc", False),
        ("evt.*", "evt.a", True),
        ("evt.*", "evt.a.b.c", True),
        ("evt.*", "evt", False),
        ("evt.*.error", "evt.a.b.error", True),
        ("evt.*.error", "evt.error", False),
        ("evt.*.error", "evt.error.error", True),
        ("*", "anything.at.all", True),
        ("*.b.*", "a.b.b", True),
        ("*.*", "a", False),
        ("evt.a", "evtxa", False),
    ],
)
def test_pattern_fits(pattern: str, name: str, fits: bool) -> None:
    """The examples of the documentation hold."""
    assert matches(pattern, name) is fits


segments = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=6)
names = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=8)


@given(pattern=segments, name=names)
def test_pattern_means_its_regular_expression(pattern: list[str], name: list[str]) -> None:
    """Matching agrees with the regular expression that a pattern stands for."""
    star = r"[^.]+(\.[^.]+)*"
    expression = r"\.".join(star if part == "*" else re.escape(part) for part in pattern)

    assert matches(".".join(pattern), ".".join(name)) is bool(
        re.fullmatch(expression, ".".join(name))
    )


def test_wicked_pattern_ends_soon() -> None:
    """Many stars do not make matching explode."""
    assert not matches(".".join(["*", "a"] * 30) + ".b", ".".join(["a"] * 2000))


def test_routes_name_each_group_once() -> None:
    """A group with two fitting patterns is named once; groups come in order."""
    routes = Routes([("b", "evt.*"), ("b", "*"), ("a", "evt.x"), ("c", "cmd.*")])

    assert routes.groups("evt.x") == ("a", "b")
    assert routes.groups("evt.x") == ("a", "b")
    assert routes.groups("nothing") == ("b",)
