"""The example on Azure: what is deployed is what runs, and has what it needs and no more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient

from examples.book_summary.azure.package import package, requirements
from tests.azure.bicep import Grant, Template

ROOT = Path(__file__).parents[2]
AZURE = ROOT / "examples" / "book_summary" / "azure"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
OF_THE_HOST = ("AzureWebJobsStorage", "APPLICATIONINSIGHTS_", "ServiceBus__", "PYTHON_")


@pytest.fixture(scope="module")
def template() -> Template:
    return Template(AZURE / "main.bicep")


# -- the template -------------------------------------------------------------------------


def test_everybody_may_do_what_they_must_and_no_more(template: Template) -> None:
    """Each role is on the one thing that it is for; only the host's own account is whole."""
    assert template.grants() == {
        Grant("blobDataContributor", "state", "app"),
        Grant("blobDataContributor", "deadLetters", "topic"),
        Grant("blobDataOwner", "hostAccount", "app"),
        Grant("eventGridDataSender", "topic", "app"),
        Grant("serviceBusDataReceiver", "queue", "app"),
        Grant("serviceBusDataSender", "queue", "app"),
    }


def test_there_is_no_secret(template: Template) -> None:
    """Keys are switched off where they can be, and none stands in a setting."""
    accounts = template.of_type("Microsoft.Storage/storageAccounts")

    assert len(accounts) == 2
    assert not any(template.properties(each)["allowSharedKeyAccess"] for each in accounts)
    assert not any(template.properties(each)["allowBlobPublicAccess"] for each in accounts)
    assert template.properties("topic")["disableLocalAuth"] is True
    assert template.properties("serviceBus")["disableLocalAuth"] is True
    assert not re.search(r"listKeys|AccountKey|SharedAccessKey", template.text)


def test_starts_come_in_order_and_once(template: Template) -> None:
    """The queue has sessions and finds duplicates, and gives a message many chances."""
    queue = template.properties("queue")

    assert (queue["requiresSession"], queue["requiresDuplicateDetection"]) == (True, True)
    assert queue["maxDeliveryCount"] >= 20


def test_what_event_grid_cannot_deliver_is_kept(template: Template) -> None:
    """Every subscription has a dead letter container that its topic may write to."""
    kept = template.value(template.config("deadLetters")["name"])

    for each in template.subscriptions():
        letters = each.properties["deadLetterWithResourceIdentity"]
        where = letters["deadLetterDestination"]["properties"]["blobContainerName"]
        assert template.value(where) == kept
        assert each.properties["eventDeliverySchema"] == "CloudEventSchemaV1_0"
    assert template.properties("topic")["inputSchema"] == "CloudEventSchemaV1_0"
    assert template.config("topic")["identity"] == {"type": "SystemAssigned"}


def test_logs_are_not_kept_for_ever(template: Template) -> None:
    """Their time is a parameter, thirty days unless said otherwise."""
    assert template.properties("logs")["retentionInDays"] == "retentionInDays"
    assert template.parameters["retentionInDays"]["default"] == 30


def test_names_of_accounts_are_not_too_long(template: Template) -> None:
    """A storage account has at most 24 characters: prefix, a letter, and 13 of the suffix."""
    decorators = template.parameters["prefix"]["decorators"]
    longest = next(each["argument"] for each in decorators if each["type"] == "max_length")

    assert longest + len("h") + 13 <= 24


def test_the_app_runs_on_flex_consumption(template: Template) -> None:
    """With a version of Python that xorca takes, and its package in the host's container."""
    found = template.properties("app")["functionAppConfig"]

    assert template.config("plan")["sku"] == {"tier": "FlexConsumption", "name": "FC1"}
    assert found["runtime"]["name"] == "python"
    assert tuple(map(int, found["runtime"]["version"].split("."))) >= (3, 11)
    assert found["deployment"]["storage"]["value"].endswith("${packageContainer}")


def test_every_setting_is_read_and_every_one_that_is_read_is_set(template: Template) -> None:
    """The app asks for nothing that the template forgot, and the other way round."""
    code = (AZURE / "function_app.py").read_text("utf-8")
    asked = set(re.findall(r'os\.environ(?:\.get\(|\[)"(\w+)"', code))
    said = set(template.properties("settings"))

    only_here = asked - said
    assert only_here == {
        "BOOKS_TOPIC_KEY",
        "AZURE_STORAGE_CONNECTION_STRING",
    }  # of one's own machine
    assert all(name.startswith(OF_THE_HOST) for name in said - asked)


def test_the_settings_point_at_what_is_made(template: Template) -> None:
    """The store, the queues and the topic of the settings are those of the template."""
    said = template.properties("settings")
    state, account = template.value("stateContainer"), "${stateAccount.name}"

    assert said["BOOKS_SERVICE_BUS"] == said["ServiceBus__fullyQualifiedNamespace"]
    assert template.text_of(said["BOOKS_STORE"]) == f"az://{state}/records?account={account}"
    assert template.value(said["BOOKS_QUEUE"]) == template.value(template.config("queue")["name"])


# -- the app ------------------------------------------------------------------------------


