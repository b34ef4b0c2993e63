"""What goes wrong on the way to Azure is one clear sentence, and loses nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.azure.blobs import KEY, connection_string, make_container
from tests.azure.events import SUBJECT, started, tick
from tests.azure.machines import Tally
from tests.emulators.proxy import Fault, FaultProxy, Request
from tests.emulators.serving import free_port
from xorca import Runtime
from xorca.errors import ConfigurationError, Conflict, PortError, RecordTooLarge, Unavailable
from xorca.ports import Query, Stored
from xorca.providers.azure import BlobStore
from xorca.providers.azure.faults import AzureRefused


@pytest.fixture
async def proxy(azurite: dict[str, str], fresh_name: str) -> AsyncGenerator[FaultProxy]:
    await make_container(azurite["blob"], fresh_name)
    async with FaultProxy(azurite["blob"]) as proxy:
        yield proxy


@pytest.fixture
async def store(proxy: FaultProxy, fresh_name: str) -> AsyncGenerator[BlobStore]:
    text = connection_string(proxy.url)
    async with BlobStore(fresh_name, connection_string=text, timeout=1) as store:
        yield store


def refusal(status: int, code: str, told: str = "", *, detail: str = "") -> Fault:
    """Give the answer that Azure gives."""
    more = f"<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>" if detail else ""
    message = f"<Message>{told or code}</Message>"
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code>{message}{more}</Error>"
    headers = {"x-ms-error-code": code, "content-type": "application/xml"}
    return Fault.answer(status, body.encode(), headers)


def is_write(request: Request) -> bool:
    return request.method in ("PUT", "DELETE")


UNKNOWN = [
    Fault.answer(500),
    refusal(503, "ServerBusy"),
    refusal(500, "OperationTimedOut"),
    refusal(409, "ContainerBeingDeleted"),
    Fault.answer(429, b"", {"retry-after": "1"}),
    Fault.answer(502, b"<html>Bad gateway</html>", {"content-type": "text/html"}),
    Fault.lost_request(),
    Fault.lost_answer(),
    Fault.slow(1.5),
]


@pytest.mark.parametrize("fault", UNKNOWN, ids=lambda fault: fault.status or fault.end or "slow")
async def test_unknown_outcome_is_said(store: BlobStore, proxy: FaultProxy, fault: Fault) -> None:
    """A write that was not answered went out once, and is not known to have happened or not."""
    tag = await store.save("a/b", b"one", expect=None)
    proxy.forget()
    proxy.plan(fault)

    with pytest.raises(Unavailable) as caught:
        await store.save("a/b", b"two", expect=tag)

    assert proxy.count("PUT") == 1
    assert "\n" not in str(caught.value)
    stored = await store.load("a/b")
    assert stored is not None
    assert (stored.body, stored.tag == tag) in ((b"one", True), (b"two", False))


PAGE = b"<html>Please sign in</html>"


async def test_page_is_no_word_of_azure(store: BlobStore, proxy: FaultProxy) -> None:
    """A success that a portal on the way gives saves nothing, and says nothing of what is there."""
    await store.save("a/b", b"one", expect=None)

    proxy.plan(Fault.answer(201, PAGE, {"content-type": "text/html"}))
    with pytest.raises(Unavailable, match="never says"):
        await store.save("a/c", b"two", expect=None)
    proxy.plan(*[Fault.answer(200, PAGE, {"content-type": "text/html"})] * 3)
    with pytest.raises(Unavailable, match="never says"):
        await store.load("a/b")
    proxy.plan(*[Fault.answer(200, PAGE, {"content-type": "text/html"})] * 3)
    with pytest.raises(Unavailable, match="never says"):
        await store.list(Query())


async def test_page_that_finds_nothing_is_no_word_of_azure(
    store: BlobStore, proxy: FaultProxy
) -> None:
    """Else events of a process that is there would die of having none."""
    tag = await store.save("a/b", b"one", expect=None)
    page = Fault.answer(404, PAGE, {"content-type": "text/html"})

    proxy.plan(*[page] * 3)
    with pytest.raises(Unavailable, match="never says"):
        await store.load("a/b")
    proxy.plan(page)
    with pytest.raises(Unavailable, match="never says"):
        await store.delete("a/b")

    assert await store.load("a/b") == Stored(b"one", tag)


async def test_lost_answer_is_a_conflict_to_who_saves_again(
    store: BlobStore, proxy: FaultProxy
) -> None:
    """A write that was heard and not answered cannot be heard twice."""
    tag = await store.save("a/b", b"one", expect=None)
    proxy.plan(Fault.lost_answer())
    with pytest.raises(Unavailable):
        await store.save("a/b", b"two", expect=tag)

    with pytest.raises(Conflict):
        await store.save("a/b", b"two", expect=tag)


@pytest.mark.parametrize("fault", [*UNKNOWN, Fault.half_answer()], ids=lambda f: f.status or f.end)
async def test_read_is_repeated(store: BlobStore, proxy: FaultProxy, fault: Fault) -> None:
    """A read or listing that fails once is asked for again."""
    tag = await store.save("a/b", b"one" * 1000, expect=None)
    proxy.forget()
    proxy.plan(fault, only=lambda request: request.method == "GET")

    assert await store.load("a/b") == Stored(b"one" * 1000, tag)
    assert proxy.count("GET") == 2

    proxy.plan(fault, only=lambda request: request.method == "GET")
    assert len((await store.list(Query())).items) == 1


async def test_read_has_an_end(store: BlobStore, proxy: FaultProxy) -> None:
    """A read that fails again and again is Unavailable after the third time."""
    proxy.plan(*[Fault.answer(500)] * 9)

    with pytest.raises(Unavailable):
        await store.load("a/b")

    assert proxy.count("GET") == 3


REFUSALS = [
    (refusal(403, "AuthorizationPermissionMismatch"), "access", "'Storage Blob Data Contributor'"),
    (refusal(403, "AuthorizationFailure"), "access", "firewall and network"),
    (refusal(403, "KeyBasedAuthenticationNotPermitted"), "access", "takes no keys"),
    (refusal(403, "AuthenticationFailed", detail="Request date header too old: 'Mon'"), "clock",
     "the clock of this machine is wrong; set it"),
    (refusal(403, "AuthenticationFailed", detail="Signature not valid in the specified time frame"),
     "credentials", "SAS token is not valid now"),
    (refusal(401, "NoAuthenticationInformation"), "credentials", "does not accept these"),
    (refusal(403, "AccountIsDisabled"), "account", "account is disabled"),
    (refusal(403, "Unheard"), "access", "has no leave"),
    (refusal(404, "ContainerNotFound"), "missing", "az storage container create --name"),
    (refusal(409, "BlobImmutableDueToPolicy"), "request", "immutability"),
    (refusal(409, "InvalidBlobType"), "request", "append or page blob"),
    (refusal(409, "BlobArchived"), "request", "rehydrate"),
    (refusal(400, "InvalidHeaderValue", "x-ms-version"), "request", "api_version="),
    (refusal(400, "OutOfRangeInput"), "request", "look at its name"),
    (Fault.answer(403), "access", "has no leave"),
    (Fault.answer(403, b"<html><body/></html>", {"content-type": "application/xhtml+xml"}),
     "access", "has no leave"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "reason", "cure"), REFUSALS, ids=lambda one: str(one)[:40])
async def test_refusal_is_one_sentence(
    store: BlobStore, proxy: FaultProxy, fault: Fault, reason: str, cure: str
) -> None:
    """A refusal says what, why and what to do, once, for a write and a read; it is not repeated."""
    for call in (lambda: store.save("a/b", b"one", expect=None), lambda: store.load("a/b")):
        proxy.forget()
        proxy.plan(fault)

        with pytest.raises(AzureRefused) as caught:
            await call()

        assert caught.value.reason == reason
        assert cure in str(caught.value)
        assert str(caught.value).startswith("the container 't-")
        assert "\n" not in str(caught.value)
        assert proxy.count() == 1


async def test_too_large_for_azure_is_said(store: BlobStore, proxy: FaultProxy) -> None:
    """What the service finds too large is RecordTooLarge, as what the store does."""
    proxy.plan(refusal(413, "RequestBodyTooLarge"))

    with pytest.raises(RecordTooLarge):
        await store.save("a/b", b"one", expect=None)


async def test_wrong_key_is_said(azurite: dict[str, str], fresh_name: str) -> None:
    """A key of another account is no mystery."""
    await make_container(azurite["blob"], fresh_name)
    text = connection_string(azurite["blob"]).replace(KEY[:4], "AAAA")

    async with BlobStore(fresh_name, connection_string=text) as store:
        with pytest.raises(AzureRefused, match="look at the account key") as caught:
            await store.load("a/b")

    assert caught.value.reason == "credentials"


async def test_missing_container_is_said(azurite: dict[str, str], fresh_name: str) -> None:
    """A container that is not there is not taken for a record that is not there."""
    text = connection_string(azurite["blob"])
    async with BlobStore(fresh_name, connection_string=text) as store:
        calls = (
            lambda: store.load("a"),
            lambda: store.save("a", b"", expect=None),
            lambda: store.save("a", b"", expect='"x"'),
            lambda: store.delete("a"),
            lambda: store.list(Query()),
        )  # fmt: skip
        for call in calls:
            with pytest.raises(AzureRefused, match=f"container create --name {fresh_name}"):
                await call()
        with pytest.raises(AzureRefused, match="does not exist"):
            async with store.lease.hold("a"):
                pytest.fail("it cannot be held")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "no-such-account.invalid"])
async def test_nobody_there_is_said(host: str) -> None:
    """No network, and an account that does not exist, are one sentence, and may heal."""
    url = f"http://{host.format(port=free_port())}/shop"
    text = f"AccountName=shop;AccountKey={KEY};BlobEndpoint={url}"

    async with BlobStore("orders", connection_string=text) as store:
        with pytest.raises(Unavailable, match="look at the name of the account") as caught:
            await store.save("a", b"one", expect=None)

    assert "cannot be reached" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_old_server_is_said(hasty_azurite: str) -> None:
    """A server that does not know the SDK's version of the protocol says which option helps."""
    text = connection_string(hasty_azurite)
    async with BlobStore("orders", connection_string=text) as store:
        with pytest.raises(AzureRefused, match="api_version='2025-11-05'"):
            await store.load("a")


