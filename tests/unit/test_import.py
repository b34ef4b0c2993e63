"""``import xorca`` is light: it is paid on every cold start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("aiobotocore", "botocore", "boto3", "azure", "aiohttp", "httpx", "requests")
HEAVY += ("pydantic", "starlette", "uvicorn", "click", "opentelemetry", "xorca_contrib")
PROBE = "import json, sys; import xorca; print(json.dumps(sorted(sys.modules)))"


def loaded_by_import() -> set[str]:
    """Give the names of the modules that a fresh interpreter has after ``import xorca``."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_import_loads_no_optional_package() -> None:
    """No cloud SDK, no pydantic, no web framework and no command line comes along."""
    loaded = loaded_by_import()

    assert "xorca" in loaded
    assert sorted(loaded & {*HEAVY, "xorca.cli"}) == []
