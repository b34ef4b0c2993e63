"""What the user names is found, or one sentence says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from xorca.cli.failing import WrongUse
from xorca.cli.loading import load, load_sound

HELLO = """
from xorca import Orchestrator, emit, end, on, start

class Hello(Orchestrator, name="hello"):
    @start
    @emit("cmd.greeting.write")
    def ask(self) -> str:
        return "x"

    @on("evt.greeting.write.success", to=end)
    def done(self) -> None: ...
"""


def test_a_dotted_name_is_found_in_the_current_directory(here: Path) -> None:
    """The current directory is on the path."""
    (here / "greetings.py").write_text(HELLO)

    assert load("greetings:Hello").one().__name__ == "Hello"


def test_a_file_is_found_wherever_it_is(here: Path) -> None:
    """A file may lie in any directory, and import its neighbours."""
    below = here / "deep" / "down"
    below.mkdir(parents=True)
    (below / "greetings.py").write_text("import neighbour\n" + HELLO)
    (below / "neighbour.py").write_text("")

    assert load("deep/down/greetings.py:Hello").one().__name__ == "Hello"


def test_a_file_of_a_package_is_imported_as_part_of_it(here: Path) -> None:
    """A file beside an __init__.py has its dotted name."""
    package = here / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "orders.py").write_text(HELLO)

    assert load("shop/orders.py").module.__name__ == "shop.orders"


def test_a_file_named_like_a_standard_module_is_not_mistaken_for_it(here: Path) -> None:
    """A file called json.py is that file."""
    (here / "json.py").write_text(HELLO)

    assert load("json.py").one().__name__ == "Hello"


def test_the_only_orchestrator_needs_no_name(here: Path) -> None:
    """MODULE alone will do where the module has one class."""
    (here / "greetings.py").write_text(HELLO)

    assert load("greetings").one().__name__ == "Hello"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere", "tried nowhere.py and nowhere/ in"),
        ("nowhere", "(which is on the path)"),
        ("no/where.py", "there is no file no/where.py"),
        ("greetings:Missing", "the orchestrators there: Hello, Second"),
        ("greetings:Second.x", "no module name"),
        ("greetings:", "ends with a colon"),
        ("greetings", "several orchestrators, Hello, Second"),
        ("greetings:number", "that is none"),
        ("greetings:Mixin", "without name="),
        ("empty", "empty has no orchestrator"),
        ("empty:Hello", "it has none at all"),
        ("needy", "imports 'not_installed_here'"),
        ("torn", "torn.py:2"),
        ("raising", "ValueError: of a kind (raising.py:1)"),
        ("leaving", "ends the program"),
        ("folder/", "directory without __init__.py"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(here: Path, text: str, said: str) -> None:
    """Nothing that a user may type gives a traceback."""
    second = HELLO.replace("class Hello", "class Second").replace('"hello"', '"second"')
    mixin = "\nclass Mixin(Orchestrator): ...\nnumber = 5\n"
    (here / "greetings.py").write_text(HELLO + second + mixin)
    (here / "empty.py").write_text("")
    (here / "plain.py").write_text("x = 1\n")
    (here / "needy.py").write_text("import not_installed_here\n")
    (here / "torn.py").write_text("x = 1\ny = (\n")
    (here / "raising.py").write_text("raise ValueError('of a kind')\n")
    (here / "leaving.py").write_text("raise SystemExit(3)\n")
    (here / "folder").mkdir()

    with pytest.raises(WrongUse) as caught:
        load(text).one()

    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_a_definition_error_is_wrong_use_for_commands_that_run(here: Path) -> None:
    """Only ``check`` has more to say about it."""
    (here / "broken.py").write_text(HELLO.replace(", to=end", ""))

    with pytest.raises(WrongUse, match="X16"):
        load_sound("broken")
