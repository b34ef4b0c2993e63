"""What is wrong is said in one sentence with its cure, and no event is lost by it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.aws.grounds import GROUNDS, make_bucket
from tests.aws.race_words import Count, start_event
from tests.emulators.aws_answers import json_fault, s3_fault
from tests.emulators.proxy import Fault, FaultProxy
from tests.emulators.serving import free_port
from xorca import Runtime
from xorca.errors import ConfigurationError, MissingExtra, RecordTooLarge, Unavailable
from xorca.ports import Query, Store
from xorca.providers.aws import AwsClients, AwsRefused, DynamoDBStore, S3Store, clients
from xorca.providers.aws.dynamodb_items import LIMIT
from xorca.runtime import Outcome

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as found:
        yield found


async def outcome_with(store: Store) -> Outcome:
    """Start a process on a store."""
    (outcome,) = await Runtime([Count], store=store).handle(start_event())
    return outcome


def assert_retried(outcome: Outcome, *fragments: str) -> None:
    """The event will come again, and one sentence says why."""
    assert outcome.status == "retry"
    text = str(outcome.error)
    assert "\n" not in text
    for fragment in fragments:
        assert fragment in text


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.parametrize("make", [S3Store, DynamoDBStore])
async def test_no_credentials(make: Any, moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the cure is a role, two variables or a profile."""
    without_credentials(monkeypatch)
    async with make("orders", endpoint=moto) as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "no credentials were found", "give the function a role")


