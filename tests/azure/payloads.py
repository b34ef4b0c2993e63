"""Read the payloads of a folder as triggers of Functions, and compare with its manifest.

``python -m tests.azure.payloads FOLDER``: the folder has a ``manifest.json``, a list of
``{"file": ..., "expect": {"events": n, "dead_letter": m}}``. Files of other clouds are left
out, and so is what expects no counts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from xorca.handlers.azure_functions import read_trigger

OURS = "azure/"


def fault_of(payload: Any, expect: dict[str, int]) -> str:
    """Give what is wrong with the reading of a payload; empty where nothing is."""
    events, refused = read_trigger(payload)
    told = "; ".join(f"{each.place}: {each.text}" for each in refused)
    if len(events) != expect["events"]:
        return f"{len(events)} events, not {expect['events']}: {told}"
    if len(refused) != expect.get("dead_letter", 0):
        return f"{len(refused)} refused, not {expect.get('dead_letter', 0)}: {told}"
    return next((f"{each} says too little" for each in refused if not each.text), "")


def faults_in(folder: Path) -> dict[str, str]:
    """Read every payload of a folder, parsed and as text; give what is wrong by its name."""
    found: dict[str, str] = {}
    for entry in json.loads((folder / "manifest.json").read_text("utf-8")):
        name, expect = entry["file"], entry["expect"]
        if not name.startswith(OURS) or isinstance(expect, str):
            continue
        text = (folder / name).read_bytes()
        found[name] = fault_of(json.loads(text), expect)
        found[f"{name} as text"] = fault_of(text, expect)
    return found


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if len(arguments) != 1:
        print("usage: python -m tests.azure.payloads FOLDER", file=sys.stderr)
        return 2
    found = faults_in(Path(arguments[0]))
    for name, fault in found.items():
        print(f"{'WRONG' if fault else 'right'}  {name}  {fault}".rstrip())
    faults = sum(map(bool, found.values()))
    print(f"{faults} wrong")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
