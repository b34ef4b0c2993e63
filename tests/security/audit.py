"""``make audit``: ask whether a known vulnerability is in what is installed here.

The exit code is 0 where there is none, and where nobody could be asked; 1 where there is one,
and where asking failed for another reason than that there is no network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, NamedTuple

_ASK = ("-m", "pip_audit", "--local", "--skip-editable", "--format", "json")
_OPTIONS = ("--progress-spinner", "off", "--timeout", "10")
_OFFLINE = ("ConnectionError", "ProxyError", "ConnectTimeout", "ReadTimeout", "SSLError")


class Answer(NamedTuple):
    """What is to be said, and the exit code."""

    text: str
    code: int


def judge(output: str, errors: str) -> Answer:
    """Tell from what pip-audit printed what it found, or why it found nothing out."""
    try:
        found: Any = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _no_answer(errors)
    vulnerable = [one for one in found if one.get("vulns")]
    if not vulnerable:
        return _clean(asked=sum("vulns" in one for one in found), of=len(found))
    lines = [
        f"  {one['name']} {one['version']}: {vuln['id']},"
        f" fixed in {', '.join(vuln.get('fix_versions') or ['no version yet'])}"
        for one in vulnerable
        for vuln in one["vulns"]
    ]
    return Answer("\n".join(["audit: known vulnerabilities:", *lines]), 1)


def _clean(*, asked: int, of: int) -> Answer:
    if not asked:
        said = f"the index that was asked knows none of the {of} packages"
        return Answer(f"audit: not done, for {said}; run it where PyPI itself answers", 0)
    left = f"; the index knows nothing of {of - asked} others" if of > asked else ""
    return Answer(f"audit: no known vulnerability in {asked} packages{left}", 0)


def _no_answer(errors: str) -> Answer:
    last = errors.strip().rpartition("\n")[2]
    if "No module named pip_audit" in errors:
        return Answer("audit: pip-audit is not installed here: run `make setup`", 1)
    if any(f"{name}:" in last for name in _OFFLINE):
        return Answer("audit: not done, for there is no network to ask; run it where there is", 0)
    return Answer(f"audit: pip-audit failed: {last or 'it said nothing'}", 1)


def main() -> int:
    """Ask, say what was found, and give the exit code."""
    asked = (sys.executable, *_ASK, *_OPTIONS)
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    answer = judge(done.stdout, done.stderr)
    print(answer.text)
    return answer.code


if __name__ == "__main__":
    raise SystemExit(main())
