"""What an annotation names is looked up where it was written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xorca.dsl.orchestrator import plan_of
from xorca.fleet import Fleet

SHARED = """\
from __future__ import annotations
from dataclasses import dataclass
from xorca import Orchestrator, emit, start

@dataclass
class Order:
    number: int

class Ordering(Orchestrator):
    kept: Order | None = None

    @start
    @emit("cmd.order.place")
    def begin(self, order: Order) -> Order:
        return order

async def place(order: Order) -> Order:
    return order
"""

OWN = """\
from __future__ import annotations
from dataclasses import dataclass
from xorca import end, on
from xorca.fleet import Fleet
from shared_ordering import Ordering, place

@dataclass
class Order:
    text: str

class Shop(Ordering, name="shop"):
    @on("evt.order.place.success", to=end)
    def placed(self, order: Order) -> None: ...

fleet = Fleet(source="/srvc/orders")
fleet.serves("cmd.order.place")(place)
"""

UNKNOWN = """\
from xorca import Orchestrator, end, start

class Counting(Orchestrator, name="counting"):
    count: int = 0
    words: "list[str]" = []

    @start(to=end)
    def done(self) -> None: ...
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """A module with a mixin and a service, and one of another that uses both."""
    (tmp_path / "shared_ordering.py").write_text(SHARED)
    (tmp_path / "own_shop.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("shared_ordering", "own_shop")
    shared, own = (__import__(name) for name in names)
    yield shared, own
    for name in names:
        sys.modules.pop(name, None)


def test_an_inherited_handler_means_the_names_of_its_own_module(modules: tuple[Any, Any]) -> None:
    """A class of the same name beside the subclass is not what the mixin takes."""
    shared, own = modules
    plan = plan_of(own.Shop)
    [begin] = (edge for edge in plan.edges if edge.handler == "begin")

    assert begin.arms[0].annotation is shared.Order
    assert begin.emits[0].codec.annotation is shared.Order


def test_inherited_memory_means_the_names_of_its_own_module(modules: tuple[Any, Any]) -> None:
    """What is stored is read back as the class that the mixin named."""
    shared, own = modules

    assert plan_of(own.Shop).memory.fields["kept"] == shared.Order | None


def test_a_handler_of_the_class_itself_means_the_names_beside_it(modules: tuple[Any, Any]) -> None:
    """What is inherited changes nothing for what stands in the class."""
    _, own = modules
    [placed] = (edge for edge in plan_of(own.Shop).edges if edge.handler == "placed")

    assert placed.arms[0].annotation is own.Order


def test_a_service_of_another_module_means_the_names_of_that_module(
    modules: tuple[Any, Any],
) -> None:
    """A service that is registered elsewhere takes what was written beside it."""
    shared, own = modules
    fleet: Fleet = own.fleet
    [handler] = fleet.services

    assert handler.takes is not None
    assert handler.takes.annotation is shared.Order


def test_a_class_in_a_module_that_is_not_registered() -> None:
    """Whoever runs a module by hand need not put it into sys.modules."""
    module = ModuleType("nobody_registered_this")

    exec(UNKNOWN, vars(module))

    assert plan_of(vars(module)["Counting"]).memory.fields == {"count": int, "words": list[str]}
