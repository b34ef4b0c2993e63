"""An orchestrator with everything that a cancel has to clear away: joins, timers, early events."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.support import Stage, Text, event
from xorca import Orchestrator, after, all_of, emit, end, on, start, stay
from xorca.events import Event

RETAIN = timedelta(days=30)


class Errand(Orchestrator, name="t.errand", retain=RETAIN):
    """It visits two places at once, then brings a parcel."""

    heard: list[str] = []

    @start("cmd.errand.run")
    @emit("cmd.shop.visit", "cmd.bank.visit")
    def visiting(self, what: Text) -> tuple[Text, Text]:
        if what.text == "nonsense":
            raise ValueError("no such errand")
        return what, what

    @on("evt.note.said", at=visiting, to=stay)
    @emit("notif.noted")
    def hear(self, note: Text) -> Text:
        self.heard.append(note.text)
        return Text(",".join(self.heard))

    @on(all_of("evt.shop.visit.success", "evt.bank.visit.success"))
    @emit("cmd.parcel.bring")
    def bringing(self, shop: Text, bank: Text) -> Text:
        return Text(shop.text + bank.text)

    @on("evt.key.found", at=bringing, to=stay)
    def find_key(self) -> None: ...

    @on("evt.parcel.bring.success", to=end)
    @emit("evt.errand.run.success")
    def done(self) -> Text:
        return Text("brought")

    @after(timedelta(hours=1), to=end)
    def too_late(self) -> None: ...


SUBJECT = "t.errand/1.0.0/p"
BOSS = "boss/1.0.0/b"


def order(text: str = "milk", *, id: str = "order", pid: str = "p") -> Event:
    """Make the command that starts an errand, as a process of somebody else sends it."""
    return event("cmd.errand.run", Text(text), subject=BOSS, id=id, processid=pid)


def note(text: str, *, id: str | None = None, time: str | None = None) -> Event:
    """Make an event that answers no command."""
    return event("evt.note.said", Text(text), subject=SUBJECT, id=id or f"note-{text}", time=time)


async def finish(play: Stage) -> None:
    """Bring an errand that was started to its end."""
    await play.reply("cmd.shop.visit", Text("milk"))
    await play.reply("cmd.bank.visit", Text("money"))
    await play.reply("cmd.parcel.bring", Text("here"))
