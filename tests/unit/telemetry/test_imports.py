"""Nobody pays for telemetry that is not used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import xorca.telemetry

ROOT = Path(__file__).parents[3]

WORK = """
import asyncio, json, sys
from xorca import Orchestrator, Runtime, end, on, start, emit
from xorca.fleet import Fleet
from xorca.providers.memory import MemoryStore

class A(Orchestrator, name="a"):
    @start
    @emit("cmd.x.do")
    def begin(self) -> str:
        return "x"
    @on("evt.x.do.success", to=end)
    def done(self) -> None: ...

fleet = Fleet("/srvc/x")

@fleet.serves("cmd.x.do")
async def do() -> None: ...

async def main():
    runtime = Runtime([A], store=MemoryStore())
    (begun,) = await runtime.handle(A.start_event())
    (served,) = await fleet.handle(*begun.emitted)
    (done,) = await runtime.handle(*served.emitted)
    assert done.state == "done"

asyncio.run(main())
print(json.dumps(sorted(sys.modules)))
"""
HINDERED = """
import sys
sys.modules["opentelemetry"] = None
from xorca.errors import MissingExtra
from xorca.telemetry import EmfTelemetry, JsonFormatter, MemoryTelemetry
try:
    from xorca.telemetry import OtelTelemetry
except MissingExtra as exc:
    print(exc)
"""


def run(program: str) -> str:
    """Run a program in an interpreter of its own; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_work_without_telemetry_imports_none() -> None:
    """Neither OpenTelemetry nor our own counters, spans and formats."""
    loaded = set(json.loads(run(WORK)))

    ours = {name for name in loaded if name.startswith("xorca.telemetry.")}
    assert "xorca.runtime.core" in loaded
    assert ours == {"xorca.telemetry.lines"}
    assert not {"opentelemetry", "xorca.runtime.watched_rooms"} & loaded


def test_a_missing_opentelemetry_is_told_with_the_line_that_installs_it() -> None:
    """And everything else of the package works without it."""
    said = run(HINDERED).strip()

    assert said == "OtelTelemetry needs opentelemetry-api: pip install 'xorca[otel]'"


@pytest.mark.parametrize("name", xorca.telemetry.__all__)
def test_each_public_name_is_there(name: str) -> None:
    """They are imported when they are asked for."""
    assert getattr(xorca.telemetry, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="nothing"):
        xorca.telemetry.nothing  # noqa: B018


def test_the_public_names_are_pinned() -> None:
    """A name is added or removed on purpose."""
    assert xorca.telemetry.__all__ == [
        "Attributes",
        "EmfTelemetry",
        "JsonFormatter",
        "MemoryTelemetry",
        "OtelTelemetry",
        "Span",
        "Telemetry",
    ]
