"""The reader of payloads from a folder: ours, and one that ``XORCA_PAYLOADS`` names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.aws import shapes
from tests.aws.payloads import cases_of, main
from tests.aws.shapes import event, rule, sqs
from xorca.handlers.aws_lambda import read_trigger

FOLDER = os.environ.get("XORCA_PAYLOADS", "")


def written(folder: Path, expect: Any, content: Any) -> Path:
    """Write a folder with one payload."""
    (folder / "one.json").write_text(json.dumps(content), "utf-8")
    manifest = [{"file": "one.json", "expect": expect}, {"file": "azure/x.json", "expect": {}}]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("expect", "content"),
    [
        ({"events": 2}, sqs(event("1"), event("2"))),
        ({"events": 1, "dead_letter": 1}, sqs(event(), "x")),
        ({"events": 0, "plain_eventbridge": 1}, rule({})),
        ("accept", {"tests": [{"id": "a", "event": event()}, {"id": "b", "batch": []}]}),
        ("reject", {"tests": [{"id": "a", "event": {}}, {"id": "b", "batch": [event(), 7]}]}),
    ],
)
def test_a_right_expectation_is_found_right(tmp_path: Path, expect: Any, content: Any) -> None:
    """Each kind of expectation that a manifest may have."""
    assert main([str(written(tmp_path, expect, content))]) == 0


@pytest.mark.parametrize(
    ("expect", "content"),
    [
        ({"events": 1}, sqs(event("1"), event("2"))),
        ({"events": 1, "dead_letter": 0}, sqs(event(), "x")),
        ({"events": 0, "plain_eventbridge": 0}, rule({})),
        ("accept", {"tests": [{"id": "a", "event": {}}]}),
        ("reject", {"tests": [{"id": "a", "event": event()}]}),
    ],
)
def test_a_wrong_expectation_is_told(
    tmp_path: Path, expect: Any, content: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reader is no formality."""
    code = main([str(written(tmp_path, expect, content))])

    assert code == 1
    assert "WRONG  one.json" in capsys.readouterr().out


def test_a_folder_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one it says how it is called."""
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err


def test_a_manifest_may_lie_elsewhere(tmp_path: Path) -> None:
    """So that a folder is tried that cannot be written to."""
    folder = tmp_path / "folder"
    folder.mkdir()
    written(folder, {"dead_letter": 1}, sqs(event(), "x"))
    manifest = (folder / "manifest.json").rename(tmp_path / "other.json")

    assert main([str(folder), str(manifest)]) == 0


def test_payloads_of_a_given_folder(tmp_path: Path) -> None:
    """Every payload of the folder gives what its manifest expects."""
    ours = written(tmp_path, {"events": 1}, sqs(event()))
    cases = cases_of(Path(FOLDER) if FOLDER else ours)

    assert cases
    assert [f"{case.name}: {case.fault()}" for case in cases if case.fault()] == []


@pytest.mark.parametrize("payload", [shapes.S3_NOTIFICATION, shapes.STREAM, shapes.DESTINATION])
def test_native_events_are_none(payload: Any) -> None:
    """What AWS tells of itself is refused in every envelope."""
    for wrapped in (payload, sqs(payload), shapes.sns(payload), rule(payload)):
        events, refused = read_trigger(wrapped)
        assert events == []
        assert refused
