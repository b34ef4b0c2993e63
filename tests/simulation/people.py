"""The people of some schedules: they are given tokens, and bring them back when they like.

Several bring the same one at once, late, twice, forged, or with what no guard lets pass; and who
gets no answer asks again, whatever worker is there by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import msgspec

from tests.simulation.machines_people import ASKED, BELL, LASTS, Key
from tests.simulation.ports import BEGIN_SECONDS
from xorca.errors import PayloadError, PortError, TokenRefused
from xorca.events import Event
from xorca.runtime import Outcome

if TYPE_CHECKING:
    from tests.simulation.lives import Life
    from tests.simulation.sight import Sight
    from tests.simulation.worker import Worker
    from tests.simulation.world import World

PATIENCE, TRIES, CLOCKS = 45.0, 40, 7.0
"""When and how often somebody asks again; how far two clocks may be apart, in seconds."""

MISFIT = "x"

_key = msgspec.json.Decoder(Key).decode


@dataclass(eq=False, slots=True)
class Ticket:
    """A token that a process gave, and which use of it took effect."""

    token: str
    subject: str
    incarnation: str
    step: int
    given: float
    is_whole: bool
    effect: str = ""


@dataclass(eq=False, slots=True)
class Use:
    """Somebody who brings a token: ``n`` is what a guard looks at, 0 is not let pass.

    A text is no number, and fits no handler.
    """

    ticket: Ticket
    id: str
    n: int | str = 1
    is_forged: bool = False
    tries: int = 0
    is_again: bool = False
    began: float = 0.0

    @property
    def token(self) -> str:
        """What is brought."""
        head, _, signature = self.ticket.token.rpartition(".")
        swapped = signature[1:3] + signature[:1] + signature[3:]
        return f"{head}.{swapped}x" if self.is_forged else self.ticket.token


@dataclass(slots=True)
class People:
    """All tokens and their uses, and what is wrong with what became of them."""

    world: World
    uses: dict[str, Use] = field(default_factory=dict[str, Use])
    came_late: bool = False
    _known: set[str] = field(default_factory=set[str])

    def hear(self, event: Event) -> None:
        """Take the token in what a process says, and bring it back some times."""
        if event.type not in (ASKED, BELL) or event.id in self._known:
            return
        self._known.add(event.id)
        emit, world, key = self.world.ledger.emits[event.id], self.world, _key(event.data or b"")
        made = event.timestamp()
        assert made is not None  # it has a time
        ticket = Ticket(
            key.token,
            event.subject or "",
            emit.incarnation,
            key.step,
            made.timestamp() - BEGIN_SECONDS,
            event.type == BELL,
        )
        for use, at in _drawn(Random(f"{world.schedule.seed} {event.id}"), ticket, event.id):
            self.uses[use.id] = use
            world.loop.after(at, lambda use=use: self._ask(use))  # type: ignore[misc]

    def takes_effect(self, life: Life, sight: Sight, use_id: str) -> None:
        """Check a line of a log that tells of a use (T1, T2)."""
        use, wrong = self.uses[use_id], self.world.ledger.wrong
        ticket = use.ticket
        if ticket.effect:
            wrong("T1", f"{sight.subject}: {use_id} took effect, and {ticket.effect} had")
        ticket.effect = use_id
        if use.is_forged or use.n in (0, MISFIT):
            wrong("T2", f"{sight.subject}: {use_id} took effect, and never should")
        if not self._is_good(life, ticket, sight.incarnation):
            wrong("T2", f"{sight.subject}: {use_id} took effect after its state was left")
        if use.began > ticket.given + LASTS.total_seconds() + CLOCKS and not ticket.is_whole:
            wrong("T2", f"{sight.subject}: {use_id} took effect after its time")

    def _is_good(self, life: Life, ticket: Ticket, incarnation: str) -> bool:
        same = ticket.incarnation == incarnation
        return same and (ticket.is_whole or life.sent_last.get(ASKED) == ticket.step)

    # -- asking ------------------------------------------------------------------------------

    def _ask(self, use: Use) -> None:
        if use.tries == TRIES:
            self.world.ledger.wrong("T3", f"{use.id} never got an answer")
            return
        use.tries += 1
        worker = self.world.any_worker()
        if worker is not None:
            self.world.loop.spawn(worker.number, self._bring(worker, use))
        tries = use.tries
        self.world.loop.after(PATIENCE, lambda: self._again(use, tries))

    def _again(self, use: Use, tries: int) -> None:
        if use.tries == tries:  # else somebody got an answer
            self._ask(use)

    async def _bring(self, worker: Worker, use: Use) -> None:
        world, payload = self.world, {"token": use.id, "n": use.n}
        use.began, use.is_again = use.began or world.loop.now, use.tries > 1
        try:
            answer: Outcome | Exception = await worker.runtime.resume(use.token, payload)
        except (TokenRefused, PayloadError) as exc:
            answer = exc
        except PortError as exc:
            world.note(worker.number, "resume", use.id, exc)
            return
        world.note(worker.number, "resume", use.id, answer)
        if isinstance(answer, Outcome) and answer.status == "retry":
            return
        use.tries = TRIES + 1
        complaint = self._complaint(use, answer)
        if complaint:
            world.ledger.wrong("T4", f"{use.id} is answered {answer!r}, and {complaint}")

    def _complaint(self, use: Use, answer: Outcome | Exception) -> str:
        """Compare an answer with what is stored."""
        ticket, life = use.ticket, self.world.ledger.by_subject.get(use.ticket.subject)
        if isinstance(answer, PayloadError):
            return "" if use.n == MISFIT else "it fits"
        if isinstance(answer, TokenRefused):
            return self._refused(use, answer.reason, life)
        assert isinstance(answer, Outcome)
        if answer.status == "applied":
            return "" if ticket.effect == use.id else "nothing of it is stored"
        if (answer.status, answer.reason) == ("ignored", "guard"):
            return "" if use.n == 0 else "its guard lets it pass"
        return "that is no answer"

    def _refused(self, use: Use, reason: str, life: Life | None) -> str:
        ticket = use.ticket
        if reason == "forged":
            return "" if use.is_forged else "it is not forged"
        if reason == "expired":
            # A use that was committed, and not sent, is found out by the next event or a sweep.
            self.came_late = self.came_late or use.is_again
            over = ticket.given + LASTS.total_seconds() - CLOCKS
            return "" if self.world.loop.now > over and not ticket.is_whole else "it is not over"
        if reason == "used":
            return "" if ticket.effect else "nobody has used it"
        last = None if life is None else life.last
        waits = last is not None and last.status == "active"
        if life is None or last is None or not waits:
            return ""
        return "it is waited for" if self._is_good(life, ticket, last.incarnation) else ""


def _drawn(random: Random, ticket: Ticket, name: str) -> Iterator[tuple[Use, float]]:
    """Draw who brings a token, and when; at least one of them as it should be."""
    yield Use(ticket, f"{name}~0"), random.choice((0.0, 0.1, 5.0, 60.0, 300.0)) * random.random()
    for number in range(1, random.choice((1, 2, 3, 4))):
        at = random.choice((0.0, 0.1, 5.0, 60.0, 300.0)) * random.random()
        forged, n = random.random() < 0.15, 0 if random.random() < 0.25 else 1
        n = 1 if ticket.is_whole else n  # nothing guards the bell
        yield Use(ticket, f"{name}~{number}", n, forged), at
    if random.random() < 0.25:
        yield Use(ticket, f"{name}~x", MISFIT), random.random() * 60
