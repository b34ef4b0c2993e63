"""What the contract does not say of Blob storage: names, summaries, pages, options, imports."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from azure.storage.blob.aio import ContainerClient

from tests.azure.blobs import KEY, connection_string, make_container
from tests.emulators.proxy import FaultProxy
from xorca.errors import ConfigurationError
from xorca.ports import Listed, Query, Summary
from xorca.providers.azure import BlobLease, BlobStore
from xorca.providers.open import open_store
from xorca.sealing import HmacSeal, sealed
from xorca_contrib.conformance.listing import keys_of
from xorca_contrib.conformance.samples import summary

ROOT = Path(__file__).parents[2]
TEXT = f"AccountName=orders;AccountKey={KEY}"


@pytest.fixture
async def proxy(azurite: dict[str, str], fresh_name: str) -> AsyncGenerator[FaultProxy]:
    await make_container(azurite["blob"], fresh_name)
    async with FaultProxy(azurite["blob"]) as proxy:
        yield proxy


@pytest.fixture
async def store(proxy: FaultProxy, fresh_name: str) -> AsyncGenerator[BlobStore]:
    text = connection_string(proxy.url)
    async with BlobStore(fresh_name, prefix="p/q", connection_string=text) as store:
        yield store


@pytest.fixture
async def container(
    azurite: dict[str, str], store: BlobStore, fresh_name: str
) -> AsyncGenerator[ContainerClient]:
    text = connection_string(azurite["blob"])
    async with ContainerClient.from_connection_string(text, fresh_name) as client:
        yield client


async def test_longest_summary_comes_back(store: BlobStore) -> None:
    """Every letter and sign of a subject, as long as subjects are, survives the header."""
    long = Summary("n/1/" + "Ünï \t\x01\"',;=%" * 60, "n", "1", "active", "s", 1, 2.5)

    await store.save("n/1", b"one", expect=None, summary=long)

    assert (await store.list(Query(name="n"))).items == (Listed("n/1", long),)


async def test_summary_that_fits_no_header_is_left_to_the_reader(store: BlobStore) -> None:
    """A record whose summary is too long is listed without one, whatever is asked for."""
    huge = Summary("n/1/" + "x" * 9000, "n", "1", "active", "s", 1, 2.5)

    await store.save("n/1", b"one", expect=None, summary=huge)

    assert (await store.list(Query(name="n", status="active"))).items == (Listed("n/1", None),)


async def test_damaged_summary_is_left_to_the_reader(
    store: BlobStore, container: ContainerClient
) -> None:
    """Metadata that somebody changed hides no record from those who ask."""
    await store.save("n/1", b"one", expect=None, summary=summary())

    await container.get_blob_client("p/q/n/1").set_blob_metadata({"xorca": "nonsense!"})

    assert (await store.list(Query(status="live"))).items == (Listed("n/1", None),)


async def test_side_objects_answer_no_question(store: BlobStore) -> None:
    """What was saved without a summary is listed by its name, and found by no status."""
    await store.save("_side/n/1", b"one", expect=None)

    assert await keys_of(store, Query()) == ["_side/n/1"]
    assert await keys_of(store, Query(status="live")) == []


async def test_listing_passes_over_strangers(store: BlobStore, container: ContainerClient) -> None:
    """Blobs of other prefixes, of names that are no keys, and those of leases are not listed."""
    for name in ("p/q/UPPER", "p/q/a b", "p/qq/a", "other", "p/q/a/", "P/q/a"):
        await container.upload_blob(name, b"")
    await store.save("a", b"one", expect=None)

    async with store.lease.hold("reports/Daily run 7"):
        assert await keys_of(store, Query()) == ["a"]


async def test_listing_asks_once_a_page(store: BlobStore, proxy: FaultProxy) -> None:
    """Walking through many pages costs one request each, however they are filtered."""
    for number in range(12):
        kept = summary(status="live" if number % 2 else "done")
        await store.save(f"a/{number:02}", b"one", expect=None, summary=kept)
    proxy.forget()

    assert len(await keys_of(store, Query(), limit=4)) == 12
    assert proxy.count() == 3

    assert len(await keys_of(store, Query(status="live"), limit=3)) == 6
    assert proxy.count() <= 3 + 6


async def test_listing_goes_on_in_another_process(
    store: BlobStore, proxy: FaultProxy, fresh_name: str
) -> None:
    """A page may be asked for by whoever has not seen those before it."""
    for number in range(9):
        await store.save(f"a/{number}", b"one", expect=None)
    first = await store.list(Query(), limit=4)
    assert first.after is not None

    text = connection_string(proxy.url)
    async with BlobStore(fresh_name, prefix="p/q", connection_string=text) as other:
        assert await keys_of(other, Query(), after=first.after, limit=2) == [
            f"a/{number}" for number in range(4, 9)
        ]


async def test_listing_follows_deletions_between_pages(store: BlobStore) -> None:
    """A page goes on behind a key that is gone, with what came since."""
    for key in ("a/1", "a/2", "a/3", "a/5"):
        await store.save(key, b"one", expect=None)
    first = await store.list(Query(), limit=2)
    await store.delete("a/2")
    await store.delete("a/3")
    await store.save("a/4", b"one", expect=None)

    assert first.after == "a/2"
    assert await keys_of(store, Query(), after="a/2", limit=2) == ["a/4", "a/5"]


async def test_sealed_store_has_everything(store: BlobStore) -> None:
    """A seal over the store leaves its summaries and leases as they are."""
    closed = sealed(store, HmacSeal(b"k" * 32))
    async with closed.lease.hold("n/1"):
        await closed.save("n/1", b"one", expect=None, summary=summary())

    assert (await closed.list(Query(status="live"))).items == (Listed("n/1", summary()),)


@pytest.mark.parametrize("key", ["_leases/a", "a./b", "a/..", "a//b", "/a", "a/", "."])
async def test_key_that_azure_would_change_is_refused(store: BlobStore, key: str) -> None:
    """A name that Azure or a URL would make another of is no key."""
    with pytest.raises(ConfigurationError, match="cannot be stored"):
        await store.save(key, b"one", expect=None)


@pytest.mark.parametrize(
    ("name", "prefix", "sentence"),
    [
        ("ab", "", "3 to 63 characters"),
        ("a" * 64, "", "3 to 63 characters"),
        ("Orders", "", "no name of a container"),
        ("a--b", "", "no name of a container"),
        ("-ab", "", "no name of a container"),
        ("ab-\n", "", "no name of a container"),
        ("orders", "a b", "contains ' '"),
        ("orders", "a//b", "empty or ends with a dot"),
        ("orders", "a/..", "empty or ends with a dot"),
        ("orders", "x" * 900, "there is room for"),
    ],
)
def test_names_are_checked(name: str, prefix: str, sentence: str) -> None:
    """What Azure would refuse, or change, is refused before anything is sent."""
    with pytest.raises(ConfigurationError) as caught:
        BlobStore(name, prefix=prefix, connection_string=TEXT)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"connection_string": "nonsense"}, "parts are not all of the form Name=value"),
        ({"connection_string": "A=b;"}, "no AccountName and no BlobEndpoint"),
        ({"connection_string": "AccountName=orders"}, "no AccountKey and no Shared"),
        ({"connection_string": TEXT[:-3]}, "AccountKey is cut short or changed"),
        ({"connection_string": TEXT, "account_url": "https://x"}, "not both"),
        ({"account_url": "orders"}, "is no URL of a storage account"),
        ({"account_url": "ftp://orders"}, "is no URL of a storage account"),
        ({"credential": "x"}, "belongs to account_url="),
        ({"connection_string": TEXT, "timeout": 0}, "above 0"),
        ({"connection_string": TEXT, "time_out": 1}, "'time_out' is no option"),
        ({"client": object()}, "takes a ContainerClient of azure.storage.blob.aio"),
        ({}, "nobody said which storage account is meant"),
    ],
)
def test_options_are_checked(
    options: dict[str, object], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong option is one sentence, and no secret is in it."""
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    for kind in (BlobStore, BlobLease):
        with pytest.raises(ConfigurationError) as caught:
            kind("orders", **options)

        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
        assert KEY[:20] not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("az://orders", "'orders' of orders.blob.core.windows.net, prefix ''"),
        ("az://orders/a/b/", "'orders' of orders.blob.core.windows.net, prefix 'a/b/'"),
        ("az://orders?account=shop", "of shop.blob.core.windows.net"),
        (
            "az://orders?account=shop.blob.core.chinacloudapi.cn",
            "of shop.blob.core.chinacloudapi.cn",
        ),
        ("az://orders/p?account=https://h:1/shop&api_version=2025-11-05", "of h:1, prefix 'p/'"),
    ],
)
def test_url_opens_a_store(url: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account comes from the URL, else from the environment; nothing is connected."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", TEXT)

    store = open_store(url)

    assert isinstance(store, BlobStore)
    assert shown in repr(store)
    assert KEY not in repr(store)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("az:", "names no container"),
        ("az:///p", "names no container"),
        ("az://Orders", "no name of a container"),
        ("az://orders?acount=x", "not 'acount'"),
        ("az://orders?account=a&account=b", "not 'one twice'"),
        ("az://orders?account=Shop!", "no name of a storage account"),
        ("az://key@orders", "would be secrets"),
        ("az://orders/a%20b", "a '%'"),
        ("az://[orders", "cannot be read"),
    ],
)
def test_wrong_url_is_refused(url: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal is one sentence with its cure."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", TEXT)

    with pytest.raises(ConfigurationError) as caught:
        open_store(url)

    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["channel", "alarm"])
