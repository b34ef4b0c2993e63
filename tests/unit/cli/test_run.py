"""``xorca run``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import HELLO, SERVED, Call

ADA = '{"name": "Ada"}'


def test_a_process_runs_to_its_end(here: Path, call: Call) -> None:
    """The way of the process and what it tells the world are printed, and nothing else."""
    (here / "first.py").write_text(SERVED)

    result = call("run", "first:Hello", "--data", ADA)

    assert result.exit_code == 0
    assert result.output == (
        'hello/1.0.0/…  ask → done\nnotif.greeting.ready  {"text": "Hello, Ada!"}\n'
    )


def test_data_comes_from_a_file(here: Path, call: Call) -> None:
    """@FILE names a file."""
    (here / "first.py").write_text(SERVED)
    (here / "ada.json").write_text(ADA)

    assert "Hello, Ada!" in call("run", "first", "--data", "@ada.json").stdout


def test_data_comes_from_standard_input(here: Path, call: Call) -> None:
    """A dash is standard input."""
    (here / "first.py").write_text(SERVED)

    assert "Hello, Ada!" in call("run", "first", "--data", "-", input=ADA).stdout


def test_a_process_is_kept_where_the_user_says(here: Path, call: Call) -> None:
    """With a store that lasts, the process can be looked at later, by its own id."""
    (here / "first.py").write_text(SERVED)
    store = ("--store", "sqlite:///./state.db")

    result = call("run", "first", "--data", ADA, "--process-id", "p/1", *store)
    shown = call("show", "hello/1.0.0/p%2F1", "--json", *store)

    assert result.exit_code == 0
    assert result.stdout.startswith("hello/1.0.0/p%2F1  ask → done\n")
    assert json.loads(shown.stdout)["state"] == "done"


def test_a_process_id_is_used_once(here: Path, call: Call) -> None:
    """A second start of one id changes nothing and says where to look."""
    (here / "first.py").write_text(SERVED)
    again = ("run", "first", "--data", ADA, "--process-id", "p", "--store", "sqlite:///./s.db")

    first, second = call(*again), call(*again)

    assert (first.exit_code, second.exit_code) == (0, 1)
    assert second.stdout == ""
    assert "the process hello/1.0.0/p exists since another start" in second.stderr


def test_what_to_look_at_can_be_pasted_into_a_shell(here: Path, call: Call) -> None:
    """A process id may hold spaces; the command that shows it is quoted."""
    (here / "first.py").write_text(SERVED)
    again = ("run", "first", "--data", ADA, "--process-id", "a b", "--store", "sqlite:///./s.db")

    call(*again)
    second = call(*again)

    assert "xorca show 'hello/1.0.0/a b' --store sqlite:///./s.db" in second.stderr


def test_a_command_that_nobody_serves_is_named_at_once(here: Path, call: Call) -> None:
    """Where nobody can come to help, the run ends and says what is missing."""
    (here / "first.py").write_text(HELLO)

    result = call("run", "first", "--data", ADA)

    assert result.exit_code == 1
    assert result.stdout == "hello/1.0.0/…  ask\n"
    assert "'ask' waits for cmd.greeting.write, and no Fleet in first serves it" in result.stderr


def test_another_worker_of_the_store_may_serve_it(here: Path, call: Call) -> None:
    """With a store that lasts, the run waits its time, and says for what."""
    (here / "first.py").write_text(HELLO)
    store = ("--store", "sqlite:///./s.db")

    result = call("run", "first", "--data", ADA, "--timeout", "0.3", *store)

    assert result.exit_code == 1
    assert "nobody here serves cmd.greeting.write; another worker" in result.stderr


def test_a_process_that_waits_for_a_deadline_does_not_end_in_time(here: Path, call: Call) -> None:
    """The state, what is awaited and the deadline are named."""
    late = HELLO.replace(
        "    @on(",
        "    @after(timedelta(hours=1), to=end)\n    def late(self) -> None: ...\n\n    @on(",
    ).replace("from xorca import", "from datetime import timedelta\nfrom xorca import after,")
    quiet = late + (
        "\nfrom xorca.fleet import Fleet, TryAgain\n\nfleet = Fleet(source='/g')\n\n"
        "@fleet.serves('cmd.greeting.write')\n"
        "async def write(who: Name) -> Greeting:\n    raise TryAgain('not now')\n"
    )
    (here / "first.py").write_text(quiet)

    result = call("run", "first", "--data", ADA, "--timeout", "0.3")

    assert result.exit_code == 1
    assert "it still waits in 'ask' for an answer to cmd.greeting.write" in result.stderr
    assert "with a deadline at" in result.stderr


def test_a_dead_letter_ends_the_run_with_its_cause(here: Path, call: Call) -> None:
    """The author sees what the handler raised, and where."""
    text = SERVED.replace("        return greeting\n", "        raise ValueError('too kind')\n")
    (here / "first.py").write_text(text)

    result = call("run", "first", "--data", ADA)

    assert result.exit_code == 1
    assert "evt.greeting.write.success became a dead letter (handler-raised)" in result.stderr
    line = text[: text.index("raise ValueError")].count("\n") + 1
    assert f"ValueError: too kind (first.py:{line})" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_child_is_shown_beside_its_parent(here: Path, call: Call) -> None:
    """Another orchestrator of the module serves a command; both ways are printed."""
    parent = (
        SERVED
        + """

