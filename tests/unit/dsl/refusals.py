"""What a class that is no machine is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xorca.errors import DefinitionError, Problem


def problems_of(define: Callable[[], object]) -> tuple[Problem, ...]:
    """Give what is wrong with the class that a function defines."""
    with pytest.raises(DefinitionError) as caught:
        define()
    return caught.value.problems


def the_problem(define: Callable[[], object], code: str) -> Problem:
    """Give the one problem of a class, which has this code, a cure and a place in a test."""
    problems = problems_of(define)
    assert [problem.code for problem in problems] == [code], "\n".join(map(str, problems))
    assert problems[0].cure
    file, _, line = problems[0].place.rpartition(":")
    assert Path(file).parent == Path(__file__).parent
    assert int(line) > 1
    return problems[0]
