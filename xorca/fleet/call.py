"""What a service may know of its command, and send besides the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xorca.codec import encode_json
from xorca.dsl.names import is_name, wire_name
from xorca.dsl.orchestrator import plan_of
from xorca.engine.emitting import MAX_EMIT
from xorca.errors import HandlerError, PayloadError
from xorca.events import Event, Topic, from_cloudevent
from xorca.fleet.sender import Sender

if TYPE_CHECKING:
    from cloudevents.core.v1.event import CloudEvent

    from xorca.dsl.orchestrator import Orchestrator


class Call:
    """One run of a service; ask for it by a parameter that is annotated ``Call``.

    What is emitted and started here leaves together with the answer, and only if the
    service returns; a service that raises sends nothing but its answer. Every id is
    derived from the command and the position, so a command that is delivered again sends
    the same events and starts the same processes once.
    """

    __slots__ = ("_event", "_identity", "_open", "_sender", "_sent")

    def __init__(self, event: Event, identity: str, sender: Sender) -> None:
        self._event = event
        self._identity = identity
        self._sender = sender
        self._sent: list[Event] = []
        self._open = True

    @property
    def command(self) -> CloudEvent:
        """The command as it came; for an observer, the event that it heard."""
        return self._event.to_cloudevent()

    @property
    def subject(self) -> str | None:
        """The subject of the command: the process that asks."""
        return self._event.subject

    @property
    def idempotency_key(self) -> str:
        """The same text however often the command comes: hand it to whatever acts for you.

        26 characters of ``a-z`` and ``2-7``, derived from the command and the fleet; that of
        an observer also from the name of its function.
        """
        return self._identity

    def emit(self, name: str | Topic[Any], payload: object = None) -> None:
        """Tell the world something that nobody must act on.

        Args:
            name: A name that begins with ``notif.``.
            payload: Whatever has a JSON form; None for no data.

        Raises:
            HandlerError: the name is no ``notif.*``, or the service has ended already.
            PayloadError: the payload has no JSON form, or is too large.
        """
        text = wire_name(name)
        self._check_open(f"emit({text!r})")
        if not (text.startswith("notif.") and is_name(text)):
            raise HandlerError(
                f"a service may not emit {text!r}: it answers its command by returning or"
                " raising, and emits 'notif.<noun>.<verb>' besides; what commands others is"
                " an orchestrator",
                reason="emit-name",
            )
        self._sent.append(
            Event(
                id=self._next_id(),
                source=self._sender.source,
                type=text,
                subject=self._event.subject,
                time=self._sender.time(),
                data=None if payload is None else encode_payload(text, payload),
                datacontenttype=None if payload is None else "application/json",
                extensions=self._context(),
            )
        )

    def start(
        self,
        orchestrator: type[Orchestrator],
        payload: object = None,
        *,
        process_id: str | None = None,
        version: str | None = None,
    ) -> str:
        """Start a process, once however often the command is delivered; give its id.

        Args:
            orchestrator: The class to start.
            payload: What its ``@start`` handler takes.
            process_id: Any text; without it, what ``process=`` of the class gives, or else
                derived from the command and the position.
            version: The version to start; without it, the highest that is registered.

        Raises:
            HandlerError: the service has ended already.
            PayloadError: no ``@start`` of the class takes this payload, or it tells no process.
        """
        from xorca.engine.by_content import id_of_start  # only who starts a process needs it

        self._check_open(f"start({orchestrator.__name__})")
        made = orchestrator.start_event(
            payload,
            process_id=process_id,
            version=version,
            id=self._next_id(),
            source=self._sender.source,
        )
        event = self._caused_here(from_cloudevent(made))
        found = id_of_start(plan_of(orchestrator), event)
        self._sent.append(event)
        return found

    def close(self) -> tuple[Event, ...]:
        """Give what was sent; whoever sends later is told that it is too late."""
        self._open = False
        return tuple(self._sent)

    def _caused_here(self, start: Event) -> Event:
        return Event(
            id=start.id,
            source=start.source,
            type=start.type,
            time=self._sender.time(),
            data=start.data,
            datacontenttype=start.datacontenttype,
            extensions={**self._context(), **start.extensions},
        )

    def _next_id(self) -> str:
        return f"{self._identity}-{len(self._sent)}"

    def _context(self) -> dict[str, str | int | bool]:
        return self._sender.caused_by(self._event)

    def _check_open(self, what: str) -> None:
        if not self._open:
            raise HandlerError(
                f"call.{what} came after the service for {self._event.type!r} had ended, so"
                " nothing would send it: await your tasks before you return",
                reason="call-ended",
            )


def encode_payload(name: str, payload: object) -> bytes:
    """Write a payload as JSON of fair size.

    Raises:
        PayloadError: it has no JSON form, or is too large.
    """
    try:
        data = encode_json(payload)
    except (TypeError, ValueError, NotImplementedError, RecursionError) as exc:
        raise PayloadError(f"{name!r} cannot carry {type(payload).__qualname__}: {exc}") from exc
    return checked_size(name, data)


def checked_size(name: str, data: bytes) -> bytes:
    """Give the data back if one event may carry it.

    Raises:
        PayloadError: it is too large.
    """
    if len(data) > MAX_EMIT:
        raise PayloadError(
            f"{len(data):,} bytes for {name!r} are more than {MAX_EMIT:,}; store them elsewhere"
            " and send a reference"
        )
    return data