class Party(Orchestrator, name="party"):
    @start
    @emit("cmd.hello.say")
    def open(self, who: Name) -> Name:
        return who

    @on("evt.hello.say.success", to=end)
    def over(self) -> None: ...


class Child(Orchestrator, name="child"):
    @start("cmd.hello.say")
    @emit("cmd.greeting.write")
    def say(self, who: Name) -> Name:
        return who

    @on("evt.greeting.write.success", to=end)
    @emit("evt.hello.say.success")
    def said(self, greeting: Greeting) -> Greeting:
        return greeting
"""
    )
    (here / "first.py").write_text(parent)

    result = call("run", "first:Party", "--data", ADA)

    assert result.exit_code == 0
    assert "child/1.0.0/…  say → said\n" in result.stdout
    assert 'evt.hello.say.success  {"text": "Hello, Ada!"}\n' in result.stdout
    assert result.stdout.endswith("party/1.0.0/…  open → over\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "hello takes Name: say --data '{...}'"),
        (("--data", '{"name": "Ada"'), "--data is no JSON: expecting ',' delimiter at line 1"),
        (("--data", '{"name": 5}'), "Expected `str`, got `int` - at `$.name`"),
        (("--data", "{}"), "missing required field `name`"),
        (("--data", "NaN"), "NaN is no JSON number"),
        (("--data", "[" * 100_000), "--data is no JSON"),
        (("--data", "@missing.json"), "--data @missing.json: No such file or directory"),
        (("--data", "@broken.json"), "broken.json is not UTF-8: byte 1 is 0xff"),
        (("--data", ADA, "--store", "nope:x"), "nobody here offers 'nope' stores"),
        (("--data", ADA, "--store", "sqlite:///./no/s.db"), "there is no directory"),
        (("--data", ADA, "--timeout", "0"), "--timeout"),
    ],
)
def test_wrong_use_is_one_sentence(
    here: Path, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    """Whatever is wrong with data or store is said without a traceback; exit code 2."""
    (here / "first.py").write_text(SERVED)
    (here / "broken.json").write_bytes(b'"\xff"')

    result = call("run", "first", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_start_that_takes_nothing_refuses_data(here: Path, call: Call) -> None:
    """Data for a @start without a payload is a mistake."""
    text = HELLO.replace("self, who: Name) -> Name", "self) -> Name").replace(
        "return who", 'return Name("x")'
    )
    (here / "first.py").write_text(text)

    result = call("run", "first", "--data", ADA)

    assert result.exit_code == 2
    assert "takes no payload; leave --data out" in result.stderr


def test_an_empty_process_id_is_wrong_use() -> None:
    """It is refused before anything is started."""
    from click.testing import CliRunner

    from xorca.cli.app import main

    result = CliRunner().invoke(main, ["run", "first:Hello", "--process-id", ""])

    assert result.exit_code == 2
    assert "--process-id is empty" in result.output
