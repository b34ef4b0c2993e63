"""A continuation token is good once, in its state, for its event, until its time is over (T12)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from random import Random
from typing import Any

import msgspec
import pytest

from tests.security.programs import Answer, Approval, Order
from tests.unit.support import HandClock, data_of, event, starting, told
from xorca import Orchestrator, Outcome, Runtime
from xorca.engine.ids import storage_key
from xorca.engine.record import unseal
from xorca.engine.tokens import event_id_of
from xorca.errors import ConfigurationError, PayloadError, TokenRefused
from xorca.events import Event
from xorca.handlers.local import LocalWorker
from xorca.ports import Stored
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Limits, TokenKeys

KEYS = TokenKeys({"k1": bytes(range(32))}, audience="acme")
YES = Answer(True, "mia")


class CountingStore(MemoryStore):
    """A store that says how often it was asked for something."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    async def load(self, key: str) -> Stored | None:
        self.requests += 1
        return await super().load(key)

    async def save(self, key: str, body: bytes, **options: Any) -> str:
        self.requests += 1
        return await super().save(key, body, **options)


class Desk:
    """Approvals on a Runtime, and what the persons were sent."""

    def __init__(self, *classes: type[Orchestrator], limits: Limits | None = None) -> None:
        self.classes = classes or (Approval,)
        self.store, self.bus, self.clock = CountingStore(), MemoryBus(), HandClock()
        self.limits = limits
        self.runtime = self.worker()

    def worker(self, keys: TokenKeys | None = KEYS) -> Runtime:
        """Give a worker that remembers nothing."""
        return Runtime(
            self.classes,
            store=self.store,
            bus=self.bus,
            alarm=self.store.alarm,
            clock=self.clock,
            limits=self.limits,
            tokens=keys,
        )

    async def begin(self, pid: str = "a") -> str:
        """Start an approval; give the token for its answer."""
        await self.give(starting(Approval, Order("a chair"), pid))
        return self.token("cmd.person.ask")

    async def give(self, one: Event) -> Outcome:
        """Handle an event."""
        (outcome,) = await self.runtime.handle(one)
        assert outcome.error is None, outcome.error
        return outcome

    async def say(self, name: str, pid: str = "a") -> Outcome:
        """Handle an event for the process."""
        return await self.give(event(name, subject=f"sec.approval/1.2.0/{pid}"))

    def token(self, name: str) -> str:
        """Give the token in the last event of a name."""
        found = [one for one in self.bus.published if one.type == name]
        return str(data_of(found[-1])["token"])

    async def refused(self, token: str, payload: object = YES) -> str:
        """Bring a token that is refused; give the reason."""
        with pytest.raises(TokenRefused) as caught:
            await self.runtime.resume(token, payload)
        return caught.value.reason

    async def body(self, pid: str = "a") -> bytes:
        """Give the stored record."""
        stored = await self.store.load(storage_key("sec.approval", pid))
        assert stored is not None
        return stored.body


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_token_becomes_its_event(desk: Desk) -> None:
    """The handler takes it, and the caller of the process is answered."""
    token = await desk.begin()

    outcome = await desk.runtime.resume(token, YES)

    assert (told(outcome), outcome.state) == (("applied", "agree"), "agreed")
    assert desk.bus.published[-1].type == "evt.approval.ask.success"


@pytest.mark.parametrize("payload", [YES, {"yes": True, "by": "mia"}, b'{"yes":true,"by":"mia"}'])
async def test_a_payload_may_come_in_any_form(desk: Desk, payload: object) -> None:
    """The handler's own type, plain JSON, or the bytes of a request."""
    token = await desk.begin()

    assert told(await desk.runtime.resume(token, payload)) == ("applied", "agree")


async def test_a_token_is_used_once(desk: Desk) -> None:
    """The second use is refused, by a worker that remembers nothing as well."""
    token = await desk.begin()
    await desk.runtime.resume(token, YES)

    first = await desk.refused(token)
    desk.runtime = desk.worker()

    assert (first, await desk.refused(token)) == ("used", "used")


