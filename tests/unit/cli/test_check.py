"""``xorca check``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import HELLO, Call

SOUND = HELLO.replace(
    "    @on(",
    """    @on("evt.*.error", to=end)
    def failed(self) -> None: ...

    @after(timedelta(minutes=1), to=end)
    def too_late(self) -> None: ...

    @on(""",
    1,
).replace("from xorca import", "from datetime import timedelta\nfrom xorca import after,")


def test_a_sound_class_passes_without_a_word_more(here: Path, call: Call) -> None:
    """One line a class, exit code 0, also with --strict."""
    (here / "sound.py").write_text(SOUND)

    result = call("check", "sound", "--strict")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "✓ Hello  hello 1.0.0: 1 state, 3 finals, 4 edges\n"


def test_every_definition_error_is_printed_at_once(here: Path, call: Call) -> None:
    """Code, cause, cure and place of each, and exit code 1."""
    text = HELLO.replace(", to=end", "").replace("-> Name", "-> int").replace("who: Name", "who")
    (here / "broken.py").write_text(text)

    result = call("check", "broken")

    assert result.exit_code == 1
    assert "X10 'ask' takes 'who' without saying its type" in result.stdout
    assert "X16 'done' sends no command" in result.stdout
    assert "Add to=end" in result.stdout
    assert "broken.py:2" in result.stdout
    assert str(here) not in result.stdout


def test_every_module_is_checked_though_the_first_is_broken(here: Path, call: Call) -> None:
    """One broken module hides no other."""
    (here / "broken.py").write_text(HELLO.replace(", to=end", ""))
    (here / "sound.py").write_text(SOUND)

    result = call("check", "broken", "sound")

    assert result.exit_code == 1
    assert "✓ Hello" in result.stdout


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_advice_is_no_error_unless_strict(
    here: Path, call: Call, strict: list[str], code: int
) -> None:
    """Advice is printed and passes; --strict makes it fail."""
    (here / "greetings.py").write_text(HELLO)

    result = call("check", "greetings:Hello", *strict)

    assert result.exit_code == code
    assert "A01 nobody hears 'evt.greeting.write.error' at 'ask'" in result.stdout
    assert "A02 'ask' has no deadline" in result.stdout


def test_what_is_not_there_is_wrong_use(here: Path, call: Call) -> None:
    """A module that is not found is neither sound nor broken: exit code 2."""
    result = call("check", "nowhere")

    assert result.exit_code == 2
    assert result.stderr.startswith("xorca: there is no module 'nowhere'")
