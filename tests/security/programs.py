"""The processes that are attacked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xorca import Final, Orchestrator, State, after, anywhere, emit, on, start, stay


@dataclass
class Order:
    """What is bought, and a secret that nobody else may see."""

    item: str
    card: str = ""


@dataclass
class Paid:
    """How it was paid."""

    receipt: str


@dataclass
class Ask:
    """What a person is asked, with the token that carries the answer."""

    who: str
    token: str


@dataclass
class Answer:
    """What a person answers."""

    yes: bool
    by: str


class Purchase(Orchestrator, name="sec.purchase"):
    """Ask the bank, and end."""

    paying = State()
    shipping = State()
    done = Final()

    item: str = ""
    card: str = ""
    notes: int = 0

    @start(to=paying)
    @emit("cmd.bank.pay")
    def begin(self, order: Order) -> Order:
        self.item, self.card = order.item, order.card
        return Order(order.item)

    @on("evt.bank.pay.success", at=paying, to=shipping)
    @emit("notif.purchase.paid")
    def paid(self, paid: Paid) -> Paid:
        return paid

    @on("evt.purchase.noted", at=(paying, shipping), to=stay)
    def note(self) -> None:
        self.notes += 1

    @on("evt.parcel.sent", at=shipping, to=done)
    def shipped(self, paid: Paid) -> None: ...

    @on("evt.bank.pay.error", at=paying, to=done)
    def refused(self, order: Order) -> None:
        raise ValueError(f"the card {order.card} of {self.card}")


class Approval(Orchestrator, name="sec.approval", version="1.2.0"):
    """Ask one person, then another, each by a token of their own."""

    asking = State()
    escalated = State()
    agreed = Final()
    refused = Final()
    withdrawn = Final()

    limit: int = 100
    remarks: int = 0

    def is_yes(self, answer: Answer) -> bool:
        return answer.yes

    def is_no(self, answer: Answer) -> bool:
        return not answer.yes

    @start("cmd.approval.ask", to=asking)
    @emit("cmd.person.ask", "notif.approval.begun")
    def begin(self, order: Order) -> tuple[Ask, Ask]:
        withdraw = self.token("evt.approval.withdrawn", whole_life=True)
        return self._ask(order.item), Ask("the buyer", withdraw)

    @on("evt.person.late", at=asking, to=escalated)
    @emit("cmd.person.ask")
    def escalate(self) -> Ask:
        return self._ask("the chief")

    @on("evt.person.again", at=asking, to=asking)
    @emit("cmd.person.ask")
    def again(self) -> Ask:
        return self._ask("the same")

    @on("evt.person.remind", at=(asking, escalated), to=stay)
    @emit("cmd.person.ask")
    def remind(self) -> Ask:
        return Ask("remarks", self.token("evt.person.remarked", expires=timedelta(hours=1)))

    @on("evt.person.remarked", at=(asking, escalated), to=stay)
    def remark(self) -> None:
        self.remarks += 1

    @on("evt.person.answered", at=(asking, escalated), to=agreed, when=is_yes)
    @emit("evt.approval.ask.success")
    def agree(self, answer: Answer) -> Answer:
        if answer.by == "nobody":
            raise ValueError(answer.by)
        return answer

    @on("evt.person.answered", at=escalated, to=refused, when=is_no)
    @emit("evt.approval.ask.error")
    def refuse(self, answer: Answer) -> Answer:
        return answer

    @on("evt.approval.withdrawn", at=anywhere, to=withdrawn)
    def withdraw(self) -> None: ...

    @after(timedelta(days=3), at=escalated, to=refused)
    def give_up(self) -> None: ...

    def _ask(self, who: str) -> Ask:
        return Ask(who, self.token("evt.person.answered", expires=timedelta(days=2)))


class Guarded(Orchestrator, name="sec.guarded", sources=("/srvc/*", "https://shop.example/orders")):
    """It hears its services and one shop."""

    paying = State()
    done = Final()

    @start("order.placed", to=paying)
    @emit("cmd.bank.pay")
    def begin(self, order: Order) -> Order:
        return order

    @on("evt.bank.pay.success", at=paying, to=done)
    def paid(self, paid: Paid) -> None: ...

    @after(timedelta(days=1), at=paying, to=done)
    def give_up(self) -> None: ...
