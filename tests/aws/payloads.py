"""Read the payloads of a folder as Lambda triggers, and compare with what its manifest expects.

``python -m tests.aws.payloads FOLDER [MANIFEST]``: the manifest, by default the folder's own
``manifest.json``, is a list of ``{"file": ..., "expect": ...}``. ``expect`` is ``"accept"`` or ``"reject"`` for a file with
``{"tests": [{"event": ...} or {"batch": ...}]}``, or ``{"events": n, "dead_letter": m}`` for
one payload; ``{"events": n, "plain_eventbridge": k}`` says besides how many events there are
where plain events of EventBridge are taken. Files of other clouds are left out.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xorca.handlers.aws_lambda import read_trigger

OTHERS = ("azure/",)


@dataclass(frozen=True, slots=True)
class Case:
    """One payload, and how many events and refusals there must be; None: any number."""

    name: str
    payload: Any
    events: int | None
    refused: int | None
    plain: bool = False

    def fault(self) -> str:
        """Give what is wrong; empty where nothing is."""
        events, refused = read_trigger(self.payload, plain_eventbridge=self.plain)
        told = "; ".join(f"{each.place}: {each.text}" for each in refused)
        if self.events is not None and len(events) != self.events:
            return f"{len(events)} events, not {self.events}: {told}"
        if self.refused is not None and len(refused) != self.refused:
            return f"{len(refused)} refused, not {self.refused}: {told}"
        return next((f"{each} says too little" for each in refused if not each.text), "")


def cases_of(folder: Path, manifest: Path | None = None) -> list[Case]:
    """Give the cases of a folder."""
    entries = json.loads((manifest or folder / "manifest.json").read_text("utf-8"))
    ours = [entry for entry in entries if not entry["file"].startswith(OTHERS)]
    return [case for entry in ours for case in _cases(folder, entry)]


def _cases(folder: Path, entry: dict[str, Any]) -> list[Case]:
    name, expect = entry["file"], entry["expect"]
    content = json.loads((folder / name).read_text("utf-8"))
    if isinstance(expect, str):
        return [_judged(name, test, accept=expect == "accept") for test in content["tests"]]
    cases = [Case(name, content, expect.get("events"), expect.get("dead_letter"))]
    if "plain_eventbridge" in expect:
        cases.append(Case(f"{name} plain", content, expect["plain_eventbridge"], None, plain=True))
    return cases


def _judged(name: str, test: dict[str, Any], *, accept: bool) -> Case:
    at = f"{name} {test['id']}"
    given = test.get("event", test.get("batch"))
    count = len(given) if isinstance(given, list) else 1
    if accept:
        return Case(at, given, count, 0)
    sound = sum(1 for each in given if _is_sound(each)) if isinstance(given, list) else 0
    return Case(at, given, sound, count - sound)


def _is_sound(member: Any) -> bool:
    """Tell whether a member of a bad batch is the good one beside the bad."""
    names = {"id", "source", "type"}
    return isinstance(member, dict) and member.get("specversion") == "1.0" and names <= {*member}


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if len(arguments) not in (1, 2):
        print("usage: python -m tests.aws.payloads FOLDER [MANIFEST]", file=sys.stderr)
        return 2
    faults = 0
    for case in cases_of(*map(Path, arguments)):
        fault = case.fault()
        faults += bool(fault)
        print(f"{'WRONG' if fault else 'right'}  {case.name}  {fault}".rstrip())
    print(f"{faults} wrong")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
