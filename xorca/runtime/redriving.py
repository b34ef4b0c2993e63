"""Redriving dead letters by the commit protocol, one letter a commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from xorca.engine.draft import Draft
from xorca.engine.record import ACTIVE, FAILED, Dead, Record
from xorca.engine.redrive import as_new, close_letter, events_of, find_letter, open_letter
from xorca.engine.routing import Refusal, Registry, Route
from xorca.engine.timing import is_timer, set_back
from xorca.engine.verdict import Verdict
from xorca.errors import ConfigurationError, LetterNotFound
from xorca.events import Event
from xorca.runtime.attempt import NO_RECORD, Attempt, Item, Stepper, Work
from xorca.runtime.cache import Cache, Warm
from xorca.runtime.ends import Ends
from xorca.runtime.letters import Found
from xorca.runtime.lines import Lines
from xorca.runtime.outcome import Outcome
from xorca.runtime.rehearsing import Rehearsal
from xorca.runtime.subject import SubjectWorker
from xorca.runtime.watch import Watch


class Redriver(Stepper):
    """Step what a dead letter kept; the last item is the event that the letter is of."""

    __slots__ = ()

    def attempt(self, work: Work, warm: Warm | None, now: datetime, *, limit: int) -> Attempt:
        """Open the letter and step its events; whatever is amiss, the letter stays as it is."""
        if warm is None:
            return _Fresh([NO_RECORD] * len(work.items), None)
        draft = self._open(work, warm, now)
        letter = find_letter(draft.record, work.items[-1].event.key)
        left = _left(work, draft.record, letter)
        if letter is None or left:
            return _Fresh(left, draft)
        return self._again(work, draft, letter, limit=limit)

    def _again(self, work: Work, draft: Draft, letter: Dead, *, limit: int) -> Attempt:
        own, before = work.items[-1], open_letter(draft.record, letter)
        if own.starts and draft.record.status == FAILED:
            draft = self._begin(work, draft, own, draft.now)
        if is_timer(own.event):
            set_back(draft, own.event)
        with as_new(draft.record, letter):
            verdicts = [self._stepped(work, draft, item) for item in work.items]
        retry = next((verdict for verdict in verdicts if verdict.status == "retry"), None)
        if retry is not None:  # all of the letter or nothing
            return _Fresh([retry] * len(verdicts), None)
        close_letter(draft, before)
        attempt = _Fresh(verdicts, draft)
        self._seal(work, attempt, draft, limit)
        return attempt


class _Fresh(Attempt):
    """An attempt of which nothing stands on the word of a cached record."""

    @property
    def certain(self) -> bool:
        """Say no: the letter may be younger than what is cached."""
        return False


def _left(work: Work, record: Record, letter: Dead | None) -> list[Verdict]:
    """Say why a letter is not opened, once for each item; nothing if it is."""
    if letter is None:
        return [_known(record, item.event) for item in work.items]
    starts = work.items[-1].starts and record.status == FAILED
    if record.status == ACTIVE or starts:
        return []
    return [Verdict("ignored", record.status) for _ in work.items]


def _known(record: Record, event: Event) -> Verdict:
    """Judge an event whose letter somebody else has opened by now, or let go."""
    known = record.inbox.get(event.key)
    if known is None:
        return Verdict("duplicate", "seen")
    return Verdict("duplicate", "dead" if known.dead else "seen", tuple(known.emits))


def redriver(worker: SubjectWorker, *, rehearse: bool = False) -> SubjectWorker:
    """Give a worker that redrives beside another; one that rehearses changes nothing."""
    stepper = Redriver(worker.stepper.registry, worker.stepper.limits, together=True)
    if not rehearse:
        return replace(worker, stepper=stepper)
    return replace(
        worker,
        stepper=stepper,
        store=Rehearsal(worker.store),
        bus=None,
        alarm=None,
        lease=None,
        cache=Cache(),
        lines=Lines(),
        ends=Ends(),
    )


async def redrive(
    worker: SubjectWorker, found: Found, letters: list[Dead], *, watch: Watch | None = None
) -> list[Outcome]:
    """Redrive some letters of a record; one outcome for each event that they kept."""
    work = partial(worker.run, found.key, publish=True)
    outcomes: list[Outcome] = []
    for letter in letters:
        if not letter.events:
            outcomes.append(_not_kept(found.record, letter))
            continue
        given = _items(worker.stepper.registry, found, letter)
        if isinstance(given, Outcome):
            outcomes.append(given)
        else:
            outcomes += await (work(given) if watch is None else watch.handled(given, work))
    return outcomes


def _items(registry: Registry, found: Found, letter: Dead) -> list[Item] | Outcome:
    """Find out again what each event is for; a start may begin on another version by now."""
    items: list[Item] = []
    for position, event in enumerate(events_of(letter)):
        route = registry.route(event)
        if isinstance(route, Refusal) and route.status == "dead":
            error = ConfigurationError(route.cause)
            return Outcome(event, "retry", route.reason, subject=found.record.subject, error=error)
        if isinstance(route, Refusal) or route.definition is None or route.key != found.key:
            record = found.record
            route = Route(found.key, record.name, found.process_id, record.subject)
        items.append(Item(position, event, route, route.definition is not None))
    return items


def _not_kept(record: Record, letter: Dead) -> Outcome:
    error = LetterNotFound(
        f"of the dead letter {letter.id!r} ({letter.type}) of {record.subject} only the cause was"
        " kept, for the event was too large: have its sender send it again, under a new id"
    )
    return Outcome(
        None, "dead", "not-kept", subject=record.subject, state=record.state, error=error
    )