async def test_identity_that_is_missing_is_said(
    azurite: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials the managed identity asks; where there is none, the cure is told."""
    from azure.core.exceptions import ClientAuthenticationError

    class Nobody:
        async def get_token(self, *scopes: str, **_: object) -> object:
            raise ClientAuthenticationError("DefaultAzureCredential failed to get a token:\n many")

        async def close(self) -> None: ...

    async with BlobStore("orders", account_url="https://127.0.0.1:1", credential=Nobody()) as store:
        with pytest.raises(AzureRefused, match="give the app a managed identity") as caught:
            await store.load("a")

    assert caught.value.reason == "credentials"
    assert "\n" not in str(caught.value)


async def test_identity_needs_https(azurite: dict[str, str]) -> None:
    """A token is not sent in the clear."""

    class Somebody:
        async def get_token(self, *scopes: str, **_: object) -> object:
            raise AssertionError("nobody asks for it")

        async def close(self) -> None: ...

    async with BlobStore("orders", account_url=azurite["blob"], credential=Somebody()) as store:
        with pytest.raises(ConfigurationError, match="only supported with HTTPS"):
            await store.load("a")


@pytest.mark.parametrize(
    "fault",
    [
        refusal(403, "AuthorizationPermissionMismatch"),
        refusal(404, "ContainerNotFound"),
        refusal(403, "AuthenticationFailed", "Request date header too old"),
    ],
    ids=lambda fault: str(fault.status),
)
async def test_refused_event_comes_again(store: BlobStore, proxy: FaultProxy, fault: Fault) -> None:
    """What Azure refuses is a retry at once; when it is put right the event is applied."""
    runtime = Runtime([Tally], store=store)
    await runtime.handle(started(), publish=False)
    proxy.forget()
    proxy.plan(fault)

    (refused,) = await runtime.handle(tick("a"), publish=False)
    (applied,) = await runtime.handle(tick("a"), publish=False)

    assert (refused.status, refused.reason, proxy.count("PUT")) == ("retry", "store", 2)
    assert isinstance(refused.error, PortError)
    assert (applied.status, len(applied.emitted)) == ("applied", 1)


@pytest.mark.parametrize("fault", [Fault.lost_answer(), Fault.lost_request(), Fault.answer(503)])
async def test_unknown_outcome_is_found_out(
    store: BlobStore, proxy: FaultProxy, fault: Fault
) -> None:
    """Whatever became of a save, one event is applied once and its command is emitted once."""
    runtime = Runtime([Tally], store=store)
    proxy.plan(fault, only=is_write)
    (begun,) = await runtime.handle(started(), publish=False)
    proxy.plan(fault, only=is_write)

    (done,) = await runtime.handle(tick("a"), publish=False)

    described = await runtime.describe(SUBJECT)
    assert described is not None
    assert described.memory["tokens"] == ["a"]
    assert [event.get_type() for event in (*begun.emitted, *done.emitted)] == [
        "cmd.tally.open", "cmd.tally.work",
    ]  # fmt: skip