def test_store_says_what_it_has_not(name: str) -> None:
    """Whoever looks for a channel is told that he needs a bus."""
    store = BlobStore("orders", connection_string=TEXT)

    assert not hasattr(store, name)
    with pytest.raises(ConfigurationError, match="a bus and an alarm of their own"):
        getattr(store, name)


async def test_client_of_the_user_is_used_and_left_open(
    azurite: dict[str, str], fresh_name: str
) -> None:
    """A ContainerClient that is given works as it is, and is its owner's to close."""
    text = connection_string(azurite["blob"])
    await make_container(azurite["blob"], fresh_name)
    async with ContainerClient.from_connection_string(text, fresh_name) as client:
        async with BlobStore(fresh_name, client=client) as store:
            await store.save("a", b"one", expect=None)

        assert await client.exists()


async def test_key_and_sas_of_the_account_are_taken(
    azurite: dict[str, str], store: BlobStore, container: ContainerClient, fresh_name: str
) -> None:
    """An account URL goes with a key, or with a SAS token given beside it or within it."""
    from datetime import UTC, datetime, timedelta

    from azure.core.credentials import AzureNamedKeyCredential
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    sas = generate_container_sas(
        "devstoreaccount1", fresh_name, account_key=KEY,
        permission=ContainerSasPermissions(read=True, write=True, list=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    url = azurite["blob"]
    named = AzureNamedKeyCredential("devstoreaccount1", KEY)
    ways = ((url, sas), (url, named), (f"{url}?{sas}", None))
    for number, (account_url, credential) in enumerate(ways):
        given = {} if credential is None else {"credential": credential}
        async with BlobStore(fresh_name, account_url=account_url, **given) as one:
            await one.save(f"way/{number}", b"one", expect=None)
            assert "sig=" not in repr(one)


def test_every_loop_gets_its_own_connections(azurite: dict[str, str], fresh_name: str) -> None:
    """A store outlives the loop that it was first used on."""
    store = BlobStore(fresh_name, connection_string=connection_string(azurite["blob"]))

    async def visit(key: str) -> None:
        await store.save(key, b"one", expect=None)
        await store.close()

    asyncio.run(make_container(azurite["blob"], fresh_name))
    asyncio.run(visit("a/1"))
    asyncio.run(visit("a/2"))


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_room_loads_no_sdk() -> None:
    """Importing the room, and making a store, loads neither the SDK nor aiohttp."""
    program = (
        "import sys; from xorca.providers.azure import BlobStore, BlobLease;"
        f"s = BlobStore('orders', connection_string='{TEXT}'); BlobLease(s);"
        "print([n for n in sys.modules if n.split('.')[0] in ('azure', 'aiohttp')])"
    )

    assert run(program) == "[]"


@pytest.mark.parametrize(
    ("missing", "options", "sentence"),
    [
        ("azure.storage.blob", f"connection_string='{TEXT}'", "pip install 'xorca[azure]'"),
        ("azure.identity", "account_url='https://x.y'", "pip install 'xorca[azure-identity]'"),
    ],
)
def test_missing_package_is_named(missing: str, options: str, sentence: str) -> None:
    """Without the SDK, or the package for identities, the first use says the pip line."""
    program = (
        f"import sys, asyncio; sys.modules[{missing!r}] = None\n"
        f"sys.modules[{missing + '.aio'!r}] = None\n"
        "from xorca.errors import MissingExtra; from xorca.providers.azure import BlobStore\n"
        f"try: asyncio.run(BlobStore('orders', {options}).load('a'))\n"
        "except MissingExtra as exc: print(exc)"
    )

    assert sentence in run(program)