def run(code: str, **environment: str) -> Any:
    """Run code in a process of its own; its last line of output is JSON."""
    settings = {"BOOKS_STORE": "memory:", "BOOKS_QUEUE": "events"}
    topic = {"BOOKS_TOPIC": "https://t.example.net/api/events"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **settings, **topic, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


INDEX = f"""
import json, sys
from pathlib import Path
from tests.azure.host import hosted
with hosted(Path({str(AZURE / "function_app.py")!r})) as host:
    print(json.dumps({{name: each.trigger for name, each in host.functions.items()}}))
"""


def test_the_functions_are_those_that_the_template_delivers_to(template: Template) -> None:
    """Names, queues and routes meet; every command of a service has its subscription."""
    found = run(INDEX, BOOKS_SERVICE_BUS="b.servicebus.windows.net")

    heard = {name for name, each in found.items() if each["type"] == "eventGridTrigger"}
    assert {each.function for each in template.subscriptions()} == heard
    queue = found["books_summary_service_bus"]
    assert (queue["queueName"], queue["isSessionsEnabled"]) == ("events", True)
    assert found["books_summary_http"]["route"].startswith("books/")
    assert "/api/books" in template.text


def test_the_orchestrator_hears_all_that_it_must(template: Template) -> None:
    """Each answer, each failure and the start pass a filter; a command of another does not."""
    (ours,) = [each for each in template.subscriptions() if "summary_" in each.function]

    heard = ["evt.books.fetch.success", "evt.summary.create.error", "evt.grammar.check.timeout"]
    assert all(map(ours.wants, [*heard, "xorca.books.summary.start"]))
    assert not any(map(ours.wants, ["cmd.books.fetch", "notif.books.summarised"]))


async def test_books_are_summarised_on_emulators(
    azurite: dict[str, str], fresh_name: str, tmp_path: Path
) -> None:
    """The zip that is deployed runs: state in blobs, deadlines in a queue, each event twice.

    Event Grid is played by the filters of the template; what it does besides is not exercised.
    """
    package(tmp_path / "app.zip")
    with ZipFile(tmp_path / "app.zip") as zipped:
        zipped.extractall(tmp_path / "site")
    storage = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};"
        f"BlobEndpoint={azurite['blob']};QueueEndpoint={azurite['queue']};"
    )
    async with BlobServiceClient.from_connection_string(storage) as blobs:
        await blobs.create_container(fresh_name)
    async with QueueClient.from_connection_string(storage, fresh_name) as queue:
        await queue.create_queue()
    site = tmp_path / "site"

    found = run(
        "import sys; import tests.azure.host;"  # of the project, before the site comes first
        f"sys.path.insert(0, {str(site)!r});"
        "import runpy; sys.argv = ['x', *sys.argv[1:]];"
        "from pathlib import Path; import asyncio, json;"
        "from tests.azure.books_on_functions import run;"
        f"bicep = Path({str(AZURE / 'main.bicep')!r});"
        f"app = Path({str(site / 'function_app.py')!r});"
        "print(json.dumps(asyncio.run(run(app, bicep))))",
        BOOKS_STORE=f"az://{fresh_name}/records",
        BOOKS_QUEUE=fresh_name,
        AZURE_STORAGE_CONNECTION_STRING=storage,
    )

    ended = {subject.rpartition("/")[2]: state for subject, state in found["states"].items()}
    assert ended == {
        "lists": ["ended", "finish"],
        "while": ["ended", "finish"],
        "no-such-book": ["ended", "fail"],
    }
    assert set(found["told"]) == {"notif.books.summarised", "notif.books.failed"}
    assert found["where"].startswith(str(site))
    assert set(found["calls"]) == {
        each.function for each in Template(AZURE / "main.bicep").subscriptions()
    }


# -- what is deployed -----------------------------------------------------------------------


def test_the_zip_holds_what_the_app_imports(tmp_path: Path) -> None:
    """The orchestrator itself is in it, byte for byte, and nothing of the demo."""
    names = package(tmp_path / "app.zip")

    with ZipFile(tmp_path / "app.zip") as zipped:
        inside = zipped.read("examples/book_summary/orchestrator.py")
    assert inside == (AZURE.parent / "orchestrator.py").read_bytes()
    assert {"function_app.py", "host.json", "requirements.txt"} <= set(names)
    assert not any("demo" in name or "proof" in name for name in names)


def test_a_wheel_may_go_with_it(tmp_path: Path) -> None:
    """A version that is in no index is installed from the zip, with its extras."""
    wheel = tmp_path / "xorca-9.9.9-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")

    names = package(tmp_path / "app.zip", [wheel])

    assert f"wheels/{wheel.name}" in names
    assert f"./wheels/{wheel.name}[azure," in requirements([wheel])
    assert "xorca[azure" not in requirements([wheel])


def test_the_requirements_are_those_of_the_rooms() -> None:
    """Every extra that is asked for is one of ours, and CloudEvents are read whole."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = requirements([])
    extras = re.search(r"xorca\[([^]]+)\]", text)

    assert extras is not None
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])
    assert "azure-functions>=1.25" in text


def test_the_host_gives_failed_messages_time() -> None:
    """A queue message that failed does not come again at once, and not only once."""
    host = json.loads((AZURE / "host.json").read_text("utf-8"))

    queues = host["extensions"]["queues"]
    assert queues["messageEncoding"] == "base64"
    assert queues["visibilityTimeout"] >= "00:00:10"
    assert queues["maxDequeueCount"] >= 10
    assert host["extensions"]["serviceBus"]["autoCompleteMessages"] is True
    assert host["extensionBundle"]["version"].startswith("[4.")
