"""A first orchestrator, with the service it asks.

$ xorca run first:Hello --data '{"name": "Ada"}'
hello/1.0.0/…  ask → done
notif.greeting.ready  {"text": "Hello, Ada!"}
"""

from dataclasses import dataclass

from xorca import Orchestrator, emit, end, on, start
from xorca.fleet import Fleet


@dataclass
class Name:
    name: str


@dataclass
class Greeting:
    text: str


class Hello(Orchestrator, name="hello"):
    @start
    @emit("cmd.greeting.write")
    def ask(self, who: Name) -> Name:
        return who

    @on("evt.greeting.write.success", to=end)
    @emit("notif.greeting.ready")
    def done(self, greeting: Greeting) -> Greeting:
        return greeting


fleet = Fleet(source="/greetings")


@fleet.serves("cmd.greeting.write")
async def write(who: Name) -> Greeting:
    return Greeting(f"Hello, {who.name}!")
