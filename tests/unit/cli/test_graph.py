"""``xorca graph``."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import HELLO, Call


def test_the_picture_goes_to_stdout(here: Path, call: Call) -> None:
    """What is printed is Mermaid and nothing else."""
    (here / "greetings.py").write_text(HELLO)

    result = call("graph", "greetings:Hello")

    assert result.exit_code == 0
    assert result.stdout.startswith('---\ntitle: "hello 1.0.0"\n---\nstateDiagram-v2\n')
    assert result.stdout.endswith("    done --> [*]\n")


def test_the_picture_goes_to_a_file(here: Path, call: Call) -> None:
    """-o writes the same text to a file."""
    (here / "greetings.py").write_text(HELLO)

    printed = call("graph", "greetings").stdout
    result = call("graph", "greetings", "-o", "hello.mmd")

    assert (result.exit_code, result.stdout) == (0, "")
    assert (here / "hello.mmd").read_text(encoding="utf-8") == printed


def test_a_file_that_cannot_be_written_is_wrong_use(here: Path, call: Call) -> None:
    """A directory that is not there is said in a sentence."""
    (here / "greetings.py").write_text(HELLO)

    result = call("graph", "greetings", "-o", "no/where.mmd")

    assert result.exit_code == 2
    assert "no/where.mmd cannot be written" in result.stderr
