"""The command line and orchestrators that find their process by content."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Call

SHOP = """
from dataclasses import dataclass

from xorca import Orchestrator, emit, end, on, start
from xorca.fleet import Fleet


@dataclass
class Placed:
    order: str


def order_id(what: Placed) -> str:
    return what.order


class Order(Orchestrator, name="order"):
    @start("order.placed", process=order_id)
    @emit("cmd.stock.reserve")
    def reserving(self, placed: Placed) -> Placed:
        return placed

    @on("evt.stock.reserve.success")
    @emit("cmd.till.ring")
    def unpaid(self, placed: Placed) -> Placed:
        return placed

    @on("payment.received", at=unpaid, to=end, process=order_id)
    def paid(self, placed: Placed) -> None: ...


fleet = Fleet(source="/shop", bus=None)


@fleet.serves("cmd.stock.reserve")
async def reserve(what: Placed) -> Placed:
    return what
"""

BANK = (
    SHOP
    + """

class Bank(Orchestrator, name="bank"):
    @start("cmd.till.ring", to=end)
    @emit("payment.received")
    def ring(self, what: Placed) -> Placed:
        return what
"""
)

TWO = (
    SHOP
    + """

class Rival(Orchestrator, name="rival"):
    @start("rival.begun", to=end)
    def begin(self) -> None: ...

    @start("payment.received", to=end, process=order_id)
    def steal(self, what: Placed) -> None: ...
"""
)

DATA = ("--data", '{"order": "o-1"}')


def test_a_start_by_its_content_alone(here: Path, call: Call) -> None:
    """The subject that is printed is that of the process which others will work on."""
    (here / "shop.py").write_text(SHOP)
    store = ("--store", "sqlite:///./s.db")

    result = call("run", "shop:Order", *DATA, "--only-start", *store)

    assert result.exit_code == 0
    assert result.stdout == "order/1.0.0/o-1\n"


def test_a_run_follows_the_process_of_its_content(here: Path, call: Call) -> None:
    """It is watched, and what it waits for is told."""
    (here / "shop.py").write_text(SHOP)
    store = ("--store", "sqlite:///./s.db", "--timeout", "1")

    result = call("run", "shop:Order", *DATA, *store)
    shown = call("show", "order/1.0.0/o-1", "--json", "--store", "sqlite:///./s.db")

    assert result.exit_code == 1
    assert result.stdout.startswith("order/1.0.0/o-1  reserving → unpaid")
    assert "'unpaid' waits for cmd.till.ring" in result.stderr
    assert json.loads(shown.stdout)["state"] == "unpaid"


def test_a_run_to_its_end(here: Path, call: Call) -> None:
    """What one orchestrator of the module tells finds the process of another."""
    (here / "shop.py").write_text(BANK)

    result = call("run", "shop:Order", *DATA, "--store", "sqlite:///./s.db")

    assert result.exit_code == 0, result.output
    assert "order/1.0.0/o-1  unpaid → paid" in result.stdout


def test_an_explicit_process_id_wins(here: Path, call: Call) -> None:
    """Who names one means it."""
    (here / "shop.py").write_text(SHOP)
    store = ("--store", "sqlite:///./s.db")

    result = call("run", "shop:Order", *DATA, "--only-start", "--process-id", "asked", *store)

    assert result.stdout == "order/1.0.0/asked\n"


def test_content_that_tells_no_process(here: Path, call: Call) -> None:
    """It is wrong use, and nothing is sent."""
    (here / "shop.py").write_text(SHOP)

    result = call("run", "shop:Order", "--data", '{"order": ""}')

    assert result.exit_code == 2
    assert "returned an empty text" in result.stderr


def test_two_that_claim_one_event(here: Path, call: Call) -> None:
    """``xorca check`` tells before anything is deployed."""
    (here / "shop.py").write_text(TWO)

    result = call("check", "shop")

    assert result.exit_code == 1
    assert "X29" in result.stdout
    assert "'rival' starts on 'payment.received'" in result.stdout


def test_a_sound_class_is_checked_and_drawn(here: Path, call: Call) -> None:
    """Names of strangers are not found fault with, and are in the picture."""
    (here / "shop.py").write_text(SHOP)

    checked, drawn = call("check", "shop"), call("graph", "shop:Order")

    assert checked.exit_code == 0
    assert "A03" not in checked.stdout
    assert "[*] --> reserving : order.placed" in drawn.stdout
    assert "unpaid --> paid : payment.received" in drawn.stdout
