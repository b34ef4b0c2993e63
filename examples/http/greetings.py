"""A process over HTTP: it greets whoever is posted, and its service is served beside it.

$ xorca serve greetings --store sqlite:///./state.db --sink store:
$ curl -d '{"name": "Ada"}' -H 'content-type: application/json' localhost:8080/processes/greetings
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xorca import Orchestrator, after, emit, end, on, start
from xorca.fleet import Fleet


@dataclass
class Name:
    name: str


@dataclass
class Greeting:
    text: str


class Greetings(Orchestrator, name="greetings"):
    """Have a greeting written, and keep it."""

    text: str = ""

    @start
    @emit("cmd.greeting.write")
    def ask(self, who: Name) -> Name:
        return who

    @on("evt.greeting.write.success", to=end)
    def greeted(self, greeting: Greeting) -> None:
        self.text = greeting.text

    @on("evt.greeting.write.error", "evt.greeting.write.timeout", to=end)
    def refused(self) -> None: ...

    @after(timedelta(minutes=5), to=end)
    def too_late(self) -> None: ...


writers = Fleet(source="/srvc/writers")


@writers.serves("cmd.greeting.write")
async def write(who: Name) -> Greeting:
    return Greeting(f"Hello, {who.name}!")
