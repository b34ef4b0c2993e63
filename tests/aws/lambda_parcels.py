"""The orchestrator that the tests of handlers run: a parcel is sent."""

from __future__ import annotations

from dataclasses import dataclass

from xorca import Orchestrator, emit, end, on, start


@dataclass
class Parcel:
    """What is to be sent."""

    what: str


class Parcels(Orchestrator, name="parcels"):
    """Have a parcel sent."""

    what: str = ""

    @start
    @emit("cmd.parcel.send")
    def sending(self, parcel: Parcel) -> Parcel:
        if parcel.what == "poison":
            raise RuntimeError("it leaks")
        self.what = parcel.what
        return parcel

    @on("evt.parcel.send.success", to=end)
    def sent(self) -> None: ...
