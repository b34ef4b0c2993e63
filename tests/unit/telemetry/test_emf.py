"""Lines of CloudWatch's embedded metric format: what they hold, and their bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.support import event, starting
from tests.unit.telemetry.parcels import Depot, Parcel, Sending, packers
from xorca.errors import ConfigurationError
from xorca.telemetry import EmfTelemetry, names

NOW = 1893456000.25


def emf() -> tuple[EmfTelemetry, list[str]]:
    """Give telemetry that stands still, and what it writes."""
    written: list[str] = []
    return EmfTelemetry(write=written.append, now=lambda: NOW), written


def read(line: str) -> dict[str, Any]:
    """Read a line as CloudWatch does, and see that it keeps to the format."""
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    found: dict[str, Any] = json.loads(line)
    assert set(found["_aws"]) == {"Timestamp", "CloudWatchMetrics"}
    assert found["_aws"]["Timestamp"] == NOW * 1000
    (directive,) = found["_aws"]["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    told = [metric["Name"] for metric in directive["Metrics"]]
    assert 1 <= len(told) == len(set(told)) <= 100
    for metric in directive["Metrics"]:
        assert metric["Unit"] in ("Count", "Seconds", "Bytes")
        values = found[metric["Name"]]
        assert isinstance(values, int | float) or 1 < len(values) <= 100
    (dimensions,) = directive["Dimensions"]
    assert dimensions
    assert all(isinstance(found[each], str) for each in dimensions)
    assert set(found) == {"_aws", *dimensions, *told}
    return found


async def test_a_call_writes_one_line() -> None:
    """However many events it was given, of one orchestrator."""
    telemetry, written = emf()
    worker = Depot().worker(telemetry)

    await worker.handle(
        starting(Sending, Parcel("x")),
        starting(Sending, Parcel("raises"), "q"),
        starting(Sending, Parcel("y"), "r"),
    )

    (line,) = written
    found = read(line)
    assert found["orchestrator"] == "t.sending"
    assert found["xorca.events.applied"] == 2
    assert found["xorca.events.dead"] == 1
    assert found["xorca.dead_letters.handler-raised"] == 1
    assert len(found["xorca.record.bytes"]) == 3
    assert found["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "xorca"


async def test_each_fleet_and_orchestrator_has_its_line() -> None:
    """What belongs to none of them says so."""
    telemetry, written = emf()

    await Depot().worker(telemetry).handle(starting(Sending, Parcel("x")), b"{")
    await packers(telemetry).handle(event("cmd.parcel.pack", Parcel("x"), subject="p"))

    ours, nobodys, fleet = map(read, written)
    assert ours["orchestrator"] == "t.sending"
    assert nobodys["orchestrator"] == "none"
    assert fleet["fleet"] == "/srvc/parcels"
    assert fleet["xorca.commands.success.cmd.parcel.pack"] == 1


async def test_nothing_is_written_twice() -> None:
    """A flush writes what came since the last one."""
    telemetry, written = emf()
    telemetry.count(names.EVENTS, 2, {"status": "applied"})
    telemetry.count(names.EVENTS, 1, {"status": "applied"})

    telemetry.flush()
    telemetry.flush()

    (line,) = written
    assert read(line)["xorca.events.applied"] == 3


def test_values_beyond_the_bound_take_more_lines() -> None:
    """Of one metric and of many, nothing is lost."""
    telemetry, written = emf()
    for number in range(250):
        telemetry.record(names.SAVE_DURATION, number / 1000, {"orchestrator": "a"})
        telemetry.count(names.IGNORED, 1, {"orchestrator": "a", "reason": f"r{number}"})

    telemetry.flush()

    lines = [read(line) for line in written]
    durations: list[float] = []
    for line in lines:
        durations += line.get(names.SAVE_DURATION, [])
    assert sorted(durations) == [number / 1000 for number in range(250)]
    assert sum(name.startswith("xorca.ignored.r") for line in lines for name in line) == 250


def test_numbers_that_json_has_not_are_left_out() -> None:
    """A line that cannot be read would cost all that is on it."""
    telemetry, written = emf()
    telemetry.record(names.SAVE_DURATION, float("nan"), {})
    telemetry.record(names.SAVE_DURATION, float("inf"), {})
    telemetry.record(names.SAVE_DURATION, 0.5, {})

    telemetry.flush()

    assert read(written[0])[names.SAVE_DURATION] == 0.5


def test_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """On Lambda that is the log from which CloudWatch makes metrics."""
    telemetry = EmfTelemetry("my/app")
    telemetry.count(names.EVENTS, 1, {"orchestrator": "a\u2028b", "status": "applied"})

    telemetry.flush()

    line = json.loads(capsys.readouterr().out)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "my/app"
    assert line["orchestrator"] == "a\u2028b"


@pytest.mark.parametrize("namespace", ["", "AWS/mine", ":x", "a b", "a\n", "ä", "x" * 256])
def test_a_namespace_that_cloudwatch_refuses_is_refused_at_once(namespace: str) -> None:
    """Else nobody would know why there are no metrics."""
    with pytest.raises(ConfigurationError, match="CloudWatch"):
        EmfTelemetry(namespace)
