"""Coroutine tests run once and without a warning, whichever plugin takes care of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[3]
PLUGIN = ("-p", "xorca_contrib.pytest_plugin")
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
ASYNCIO = (*PLUGIN, "-p", "pytest_asyncio.plugin", *SCOPE, "-o", "asyncio_mode=strict")
ASYNCIO_AUTO = (*PLUGIN, "-p", "pytest_asyncio.plugin", *SCOPE, "-o", "asyncio_mode=auto")

TESTS = """
import asyncio
import pytest
from tests.unit.plugin.sample import *

LOOPS = []

async def test_function(orchestra):
    LOOPS.append(asyncio.get_running_loop())
    process = await orchestra.start(BookSummary, BookRequest("b-1"))
    await process.answer("evt.books.fetch.error", Failure("gone"))
    assert process.ended and process.state == "fail"

class TestGroup:
    async def test_method(self, orchestra):
        LOOPS.append(asyncio.get_running_loop())
        assert (await orchestra.start(Reminder)).state == "asking"

@pytest.mark.parametrize("number", [1, 2])
async def test_parametrised(scripted_fleet, number):
    LOOPS.append(asyncio.get_running_loop())
    assert number

async def test_clock(virtual_clock):
    LOOPS.append(asyncio.get_running_loop())
    await virtual_clock.sleep(1)

@pytest.fixture
def hidden(request):
    return request.getfixturevalue("orchestra")

async def test_a_fixture_that_uses_ours(hidden):
    assert hidden.processes == []

def test_plain(orchestra):
    assert orchestra.processes == []

def test_each_had_a_loop_of_its_own():
    assert len(LOOPS) == len(set(LOOPS)) == 5
    assert all(loop.is_closed() for loop in LOOPS)
"""

MARKED = """
import pytest

@pytest.fixture
async def number():
    return 1

@pytest.mark.asyncio
async def test_marked(orchestra, number):
    assert number == 1

async def test_unmarked(orchestra):
    assert orchestra.processes == []
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give a project in which only the plugins that are named are loaded."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "contrib")])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester


@pytest.mark.parametrize("plugins", [PLUGIN, ASYNCIO, ASYNCIO_AUTO], ids=["none", "strict", "auto"])
def test_coroutine_tests_run(inner: pytest.Pytester, plugins: tuple[str, ...]) -> None:
    """Functions, methods, parametrised tests: each runs once on a fresh loop."""
    inner.makepyfile(TESTS)

    result = inner.runpytest_subprocess(*plugins, "-W", "error")

    result.assert_outcomes(passed=8)
    result.stdout.no_fnmatch_line("*warning*")


def test_a_marked_test_is_left_to_its_plugin(inner: pytest.Pytester) -> None:
    """With pytest-asyncio in strict mode its marker and its async fixtures work beside ours."""
    inner.makepyfile(
        MARKED.replace("@pytest.fixture", "import pytest_asyncio\n@pytest_asyncio.fixture")
    )

    result = inner.runpytest_subprocess(*ASYNCIO, "-W", "error")

    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*warning*")


def test_an_async_fixture_works_in_auto_mode(inner: pytest.Pytester) -> None:
    """In auto mode everything asynchronous is pytest-asyncio's."""
    inner.makepyfile(MARKED)

    result = inner.runpytest_subprocess(*ASYNCIO_AUTO, "-W", "error")

    result.assert_outcomes(passed=2)


def test_a_coroutine_test_without_our_fixtures_is_none_of_ours(inner: pytest.Pytester) -> None:
    """pytest still says that it cannot run it."""
    inner.makepyfile("async def test_it(tmp_path): ...")

    result = inner.runpytest_subprocess(*PLUGIN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*async def functions are not natively supported*"])


def test_a_failing_coroutine_fails_at_its_own_line(inner: pytest.Pytester) -> None:
    """The report shows the test, not the machinery that ran it."""
    inner.makepyfile("async def test_it(orchestra):\n    assert orchestra.processes == [1]\n")

    result = inner.runpytest_subprocess(*PLUGIN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*assert orchestra.processes == *1*", "*- xorca -*"])
    result.stdout.no_fnmatch_line("*runners.py*")


def test_an_overridden_fixture_still_runs_the_test(inner: pytest.Pytester) -> None:
    """A fixture of the same name that builds on ours changes nothing."""
    inner.makeconftest(
        """
        import pytest

        @pytest.fixture
        def orchestra(orchestra):
            from tests.unit.plugin.sample import AlbumPublish
            orchestra.serve(AlbumPublish)
            return orchestra
        """
    )
    inner.makepyfile("async def test_it(orchestra): assert orchestra.processes == []")

    result = inner.runpytest_subprocess(*PLUGIN, "-W", "error")

    result.assert_outcomes(passed=1)


def test_the_plugin_imports_pytest_alone(tmp_path: Path) -> None:
    """Whoever has xorca installed and does not use it in a test pays nothing for it."""
    probe = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import xorca_contrib.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )

    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "contrib")])},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "['xorca_contrib', 'xorca_contrib.pytest_plugin']"


def test_a_run_without_our_fixtures_does_not_import_xorca(inner: pytest.Pytester) -> None:
    """Not even a failing test makes the plugin load anything."""
    inner.makepyfile(
        """
        import sys

        def test_fails():
            assert False

        def test_nothing_was_imported():
            assert "xorca" not in sys.modules
            assert "xorca_contrib.testing" not in sys.modules
        """
    )

    result = inner.runpytest_subprocess(*PLUGIN, "-W", "error")

    result.assert_outcomes(passed=1, failed=1)
