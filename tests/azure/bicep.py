"""What a Bicep file says, read by a parser: resources, their names, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycep import BicepParser

Json = dict[str, Any]


@dataclass(frozen=True)
class Grant:
    """A role on a scope for somebody, each by its symbolic name."""

    role: str
    scope: str
    whom: str


@dataclass(frozen=True)
class Subscription:
    """What Event Grid delivers to a function; ``wants`` judges a type."""

    function: str
    wants: Callable[[str], bool]
    properties: Json


class Template:
    """One Bicep file."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        parsed = BicepParser().parse(text=self.text)
        self.resources: dict[str, Json] = dict(parsed["resources"])
        self.parameters: dict[str, Json] = dict(parsed["parameters"])
        self._variables = {name: each["value"] for name, each in parsed["variables"].items()}

    def properties(self, name: str) -> Json:
        """Give the properties of a resource, conditions and loops aside."""
        return dict(self.config(name)["properties"])

    def config(self, name: str) -> Json:
        """Give the body of a resource, conditions and loops aside."""
        found = self.resources[name]["config"]
        while "properties" not in found and "config" in found:
            found = found["config"]
        return dict(found)

    def of_type(self, kind: str) -> list[str]:
        """Give the symbolic names of the resources of a type."""
        return [name for name, each in self.resources.items() if each["type"] == kind]

    def value(self, said: Any) -> Any:
        """Give what a variable stands for; all else as it is."""
        return self._variables.get(said, said) if isinstance(said, str) else said

    def text_of(self, said: str) -> str:
        """Give a text with its variables put in."""
        return re.sub(r"\$\{(\w+)\}", lambda found: str(self.value(found[1])), said)

    def grants(self) -> set[Grant]:
        """Give every role assignment."""
        return {
            Grant(
                _parameters(self.properties(name)["roleDefinitionId"])["resource_name_1"],
                self.config(name)["scope"],
                _first(self.properties(name)["principalId"]),
            )
            for name in self.of_type("Microsoft.Authorization/roleAssignments")
        }

    def subscriptions(self) -> Iterator[Subscription]:
        """Give what Event Grid delivers, loops unrolled."""
        for name in self.of_type("Microsoft.EventGrid/topics/eventSubscriptions"):
            properties = self.properties(name)
            target = properties["destination"]["properties"]["resourceId"]
            if "${each.function}" in target:
                for each in self.value("commands"):
                    yield Subscription(each["function"], _among(each["types"]), properties)
            else:
                (asked,) = properties["filter"]["advancedFilters"]
                assert (asked["operatorType"], asked["key"]) == ("StringBeginsWith", "type")
                yield Subscription(
                    target.rpartition("/")[2], _beginning(asked["values"]), properties
                )


def _among(types: list[str]) -> Callable[[str], bool]:
    return lambda name: name in types


def _beginning(values: list[str]) -> Callable[[str], bool]:
    # Event Grid compares without regard to case.
    return lambda name: name.lower().startswith(tuple(value.lower() for value in values))


def _parameters(said: Json) -> Json:
    return dict(said["function"]["parameters"])


def _first(said: Json) -> str:
    return str(said["operator"]["operands"]["operand_1"])