async def test_credentials_are_looked_for_again(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that was not known yet is found by the next event."""
    bucket = await GROUNDS.bucket(moto)
    async with S3Store(bucket, prefix="later", endpoint=moto) as store:
        with monkeypatch.context() as patch:
            without_credentials(patch)
            assert (await outcome_with(store)).status == "retry"

        assert (await outcome_with(store)).status == "applied"


@pytest.mark.parametrize("make", [S3Store, DynamoDBStore])
async def test_no_region(make: Any, moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region the cure is to name one."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    async with make("orders", endpoint=moto) as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "no region is known", "region='eu-central-1'", "AWS_DEFAULT_REGION")


@pytest.mark.parametrize("make", [S3Store, DynamoDBStore])
async def test_unknown_profile(make: Any, moto: str) -> None:
    """A profile that no file holds is named."""
    async with make("orders", endpoint=moto, profile="nobody") as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "nobody")


async def test_missing_bucket(moto: str) -> None:
    """A bucket that is not there is named."""
    async with S3Store("no-such-bucket-here", endpoint=moto) as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "the bucket 'no-such-bucket-here' does not exist", "create it")


@pytest.mark.parametrize("emulator", ["moto", "dynalite"])
async def test_missing_table(emulator: str, request: pytest.FixtureRequest) -> None:
    """A table that is not there is named."""
    endpoint = request.getfixturevalue(emulator)
    async with DynamoDBStore("no-such-table", endpoint=endpoint) as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "the table 'no-such-table' does not exist", "create it")


@pytest.mark.parametrize("emulator", ["moto", "dynalite"])
async def test_table_with_other_keys(
    emulator: str, fresh_name: str, request: pytest.FixtureRequest
) -> None:
    """A table that was made for something else is told from ours."""
    endpoint = request.getfixturevalue(emulator)
    shared = AwsClients(endpoint=endpoint)
    dynamodb: Any = await shared.client("dynamodb")
    await dynamodb.create_table(
        TableName=fresh_name,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    async with DynamoDBStore(fresh_name, clients=shared) as store:
        outcome = await outcome_with(store)
        with pytest.raises(AwsRefused, match="partition key 'shard' and the sort key 'key'"):
            await store.load("a/b")
    await shared.close()

    assert_retried(outcome, "partition key 'shard'")


ANSWERS = [
    (403, "AccessDenied", "AccessDeniedException", ["access is denied; allow Put", "on it"]),
    (400, "ExpiredToken", "ExpiredTokenException", ["the credentials have expired; renew them"]),
    (403, "InvalidAccessKeyId", "UnrecognizedClientException", ["does not know these credentials"]),
    (403, "SignatureDoesNotMatch", "InvalidSignatureException", ["look at the access key"]),
    (400, "InvalidRequest", "ValidationException", ["refuses Put", "its settings"]),
]


@pytest.mark.parametrize(("status", "code", "_", "fragments"), ANSWERS)
async def test_refusals_of_s3(
    proxy: FaultProxy, status: int, code: str, _: str, fragments: list[str]
) -> None:
    """What S3 refuses for good is asked for once, and the event comes again."""
    proxy.seed(1, 1.0, s3_fault(status, code, text="because"))
    async with S3Store("orders", endpoint=proxy.url) as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "the bucket 'orders'", *fragments, f"({code}: because)")
    assert proxy.count() == 1


@pytest.mark.parametrize(("_", "__", "code", "fragments"), ANSWERS)
async def test_refusals_of_dynamodb(
    proxy: FaultProxy, _: int, __: str, code: str, fragments: list[str]
) -> None:
    """What DynamoDB refuses for good is asked for once, and the event comes again."""
    proxy.seed(1, 1.0, json_fault(400, code, text="because"))
    async with DynamoDBStore("orders", endpoint=proxy.url) as store:
        outcome = await outcome_with(store)

    assert_retried(outcome, "the table 'orders'", *fragments, f"({code}: because)")
    assert proxy.count() == 1


async def test_denied_read_tells_of_listing(proxy: FaultProxy) -> None:
    """S3 denies what is not there to whoever may not list; the sentence says so."""
    proxy.plan(s3_fault(403, "AccessDenied"))
    async with S3Store("orders", endpoint=proxy.url) as store:
        with pytest.raises(AwsRefused, match="without s3:ListBucket"):
            await store.load("a/b")


async def test_bucket_in_another_region(proxy: FaultProxy) -> None:
    """A bucket of another region is told with that region."""
    elsewhere = Fault.answer(
        301,
        b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>",
        {"x-amz-bucket-region": "us-west-2"},
    )
    proxy.seed(1, 1.0, elsewhere)
    async with S3Store("orders", endpoint=proxy.url) as store:
        with pytest.raises(AwsRefused, match="give region='us-west-2'"):
            await store.load("a/b")


@pytest.mark.parametrize("make", [S3Store, DynamoDBStore])
async def test_wrong_endpoint(make: Any) -> None:
    """An endpoint at which nobody listens is Unavailable, and said to be looked at."""
    async with make("orders", endpoint=f"http://127.0.0.1:{free_port()}") as store:
        with pytest.raises(Unavailable, match="cannot be reached; look at the endpoint"):
            await store.load("a/b")


@pytest.mark.parametrize("make", [S3Store, DynamoDBStore])
@pytest.mark.parametrize("fault", [Fault.lost_answer(), Fault.half_answer(), Fault.lost_request()])
async def test_lost_connection(make: Any, proxy: FaultProxy, fault: Fault) -> None:
    """A connection that was lost is told from one that never was: the outcome is unknown."""
    proxy.seed(1, 1.0, fault)
    async with make("orders", endpoint=proxy.url) as store:
        with pytest.raises(Unavailable, match="gave no answer, so that what became of"):
            await store.save("a/b", b"one", expect=None)

    assert proxy.count() == 1


@pytest.mark.parametrize("make", [S3Store, DynamoDBStore])
async def test_endpoint_that_is_no_aws(make: Any, proxy: FaultProxy) -> None:
    """A friendly page in place of an answer is neither a record, nor its absence, nor a save."""
    proxy.seed(1, 1.0, Fault.answer(200, b"<html>welcome</html>", {"content-type": "text/html"}))
    async with make("orders", endpoint=proxy.url) as store:
        for asked in (
            store.load("a/b"),
            store.save("a/b", b"one", expect=None),
            store.list(Query()),
        ):
            with pytest.raises(Unavailable, match="'orders' answered what AWS never says"):
                await asked


async def test_item_above_the_limit(dynalite: str) -> None:
    """A record above the limit of a table goes the Runtime's own way: it is refused before."""
    async with DynamoDBStore("orders", endpoint=dynalite) as store:
        with pytest.raises(RecordTooLarge, match=f"this store takes {LIMIT}"):
            await store.save("a/b", bytes(LIMIT + 1), expect=None)


async def test_event_that_outgrows_the_record_is_a_dead_letter(moto: str, fresh_name: str) -> None:
    """What does not fit into any record is a dead letter, not an endless retry."""
    table = await GROUNDS.table(moto)
    async with DynamoDBStore(table, prefix=fresh_name, endpoint=moto) as store:
        event = start_event()
        large = type(event)(
            id=event.id,
            source=event.source,
            type=event.type,
            data=b'{"token":"%s"}' % (b"x" * 400_000),
            extensions={"processid": "hot"},
        )
        (outcome,) = await Runtime([Count], store=store).handle(large)

    assert (outcome.status, outcome.reason) == ("dead", "record-too-large")


def test_options_are_checked() -> None:
    """Options that no client has, and halves of pairs, are refused at once."""
    with pytest.raises(ConfigurationError, match="'regoin' is no option of AWS; known are region"):
        S3Store("orders", regoin="x")  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="belong together"):
        S3Store("orders", access_key_id="x")
    with pytest.raises(ConfigurationError, match="options belong to the clients"):
        S3Store("orders", clients=AwsClients(), region="eu-central-1")


@pytest.mark.parametrize(
    "make",
    [
        lambda: S3Store("x"),
        lambda: S3Store("orders--use1-az4--x-s3"),
        lambda: S3Store("orders", prefix="a/../b"),
        lambda: S3Store("orders", prefix="p" * 800),
        lambda: S3Store("orders", prefix="~marks"),
        lambda: DynamoDBStore("a b"),
        lambda: DynamoDBStore("orders", prefix="\n"),
    ],
)
def test_places_are_checked(make: Any) -> None:
    """Names and prefixes that no service takes are refused before anything is asked."""
    with pytest.raises(ConfigurationError):
        make()


def test_missing_sdk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error gives the line that installs it."""
    monkeypatch.delitem(sys.modules, "xorca.providers.aws.opening", raising=False)
    monkeypatch.setitem(sys.modules, "aiobotocore.config", None)
    monkeypatch.setitem(sys.modules, "aiobotocore", None)

    with pytest.raises(MissingExtra, match=r"pip install 'xorca\[aws\]'"):
        clients._load_sdk()


async def test_made_bucket_serves(moto: str, fresh_name: str) -> None:
    """The same store works as soon as what was missing is there."""
    async with S3Store(fresh_name, endpoint=moto) as store:
        assert (await outcome_with(store)).status == "retry"
        await make_bucket(moto, fresh_name)

        assert (await outcome_with(store)).status == "applied"
