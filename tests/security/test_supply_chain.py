"""Few packages, none of which runs anything when it is installed, and an audit (T18)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.security.audit import judge

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = {"click", "cloudevents", "msgspec", "tenacity", "transitions"}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI"}
OFFLINE = "requests.exceptions.ProxyError: HTTPSConnectionPool(...): Max retries exceeded"


def test_the_core_needs_few_packages() -> None:
    """A further one is added on purpose, and here."""
    needed = {line.partition(">")[0] for line in PROJECT["project"]["dependencies"]}

    assert needed == CORE


def test_installing_runs_nothing_of_ours() -> None:
    """No build hook, no setup.py: the wheel is a copy of the files."""
    assert PROJECT["build-system"]["build-backend"] == "hatchling.build"
    assert "hooks" not in str(PROJECT["tool"]["hatch"])
    assert not (ROOT / "setup.py").exists()


def test_sealing_is_an_extra() -> None:
    """Who does not encrypt needs no library of ciphers."""
    assert PROJECT["project"]["optional-dependencies"]["seal"] == ["cryptography>=44"]


@pytest.mark.parametrize(
    ("output", "errors", "code", "text"),
    [
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, "", 0, "in 1 packages"),
        (
            {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}]},
            "Found 1 known vulnerability",
            1,
            "a 1: CVE-1, fixed in no version yet",
        ),
        (
            {"dependencies": [SKIPPED, SKIPPED]},
            "",
            0,
            "not done, for the index that was asked knows",
        ),
        ({"dependencies": []}, "", 0, "not done"),
        (
            {"dependencies": [{"name": "a", "version": "1", "vulns": []}, SKIPPED]},
            "",
            0,
            "in 1 packages; the index knows nothing of 1 others",
        ),
        (None, f"Traceback\n{OFFLINE}\n", 0, "no network"),
        (None, "Traceback\nValueError: ConnectionError is a word\n", 1, "pip-audit failed"),
        (None, "python: No module named pip_audit", 1, "make setup"),
        (None, "", 1, "it said nothing"),
        ([], "", 1, "it said nothing"),
    ],
)
def test_an_audit_is_judged(output: Any, errors: str, code: int, text: str) -> None:
    """It passes where it found nothing, or nobody could be asked, and says which."""
    answer = judge("" if output is None else json.dumps(output), errors)

    assert (answer.code, text in answer.text) == (code, True)


def test_an_audit_without_a_network_says_so() -> None:
    """The real one, behind a proxy that is not there."""
    nowhere = "http://127.0.0.1:9"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    proxies = {name: nowhere for upper in names for name in (upper, upper.lower())}
    environment = {**os.environ, **proxies, "NO_PROXY": "", "no_proxy": ""}

    done = subprocess.run(
        [sys.executable, "-m", "tests.security.audit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "no network" in done.stdout
