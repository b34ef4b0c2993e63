"""One JSON object a line, whatever an entry holds."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.support import starting
from tests.unit.telemetry.parcels import Depot, Parcel, Sending
from xorca.telemetry import JsonFormatter


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Give what the log xorca writes as JSON, from DEBUG on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("xorca")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield stream
    log.removeHandler(handler)
    log.setLevel(level)


def formatted(**extra: Any) -> dict[str, Any]:
    """Give an entry as it is read back."""
    record = logging.makeLogRecord({"msg": "hello %s", "args": ("you",), "levelname": "INFO"})
    vars(record).update(extra)
    line = JsonFormatter().format(record)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


async def test_each_event_is_a_json_object_on_a_line(written: io.StringIO) -> None:
    """With its fields beside the message."""
    worker = Depot().worker()

    await worker.handle(starting(Sending, Parcel("x")), b"{")

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    handled = [line for line in lines if line["what"] == "event.handled"]
    assert [line["status"] for line in handled] == ["applied", "dead"]
    assert handled[0]["subject"] == "t.sending/1.0.0/p"
    assert isinstance(handled[0]["duration_ms"], float)


def test_the_common_fields_are_always_there() -> None:
    """Time in UTC, level, logger and message."""
    found = formatted(created=1893456000.5, name="xorca")

    assert found == {
        "time": "2030-01-01T00:00:00.500Z",
        "level": "INFO",
        "logger": "xorca",
        "message": "hello you",
    }


class Unsayable:
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\nb\u2028\x1b", "a\nb\u2028\x1b"),
        ("\ud800", "\ud800"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ({1: {2: [3]}}, {"1": {"2": [3]}}),
        ((1, None, True), [1, None, True]),
        (b"ab", "b'ab'"),
        (ValueError("x"), "x"),
        (Unsayable(), "<Unsayable>"),
    ],
)
def test_whatever_a_field_holds_is_json_on_one_line(value: object, shown: object) -> None:
    """Line ends of all kinds, lone surrogates, numbers that JSON has not, any object."""
    assert formatted(field=value)["field"] == shown


def test_a_field_that_holds_itself_ends() -> None:
    """It is shown to a certain depth."""
    loop: list[Any] = []
    loop.append(loop)

    assert isinstance(formatted(field=loop)["field"], list)


def test_arguments_that_do_not_fit_cost_no_entry() -> None:
    """The message is shown as it is."""
    assert formatted(args=())["message"] == "hello %s"
    assert formatted(args=(1, 2))["message"] == "hello %s"


def test_a_traceback_is_one_field() -> None:
    """Of an entry of somebody else, that has one."""
    try:
        raise ValueError("a\nb")
    except ValueError:
        found = formatted(exc_info=sys.exc_info())

    assert found["traceback"].endswith("ValueError: a\nb")
