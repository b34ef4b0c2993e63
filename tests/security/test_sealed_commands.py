"""The command line works on sealed stores, with the key from the environment."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xorca.cli import main

KEY, OTHER = "ab" * 32, "cd" * 32
PROGRAM = """
from dataclasses import dataclass

from xorca import Orchestrator, emit, on, start, end


@dataclass
class Question:
    text: str
    token: str = ""


class Asking(Orchestrator, name="asking"):
    @start
    @emit("cmd.person.ask")
    def ask(self, question: Question) -> Question:
        return Question(question.text, self.token("evt.person.answered"))

    @on("evt.person.answered", at=ask, to=end)
    def answered(self, answer: str) -> None: ...
"""
STORE = ("--store", "sqlite:///./state.db")


def call(*words: str, **environment: str) -> Result:
    """Call the command line with some variables set."""
    names = ("XORCA_SEAL_KEY", "XORCA_SEAL", "XORCA_TOKEN_KEY", "XORCA_STORE")
    return CliRunner(env={**dict.fromkeys(names), **environment}).invoke(main, words)


@pytest.fixture(params=["hmac", "aes-gcm"])
def sealing(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Give the variables of a store in which one sealed process waits."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asking.py").write_text(PROGRAM, encoding="utf-8")
    variables = {"XORCA_SEAL": request.param, "XORCA_SEAL_KEY": KEY}
    begin = ("run", "asking.py", "--data", '{"text": "Why?"}', "--process-id", "a", *STORE)
    result = call(*begin, "--timeout", "0.1", **variables, XORCA_TOKEN_KEY=KEY)
    assert "'ask' waits for cmd.person.ask" in result.stderr, result.stderr
    return variables


def bodies() -> list[bytes]:
    """Give the records as they lie in the file."""
    with sqlite3.connect("state.db") as file:
        return [bytes(row[0]) for row in file.execute("SELECT body FROM record")]


def test_a_record_is_sealed_by_the_environment(sealing: dict[str, str]) -> None:
    """What ``run`` has stored carries a seal."""
    [body] = bodies()

    assert body.startswith((b'{"sealed":"hmac-sha256"', b"xorca/aes-256-gcm/1"))


def test_ls_and_show_read_a_sealed_store(sealing: dict[str, str]) -> None:
    """With the key in the environment."""
    listed = call("ls", "--json", *STORE, **sealing)
    shown = call("show", "a", "--json", *STORE, **sealing)

    assert json.loads(listed.stdout)["subject"] == "asking/1.0.0/a"
    assert json.loads(shown.stdout)["state"] == "ask"


def test_a_key_may_follow_the_newest(sealing: dict[str, str]) -> None:
    """Rotation: the newest first, the older ones behind it."""
    both = {**sealing, "XORCA_SEAL_KEY": f"{OTHER},{KEY}"}

    assert json.loads(call("show", "a", "--json", *STORE, **both).stdout)["state"] == "ask"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"XORCA_SEAL_KEY": "", "XORCA_SEAL": ""}, "is sealed with a key: open the store with it"),
        ({"XORCA_SEAL_KEY": OTHER}, "which is not known here"),
        ({"XORCA_SEAL_KEY": ""}, "XORCA_SEAL is set and XORCA_SEAL_KEY is not"),
        ({"XORCA_SEAL_KEY": "short"}, "a key"),
        ({"XORCA_SEAL": "rot13"}, "use 'hmac' or 'aes-gcm'"),
    ],
)
def test_a_key_that_does_not_fit_is_told(
    sealing: dict[str, str], change: dict[str, str], cause: str
) -> None:
    """In one sentence, with exit code 2; the record is left as it is."""
    before = bodies()

    result = call("show", "a", *STORE, **{**sealing, **change})

    assert result.exit_code == 2
    assert cause in result.stderr
    assert "Traceback" not in result.output
    assert bodies() == before


def test_without_a_key_for_tokens_the_process_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause is in the line that ``run`` prints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asking.py").write_text(PROGRAM, encoding="utf-8")

    result = call("run", "asking.py", "--data", '{"text": "Why?"}')

    assert result.exit_code == 1
    assert "tokens=TokenKeys(key)" in result.stderr