async def test_a_token_for_a_handler_that_stays_is_used_once(desk: Desk) -> None:
    """Its state goes on, and the token does not."""
    await desk.begin()
    await desk.say("evt.person.remind")
    token = desk.token("cmd.person.ask")

    await desk.runtime.resume(token)

    assert await desk.refused(token, None) == "used"
    assert msgspec.json.decode(unseal(await desk.body()).memory)["remarks"] == 1


async def test_two_tokens_of_one_state_are_two(desk: Desk) -> None:
    """Each is good once: two reminders, two remarks."""
    await desk.begin()
    tokens = []
    for _ in range(2):
        await desk.say("evt.person.remind")
        tokens.append(desk.token("cmd.person.ask"))

    for token in tokens:
        await desk.runtime.resume(token)

    assert msgspec.json.decode(unseal(await desk.body()).memory)["remarks"] == 2


@pytest.mark.parametrize("name", ["evt.person.late", "evt.person.again"])
async def test_a_token_ends_with_its_state(desk: Desk, name: str) -> None:
    """Once the state is left, or entered anew, the token is of no use; the new one is good."""
    old = await desk.begin()
    await desk.say(name)

    assert await desk.refused(old) == "left"
    assert told(await desk.runtime.resume(desk.token("cmd.person.ask"), YES))[0] == "applied"


async def test_a_token_for_the_whole_life_is_good_in_every_state(desk: Desk) -> None:
    """Until the process ends."""
    token = await desk.begin()
    withdraw = desk.token("notif.approval.begun")
    await desk.say("evt.person.late")

    outcome = await desk.runtime.resume(withdraw)

    assert outcome.state == "withdrawn"
    assert await desk.refused(token) == "left"
    assert await desk.refused(withdraw, None) == "used"


async def test_a_token_of_an_ended_process_is_left(desk: Desk) -> None:
    """Nothing is heard after the end."""
    token = await desk.begin()
    withdraw = desk.token("notif.approval.begun")
    await desk.runtime.resume(token, YES)

    assert await desk.refused(withdraw, None) == "left"


async def test_a_token_of_a_process_that_is_gone_is_left(desk: Desk) -> None:
    """So is that of an earlier life of the same process id."""
    token = await desk.begin()
    await desk.store.delete(storage_key("sec.approval", "a"))
    desk.runtime = desk.worker()

    assert await desk.refused(token) == "left"

    await desk.begin()

    assert await desk.refused(token) == "left"


async def test_a_token_expires(desk: Desk) -> None:
    """To the second, and without a request to the store."""
    token = await desk.begin()
    before = desk.store.requests

    desk.clock.advance(2 * 86400)

    assert (await desk.refused(token), desk.store.requests) == ("expired", before)


async def test_a_token_is_good_until_it_expires(desk: Desk) -> None:
    """One second before, it is taken."""
    token = await desk.begin()

    desk.clock.advance(2 * 86400 - 1)

    assert told(await desk.runtime.resume(token, YES)) == ("applied", "agree")


async def test_no_bit_of_a_token_may_be_changed(desk: Desk) -> None:
    """Every character matters; nothing is read from the store for a forged token."""
    token = await desk.begin()
    before, random = desk.store.requests, Random(7)

    for at in range(len(token)):
        other = random.choice([c for c in "abcXYZ019-_.=" if c != token[at]])
        assert await desk.refused(token[:at] + other + token[at + 1 :]) == "forged"

    assert desk.store.requests == before
    assert told(await desk.runtime.resume(token, YES)) == ("applied", "agree")


