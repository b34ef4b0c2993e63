"""``xorca cancel``, ``delete`` and ``prune``: a store is enough, no module is needed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.unit.cli.conftest import HELLO, SERVED, Call
from tests.unit.cli.test_store_commands import STORE
from tests.unit.runtime.counting import Counter
from tests.unit.support import starting
from xorca import Runtime
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore

ADA, ADAM = "hello/1.0.0/ada", "lonely/1.0.0/adam"


@pytest.fixture
def filled(here: Path, call: Call) -> Path:
    """A store with one process that has ended and one that waits; then the modules are gone."""
    (here / "first.py").write_text(SERVED)
    (here / "lonely.py").write_text(HELLO.replace('name="hello"', 'name="lonely"'))
    call("run", "first", "--data", '{"name": "Ada"}', "--process-id", "ada", *STORE)
    waits = ("--process-id", "adam", "--timeout", "0.2", *STORE)
    call("run", "lonely", "--data", '{"name": "Adam"}', *waits)
    (here / "first.py").unlink()
    (here / "lonely.py").unlink()
    return here


def described(call: Call, subject: str) -> dict[str, object]:
    """Give what ``show --json`` prints."""
    found: dict[str, object] = json.loads(call("show", subject, "--json", *STORE).stdout)
    return found


def one_sentence(result: Result) -> str:
    """Give what a refused command says: one line, no traceback, exit code 2."""
    assert result.exit_code == 2, result.output
    [line] = result.stderr.splitlines()
    return str(line.removeprefix("xorca: "))


def test_cancel_says_the_status(filled: Path, call: Call) -> None:
    """It is stored with the reason."""
    result = call("cancel", ADAM, "--reason", "nobody greets", *STORE)

    found = described(call, ADAM)
    assert (result.exit_code, result.stdout) == (0, f"{ADAM}  cancelled\n")
    assert (found["status"], found["reason"]) == ("cancelled", "nobody greets")


def test_show_tells_why_it_was_cancelled(filled: Path, call: Call) -> None:
    """With its place in the timeline."""
    call("cancel", ADAM, "--reason", "nobody greets", *STORE)

    shown = call("show", ADAM, *STORE).stdout

    assert "\n  cancelled in ask, revision 2" in shown
    assert "\n  because: nobody greets\n" in shown
    assert "cancelled              → ask" in shown or "cancelled" in shown.split("timeline")[1]


def test_a_process_that_is_over_is_left_as_it_is(filled: Path, call: Call) -> None:
    """That is no failure."""
    before = described(call, ADA)

    result = call("cancel", ADA, *STORE)

    assert (result.exit_code, result.stdout) == (0, f"{ADA}  ended\n")
    assert described(call, ADA) == before


def test_the_answer_goes_to_the_channel_of_the_store(here: Path, call: Call) -> None:
    """Whoever started the process by a command hears of the cancel from there."""
    from tests.unit.runtime.test_upkeep_races import Asked, asking

    async def begin() -> None:
        async with SqliteStore(here / "state.db") as store:
            await store.channel.subscribe("boss", ["evt.thing.do.*"])
            await Runtime([Asked], store=store, bus=store.channel).handle(asking())

    async def heard() -> list[str]:
        async with SqliteStore(here / "state.db") as store:
            return [found.event.type for found in await store.channel.receive("boss")]

    asyncio.run(begin())
    call("cancel", "t.asked/1.0.0/p", *STORE)

    assert asyncio.run(heard()) == ["evt.thing.do.error"]


def test_delete_removes_what_is_over(filled: Path, call: Call) -> None:
    """Only a list of what was deleted shows it."""
    result = call("delete", ADA, *STORE)

    listed = call("ls", "--json", *STORE).stdout
    stones = call("ls", "--json", "--status", "deleted", *STORE).stdout
    assert (result.exit_code, result.stdout) == (0, f"{ADA}  deleted\n")
    assert ADA not in listed
    assert json.loads(stones)["subject"] == ADA
    assert "no process" in one_sentence(call("show", ADA, *STORE))


def test_delete_refuses_an_active_process(filled: Path, call: Call) -> None:
    """And says what to do."""
    said = one_sentence(call("delete", ADAM, *STORE))

    assert said.startswith(f"{ADAM} is active, in 'ask': cancel it first")
    assert call("delete", ADAM, "--force", *STORE).stdout == f"{ADAM}  deleted\n"


def test_prune_deletes_what_is_old_enough(filled: Path, call: Call) -> None:
    """Not what is active, and nothing without a time."""
    nothing = call("prune", *STORE)
    found = call("prune", "--older-than", "0s", *STORE)

    assert nothing.stdout.startswith("deleted 0 process(es), 0 tombstone(s)")
    assert found.stdout.startswith("deleted 1 process(es), 0 tombstone(s)")
    assert [line.split()[0] for line in call("ls", *STORE).stdout.splitlines()[1:]] == [ADAM]


def test_prune_shows_first_what_would_go(filled: Path, call: Call) -> None:
    """And touches nothing."""
    result = call("prune", "--older-than", "0s", "--dry-run", *STORE)

    assert result.stdout.splitlines() == [
        f"process  {ADA}",
        "would delete 1 process(es), 0 tombstone(s) and 0 remembered answer(s)",
    ]
    assert described(call, ADA)["status"] == "ended"


@pytest.mark.parametrize("span", ["1d", "3h", "90min", "90m", "2w", "10 s"])
def test_prune_reads_lengths_of_time(filled: Path, call: Call, span: str) -> None:
    """As one types them."""
    assert call("prune", "--older-than", span, *STORE).stdout.startswith("deleted 0 ")


def test_prune_of_one_name(filled: Path, call: Call) -> None:
    """Others stay."""
    result = call("prune", "--older-than", "0s", "--name", "lonely", *STORE)

    assert result.stdout.startswith("deleted 0 process(es)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cancel", "nobody/1.0.0/x", *STORE), "no process nobody/1.0.0/x is stored"),
        (("cancel", "adam", *STORE), "'adam' is no subject: write <name>/<version>/<process id>"),
        (("cancel", "", *STORE), "'' is no subject"),
        (("cancel", ADAM, "--reason", "x" * 2000, *STORE), "at most 1,000 characters"),
        (("cancel", ADAM), "which store? Say --store"),
        (("cancel", ADAM, "--store", "sqlite:///./none.db"), "there is no store at"),
        (("cancel", ADAM, "--store", "memory:"), "gone when its program ends"),
        (("cancel", ADAM, "--store", "nowhere"), "no store URL"),
        (("delete", "nobody/1.0.0/x", *STORE), "no process nobody/1.0.0/x is stored"),
        (("delete", "nobody/1.0.0/x", "--force", *STORE), "no process nobody/1.0.0/x is stored"),
        (("delete", ADAM), "which store? Say --store"),
        (("prune",), "which store? Say --store"),
        (("prune", "--older-than", "soon", *STORE), "'soon' is no length of time"),
        (("prune", "--older-than", "-1d", *STORE), "'-1d' is no length of time"),
        (("prune", "--older-than", "999999999w", *STORE), "longer than time is counted"),
    ],
)
def test_wrong_use_is_one_sentence(
    filled: Path, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    """What, which, and what to write instead; exit code 2."""
    assert said in one_sentence(call(*arguments))
    assert described(call, ADAM)["status"] == "active"


def test_a_store_without_a_channel(here: Path, call: Call) -> None:
    """It can be cancelled; it is deleted when nothing that was sent can be on its way."""
    url = ("--store", "file:./kept")

    async def begin() -> None:
        async with FileStore(here / "kept", fsync=False) as store:
            await Runtime([Counter], store=store).handle(starting(Counter))

    asyncio.run(begin())

    assert call("cancel", "t.counter/1.0.0/p", *url).stdout == "t.counter/1.0.0/p  cancelled\n"
    result = call("delete", "t.counter/1.0.0/p", *url)
    assert result.exit_code == 1
    assert "1 event(s) of t.counter/1.0.0/p are not known to have been sent" in result.stderr
    assert "nothing was deleted" in result.stderr
    pruned = call("prune", "--older-than", "0s", *url)
    assert pruned.exit_code == 1
    assert "no bus to send them to" in pruned.stderr
