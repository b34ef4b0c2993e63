"""What the ledger keeps of one process: its commits, followed by the model of its class."""

from __future__ import annotations

import msgspec

from tests.simulation.models import MODELS, Owed, Walk
from tests.simulation.sight import Sight, Timer


class Emit(msgspec.Struct):
    """An event of a committed outbox."""

    life: Life
    revision: int
    body: bytes
    type: str
    step: int = -1
    item: int = 0
    incarnation: str = ""


class Life:
    """All commits of one record, followed by the model."""

    def __init__(self, key: str, sight: Sight) -> None:
        self.key = key
        self.last: Sight | None = None
        self.bodies: list[bytes] = []
        self.walk: Walk = MODELS[sight.name, sight.version].walk()
        self.log: list[str] = []
        self.tokens: dict[str, int] = {}
        self.owed: set[Owed] = set()
        self.recorded: set[str] = set()
        self.gathered: set[str] = set()
        self.deferred: set[str] = set()
        self.buried: set[str] = set()
        self.timers: dict[str, Timer] = {}
        self.fallen: dict[str, Timer] = {}
        self.letters: dict[tuple[str, str], int] = {}
        self.ignored: set[str] = set()
        self.flooded: set[str] = set()
        self.told: set[str] = set()
        self.statuses: set[str] = set()
        self.touched = 0.0
        self.answered_ids: set[str] = set()
        self.sent_last: dict[str, int] = {}

    def begin_anew(self, sight: Sight) -> None:
        """Follow another life of the same process id; what was applied stays applied."""
        self.walk = MODELS[sight.name, sight.version].walk()
        self.log, self.owed, self.sent_last = [], set(), {}