@pytest.mark.parametrize(
    "change",
    [
        ("event", "evt.approval.withdrawn"),
        ("subject", "sec.approval/1.2.0/b"),
        ("incarnation", "0" * 12),
        ("visit", 0),
        ("expires", 9_999_999_999),
        ("index", 9),
    ],
)
async def test_what_a_token_says_cannot_be_changed(desk: Desk, change: tuple[str, Any]) -> None:
    """Whoever writes other content cannot sign it."""
    mark, key_id, content, signature = (await desk.begin()).split(".")
    said = msgspec.json.decode(urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    fields = ("event", "subject", "incarnation", "visit", "given", "expires", "revision", "index")
    said[fields.index(change[0])] = change[1]
    other = urlsafe_b64encode(msgspec.json.encode(said)).rstrip(b"=").decode()

    assert await desk.refused(f"{mark}.{key_id}.{other}.{signature}") == "forged"


@pytest.mark.parametrize(
    "token", ["", "x1", "x1...", "x1.k1..", "....", "ä" * 10, "x" * 100_000, "x1.k1.W10.\0"]
)
async def test_what_is_no_token_is_forged(desk: Desk, token: str) -> None:
    """Whatever stands in a request; nothing is read from the store."""
    assert (await desk.refused(token), desk.store.requests) == ("forged", 0)


@pytest.mark.parametrize("ending", ["=", "\n", " ", ".", "A"])
async def test_a_token_has_one_spelling(desk: Desk, ending: str) -> None:
    """Another spelling of the same bytes would be another event."""
    token = await desk.begin()

    assert await desk.refused(token + ending) == "forged"


@pytest.mark.parametrize("key_id", ["k2", "K1", "", "k1 "])
async def test_a_key_that_nobody_knows_signs_nothing(desk: Desk, key_id: str) -> None:
    """Not even no signature fits it."""
    mark, _, content, signature = (await desk.begin()).split(".")
    before = desk.store.requests

    for forged in ("", "A", signature):
        assert await desk.refused(f"{mark}.{key_id}.{content}.{forged}") == "forged"
    assert desk.store.requests == before


async def test_what_stands_in_for_an_unknown_key_signs_nothing(desk: Desk) -> None:
    """It is only there to take as long, and no secret."""
    claim = KEYS.read(await desk.begin())
    forged = TokenKeys({"k2": bytes(32)}, audience="acme").sign(claim)

    assert await desk.refused(forged) == "forged"


async def test_a_key_in_place_of_keys_is_refused(desk: Desk) -> None:
    """With the line that makes keys of it; a token is not even looked at."""
    runtime = desk.worker("00" * 32)  # type: ignore[arg-type]

    with pytest.raises(ConfigurationError, match=r"tokens=TokenKeys\(key\)"):
        await runtime.resume("x1", YES)


@pytest.mark.parametrize("token", [None, 7, b"x1.k1.W10.", ["x1"]])
async def test_what_is_no_text_is_no_token(desk: Desk, token: Any) -> None:
    """A field that a form left out, say."""
    assert (await desk.refused(token), desk.store.requests) == ("forged", 0)


async def test_a_token_of_another_tenant_is_forged(desk: Desk) -> None:
    """The same keys do not make it good there."""
    token = await desk.begin()
    desk.runtime = desk.worker(TokenKeys({"k1": bytes(range(32))}, audience="other"))

    assert await desk.refused(token) == "forged"


async def test_keys_rotate(desk: Desk) -> None:
    """Tokens of the older key are good as long as that is known; new ones carry the newer."""
    old, newer = bytes(range(32)), bytes(range(1, 33))
    first = await desk.begin("a")
    desk.runtime = desk.worker(TokenKeys({"k2": newer, "k1": old}, audience="acme"))
    second = await desk.begin("b")

    assert second.split(".")[1] == "k2"
    assert (await desk.runtime.resume(first, YES)).status == "applied"

    desk.runtime = desk.worker(TokenKeys({"k2": newer}, audience="acme"))

    assert (await desk.runtime.resume(second, YES)).status == "applied"
    assert await desk.refused(first) == "forged"


async def test_another_key_of_the_same_id_is_no_key(desk: Desk) -> None:
    """The id names a key, it is none."""
    token = await desk.begin()
    desk.runtime = desk.worker(TokenKeys({"k1": bytes(32)}, audience="acme"))

    assert await desk.refused(token) == "forged"


async def test_a_payload_that_does_not_fit_leaves_the_token(desk: Desk) -> None:
    """The person may try again; the record is not touched."""
    token = await desk.begin()
    before = await desk.body()

    for payload in ({"yes": "perhaps"}, None, [], "text", b"{", b'{"yes":1}', "\ud800", object()):
        with pytest.raises(PayloadError):
            await desk.runtime.resume(token, payload)

    assert await desk.body() == before
    assert told(await desk.runtime.resume(token, YES)) == ("applied", "agree")


async def test_a_guard_that_says_no_leaves_the_token(desk: Desk) -> None:
    """Nothing has changed, so nothing is used up."""
    token = await desk.begin()
    before = await desk.body()

    outcome = await desk.runtime.resume(token, Answer(False, "mia"))

    assert (told(outcome), await desk.body()) == (("ignored", "guard"), before)
    assert told(await desk.runtime.resume(token, YES)) == ("applied", "agree")


async def test_a_handler_that_fails_keeps_the_answer(desk: Desk) -> None:
    """It is a dead letter with the answer in it, and the token is used."""
    token = await desk.begin()

    outcome = await desk.runtime.resume(token, Answer(True, "nobody"))

    assert told(outcome) == ("dead", "handler-raised")
    [letter] = unseal(await desk.body()).dead
    assert b'"nobody"' in bytes(letter.events[0])
    assert await desk.refused(token) == "used"


async def test_the_same_step_gives_the_same_token() -> None:
    """A token is derived from the commit: a step that runs again gives the same bytes."""
    first, second = Desk(), Desk()
    start = starting(Approval, Order("a chair"), "a", id="s-1")

    await first.give(start)
    await second.give(start)

    assert first.token("cmd.person.ask") == second.token("cmd.person.ask")


async def test_nobody_can_use_up_a_token_without_having_it(desk: Desk) -> None:
    """The id of its event is derived from its signature: a guess is another event."""
    token = await desk.begin()
    guess = event_id_of(".".join([*token.split(".")[:3], "guess"]))
    forged = event(
        "evt.person.late.x",
        subject="sec.approval/1.2.0/a",
        id=guess,
        source="/xorca/sec.approval/token",
    )
    await desk.runtime.handle(forged)

    assert told(await desk.runtime.resume(token, YES)) == ("applied", "agree")


async def test_a_token_of_a_class_that_is_not_here_is_foreign(desk: Desk) -> None:
    """It is somebody's, and not ours to judge."""

    class Other(Orchestrator, name="sec.other"):
        from xorca import end, start

        @start(to=end)
        def begin(self) -> None: ...

    token = await desk.begin()
    elsewhere = Runtime([Other], store=desk.store, clock=desk.clock, tokens=KEYS)

    assert told(await elsewhere.resume(token, YES)) == ("foreign", "not-ours")


async def test_a_runtime_without_keys_says_so(desk: Desk) -> None:
    """Both where a token is asked for and where one is brought."""
    desk.runtime = desk.worker(None)

    (outcome,) = await desk.runtime.handle(starting(Approval, Order("a chair")))

    assert told(outcome) == ("dead", "handler-raised")
    assert isinstance(outcome.error, ConfigurationError)
    assert "tokens=TokenKeys(" in str(outcome.error)
    with pytest.raises(ConfigurationError, match="tokens=TokenKeys"):
        await desk.runtime.resume("x1.a.b.c")


def test_a_worker_takes_keys_for_its_own_runtime_only() -> None:
    """A runtime made elsewhere has its own, and they are not changed in silence."""
    desk = Desk()
    runtime = Runtime([Approval], store=desk.store, bus=desk.store.channel, alarm=desk.store.alarm)

    worker = LocalWorker(desk.store, [Approval], tokens=KEYS)

    assert worker.runtime is not None
    assert worker.runtime.tokens is KEYS
    with pytest.raises(ConfigurationError, match="give tokens= to the Runtime"):
        LocalWorker(desk.store, runtime=runtime, tokens=KEYS)


async def test_keys_never_show_themselves() -> None:
    """Not in what is printed of them."""
    assert repr(KEYS) == "<TokenKeys k1>"
