"""The page about testing is a test file that passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "test-an-orchestrator.md"


def test_the_examples_of_the_page_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Python blocks, one after another, are a module whose tests all pass."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    blocks = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    pytester.makepyfile("\n\n".join(blocks))

    result = pytester.runpytest_inprocess("-p", "xorca_contrib.pytest_plugin")

    result.assert_outcomes(passed="\n".join(blocks).count("async def test_"))
