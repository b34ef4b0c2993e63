"""The type of an event is looked up in a table, never on an object (T6)."""

from __future__ import annotations

import pytest

from tests.security.programs import Order, Purchase
from tests.unit.support import event, stage
from xorca.dsl.orchestrator import machine_of, plan_of
from xorca.dsl.plan import heard

STATES = ("paying", "shipping", "done")
INJECTED = [
    *(f"{word}_{state}" for state in STATES for word in ("to", "may_to", "is", "on_enter")),
    *(f"evt.{state}" for state in STATES),
    "trigger",
    "may_trigger",
    "state",
    "model",
    "begin",
    "paid",
    "shipped",
    "on:evt.bank.pay.success",
    "after:give_up:0",
    "join:paid:0",
    "start:begin:0",
    "(start)",
    "__class__",
    "__init__",
    "__dict__",
    "evt.__class__.__init__",
    "{0.__class__}",
    "%s%n",
    "evt.bank.pay.success\u200b",
    "EVT.BANK.PAY.SUCCESS",
    "evt..bank.pay.success",
    "evt.bank.pay.success.",
    "evt.bank.pay.*",
    "evt.*",
    "*",
]


@pytest.mark.parametrize("name", [*INJECTED, *dir(Purchase)])
async def test_a_type_that_nobody_hears_changes_nothing(name: str) -> None:
    """Whatever it is the name of: state and memory stay, and no handler runs."""
    play = stage(Purchase)
    await play.start(Order("a chair", "4711"))
    before = await play.record()

    outcome = await play.give(event(name, {"receipt": "x"}, subject=play.subject()))

    after = await play.record()
    assert outcome.status in ("dead", "foreign")
    assert (after.state, bytes(after.memory), after.visit) == ("paying", bytes(before.memory), 1)


def test_the_machine_has_no_triggers_of_its_own() -> None:
    """Every trigger comes from the class; none leads from anywhere to a state."""
    plan = plan_of(Purchase)
    known = {heard(name) for edge in plan.edges for name in edge.names}
    known |= {edge.trigger for edge in plan.edges}

    triggers = set(machine_of(Purchase).machine.events)

    assert triggers
    assert triggers <= known
