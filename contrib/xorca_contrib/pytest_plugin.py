"""The pytest fixtures ``orchestra``, ``virtual_clock`` and ``scripted_fleet``.

Every pytest run in an environment with xorca loads this file. It imports pytest alone, and
does nothing to tests that do not ask for one of these fixtures.

PYTEST_DONT_REWRITE: there is no assertion here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xorca_contrib.testing import Orchestra, ScriptedFleet, VirtualClock

_USED = pytest.StashKey[bool]()
_ORCHESTRA = pytest.StashKey["Orchestra"]()


@pytest.fixture
def virtual_clock(request: pytest.FixtureRequest) -> VirtualClock:
    """Give time that passes only when the test says so; the orchestra lives by it."""
    from xorca_contrib.testing import VirtualClock

    request.node.stash[_USED] = True
    return VirtualClock()


@pytest.fixture
def orchestra(request: pytest.FixtureRequest, virtual_clock: VirtualClock) -> Iterator[Orchestra]:
    """Run orchestrators in memory: ``process = await orchestra.start(BookSummary, request)``."""
    from xorca_contrib.testing import Orchestra

    stash = request.node.stash
    stash[_USED] = True
    stash[_ORCHESTRA] = made = Orchestra(virtual_clock)
    yield made
    del stash[_ORCHESTRA]


@pytest.fixture
def scripted_fleet(orchestra: Orchestra) -> ScriptedFleet:
    """Answer commands by script: ``scripted_fleet.answers("cmd.books.fetch", Book("..."))``."""
    return orchestra.fleet


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Run a coroutine test that used a fixture of ours and that no other plugin has taken."""
    if _USED not in pyfuncitem.stash:
        return None
    from xorca_contrib.testing.coroutines import run_if_coroutine

    return run_if_coroutine(pyfuncitem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test what its processes went through."""
    report = yield
    made = item.stash.get(_ORCHESTRA, None)
    if report.failed and made is not None:
        report.sections.append(("xorca", made.story))
    return report
