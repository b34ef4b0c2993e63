"""Somebody who only reads: every verdict and every result goes into the log."""

from __future__ import annotations

from examples.book_summary.desk import LONGEST, note
from examples.book_summary.payloads import Verdict
from xorca.fleet import Call, Fleet

press = Fleet(source="/srvc/press")


@press.observes("evt.*.check.success", timeout=LONGEST)
async def hear_verdict(verdict: Verdict, call: Call) -> None:
    note(call, "verdict", detail=verdict.why)


@press.observes("notif.books.*", timeout=LONGEST)
async def hear_result(call: Call) -> None:
    note(call, "told")
