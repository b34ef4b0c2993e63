"""A place, a word or a guard that cannot stand where it does is refused."""

from __future__ import annotations

from datetime import timedelta

from payloads import BUY, CHARGED, FAILED, Failure, Order, Receipt

from xorca import Final, Orchestrator, State, after, anywhere, emit, end, on, start, stay


class Places(Orchestrator, name="typing.bad.places"):
    """Every place and guard that cannot be."""

    one = State()
    done = Final()

    def is_large(self, receipt: Receipt) -> bool:
        return receipt.number > 1

    def measure(self, receipt: Receipt) -> str:
        return "large" * receipt.number

    @on(CHARGED, at=one, to=dnoe)  # E: no such state
    def typo(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=anywhere)  # E: nothing leads anywhere
    def lost(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=end, to=done)  # E: nothing is heard after the end
    def over(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=stay, to=done)  # E: stay is no place
    def staying(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=(one, done))  # E: an edge leads to one state
    def forked(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, early="later")  # E: defer, ignore or reject
    def early(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, wen=is_large)  # E: no such keyword
    def keyword(self, receipt: Receipt) -> None: ...

    @on(at=one, to=done)  # E: no name
    def nameless(self) -> None: ...

    @on(FAILED, at=one, to=done, when=is_large)  # E: a guard of another payload
    def wrong_guard(self, why: Failure) -> None: ...

    @on(CHARGED, FAILED, at=one, to=done, when=is_large)  # E: the failure is not taken
    def half_guard(self, got: Receipt | Failure) -> None: ...

    @on(CHARGED, at=one, to=done, when=measure)  # E: a guard returns a bool
    def no_bool(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, when=lambda self, receipt: receipt.cents > 1)  # E: no such field
    def no_field(self, receipt: Receipt) -> None: ...

    @on(CHARGED, at=one, to=done, when="is_large")  # E: a guard is called
    def text_guard(self, receipt: Receipt) -> None: ...

    @start(BUY, to=one, on_existing="forget")  # E: refuse or ignore
    def existing(self, order: Order) -> None: ...

    @after(60, at=one, to=done)  # E: seconds of what
    def number(self) -> None: ...

    @after(timedelta(hours=1), at=one, to=done, when=is_large)  # E: a deadline has no guard
    def guarded(self) -> None: ...

    @on  # E: no name
    def bare_on(self, receipt: Receipt) -> None: ...

    @emit()  # E: no name
    def emits_nothing(self) -> None: ...
