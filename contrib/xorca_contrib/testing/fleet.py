"""Services that answer by script.

``Any`` and ``object`` stand here for payloads, which may be of any type that has a JSON form.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from xorca.events import Topic
from xorca_contrib.testing.errors import XorcaTestError
from xorca_contrib.testing.story import shown
from xorca_contrib.testing.views import Sent


class _Silence:
    def __repr__(self) -> str:
        return "Silence"


Silence: Final = _Silence()
"""What a service answers that does not answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The name and payload of an answer."""

    name: str
    payload: Any


@dataclass(slots=True)
class _Script:
    answer: Any
    outcome: str
    given: int = field(default=0)


class ScriptedFleet:
    """The services around an orchestrator; ``heard`` lists the commands that came to them."""

    def __init__(self) -> None:
        self.heard: list[Sent] = []
        self._scripts: dict[str, _Script] = {}

    def answers(
        self, command: str | Topic[Any], answer: object = None, *, outcome: str = "success"
    ) -> None:
        """Say how a command is answered, from now on.

        Args:
            command: The name, ``cmd.books.fetch``.
            answer: The payload; or a function (plain or async) that is given the command's
                payload, or nothing, and returns it; an exception, which is answered as
                ``.error`` as a Fleet does (``Refusal`` with its payload), TimeoutError as
                ``.timeout``; ``Silence``; or a list of all these, one for each time the command
                comes. A payload that is itself a list stands in another list.
            outcome: The last word of the answer's name.

        Raises:
            XorcaTestError: the name is no command's, or the answer is a class.
        """
        name = str(command)
        if not name.startswith("cmd."):
            raise XorcaTestError(
                f"a fleet answers commands, and {name!r} is none: write cmd.<noun>.<verb>"
            )
        answers: list[Any] = answer if isinstance(answer, list) else [answer]  # pyright: ignore[reportUnknownVariableType]
        for one in answers:
            if isinstance(one, type) and not issubclass(one, Exception):
                raise XorcaTestError(
                    f"{name!r} is to be answered by the class {one.__name__}:"
                    f" give an instance, {one.__name__}(...)"
                )
        self._scripts[name] = _Script(answer, outcome)

    def refuses(self, command: str | Topic[Any], why: object = None) -> None:
        """Say that a command is answered with ``.error``; ``why`` is its payload."""
        self.answers(command, why, outcome="error")

    def times_out(self, command: str | Topic[Any], why: object = None) -> None:
        """Say that a command is answered with ``.timeout``; ``why`` is its payload."""
        self.answers(command, why, outcome="timeout")

    def knows(self, command: str) -> bool:
        """Tell whether there is a script for a command."""
        return command in self._scripts

    async def hear(self, command: str, payload: Any) -> Reply | None:
        """Take a command and give its answer, None for silence.

        Raises:
            XorcaTestError: the script has no answer left.
        """
        self.heard.append(Sent(command, payload))
        script = self._scripts[command]
        answer = await _result(_next(command, script, payload), payload)
        stem = f"evt.{command[4:]}."
        if answer is Silence:
            return None
        if isinstance(answer, Exception):
            last = "timeout" if isinstance(answer, TimeoutError) else "error"
            return Reply(stem + last, _error_payload(answer))
        return Reply(stem + script.outcome, answer)


def unscripted(strangers: dict[str, str]) -> XorcaTestError:
    """Give the error for commands, by name with a payload, that have no script."""
    lines = [f"{name} {payload}" for name, payload in strangers.items()]
    first = next(iter(strangers))
    return XorcaTestError(
        f"nobody answers {'; '.join(lines)}. Write scripted_fleet.answers({first!r}, ...) before"
        " the run, or orchestra.serve(...) the orchestrator that it starts"
    )


def _error_payload(error: Exception) -> Any:
    """Give what a Fleet answers where its service raises this."""
    from xorca.fleet import Refusal  # only where something was raised: it is not needed before

    if isinstance(error, Refusal) and not isinstance(error.payload, str):
        return error.payload
    return {"reason": str(error) or type(error).__name__, "error": type(error).__name__}


def _next(command: str, script: _Script, payload: Any) -> Any:
    answer = script.answer
    if not isinstance(answer, list):
        return answer
    script.given += 1
    answers: list[Any] = answer  # pyright: ignore[reportUnknownVariableType]
    if script.given > len(answers):
        raise XorcaTestError(
            f"{command!r} came {script.given} times, and its script has {len(answers)}"
            f" answer(s); the last payload was {shown(payload)}. Add an answer to the list"
        )
    return answers[script.given - 1]


async def _result(answer: Any, payload: Any) -> Any:
    if isinstance(answer, type):
        return answer()
    if not callable(answer):
        return answer
    try:
        found = answer(*((payload,) if _takes_payload(answer) else ()))
        return await found if inspect.isawaitable(found) else found
    except AssertionError:
        raise  # the test's own, about the command
    except Exception as exc:
        return exc


def _takes_payload(function: Callable[..., object]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(
        p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in parameters
    )
