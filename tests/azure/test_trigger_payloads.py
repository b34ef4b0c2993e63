"""The runner over a folder of payloads tells right from wrong."""

from __future__ import annotations

import json
from pathlib import Path

from tests.azure.payloads import faults_in, main

EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def folder(path: Path, payload: object, expect: object) -> Path:
    (path / "azure").mkdir()
    (path / "azure" / "one.json").write_text(json.dumps(payload), "utf-8")
    entries = [
        {"file": "azure/one.json", "expect": expect},
        {"file": "aws/missing.json", "expect": {"events": 0}},
        {"file": "cloudevents/missing.json", "expect": "accept"},
    ]
    (path / "manifest.json").write_text(json.dumps(entries), "utf-8")
    return path


def test_a_payload_is_read_parsed_and_as_text(tmp_path: Path) -> None:
    """Both ways give what the manifest expects; other clouds are left out."""
    found = faults_in(folder(tmp_path, [EVENT, {}], {"events": 1, "dead_letter": 1}))

    assert found == {"azure/one.json": "", "azure/one.json as text": ""}
    assert main([str(tmp_path)]) == 0


def test_a_wrong_count_is_told(tmp_path: Path) -> None:
    """An event too few makes the runner fail."""
    place = folder(tmp_path, [EVENT], {"events": 2})

    assert main([str(place)]) == 1
    assert faults_in(place)["azure/one.json"].startswith("1 events, not 2")
