"""What deploys the example: template, Terraform, zip and image."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import hcl2
import pytest
from aiobotocore.session import AioSession

from examples.book_summary.aws.package import SERVICES, files_of, is_needed, main, package
from tests.aws import shapes
from tests.aws.deployed import HERE, ROOT, Deployment, actions, properties, statements, template
from tests.aws.installed import install
from tests.aws.runtime_api import Answer, RuntimeApi
from tests.examples.dockerfile import stages_of

FUNCTIONS = ("ProcessesFunction", "ServicesFunction", "WebFunction")

# -- the template -------------------------------------------------------------------------


def test_the_template_is_sound() -> None:
    """cfn-lint has nothing to say."""
    lint = Path(sys.executable).with_name("cfn-lint")

    done = subprocess.run(
        [lint, HERE / "template.yaml"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_the_bucket_takes_conditional_writes_only() -> None:
    """Deny where neither header is there; both must be missing for both to hold."""
    (denied,) = [
        each for each in statements("RecordsPolicy") if each.get("Action") == "s3:PutObject"
    ]

    assert (denied["Effect"], denied["Principal"]) == ("Deny", "*")
    assert denied["Condition"] == {"Null": {"s3:if-match": "true", "s3:if-none-match": "true"}}
    assert denied["NotResource"] == {"Fn::Sub": "${Records.Arn}/processes/~marks/*"}


@pytest.mark.parametrize("name", ["ProcessesRole", "ServicesRole", "WakesRole", "SweepRole"])
def test_a_role_allows_no_more_than_it_names(name: str) -> None:
    """No wildcards, neither of actions nor of all resources."""
    allowed = statements(name)

    assert allowed
    assert not [each for each in allowed if each["Resource"] == "*"]
    assert not [action for action in actions(name) if "*" in action]


@pytest.mark.parametrize(
    ("source", "queue"), [("ProcessesSource", "Events"), ("ServicesSource", "Commands")]
)
def test_a_queue_fits_its_function(source: str, queue: str) -> None:
    """What failed is reported, comes again after the function has ended, and is kept for good."""
    mapping, found = properties(source), properties(queue)
    function = properties(mapping["FunctionName"]["Ref"])
    letters = found["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert properties(letters)["MessageRetentionPeriod"] == 14 * 86_400


@pytest.mark.parametrize("queue", ["Events", "EventsLetters", "Commands", "CommandsLetters"])
def test_a_queue_has_a_policy_of_its_own(queue: str) -> None:
    """SQS refuses a statement that names more than one queue, and nothing would be deployed."""
    policy = properties(f"{queue}Policy")

    assert policy["Queues"] == [{"Ref": queue}]
    (allowed,) = statements(f"{queue}Policy")
    assert allowed["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_logs_for_a_while(name: str) -> None:
    """Not for ever."""
    log = properties(name)["LoggingConfig"]["LogGroup"]["Ref"]

    assert properties(log)["RetentionInDays"] == {"Ref": "LogDays"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_is_there(name: str) -> None:
    """The module is in the example, and has the name."""
    module, _, attribute = properties(name)["Handler"].rpartition(".")

    source = (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")

    assert f"{attribute} = " in source


# -- Terraform ----------------------------------------------------------------------------

TYPES = {
    "AWS::S3::Bucket": "aws_s3_bucket",
    "AWS::S3::BucketPolicy": "aws_s3_bucket_policy",
    "AWS::Events::EventBus": "aws_cloudwatch_event_bus",
    "AWS::Events::Rule": "aws_cloudwatch_event_rule",
    "AWS::SQS::Queue": "aws_sqs_queue",
    "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
    "AWS::Scheduler::ScheduleGroup": "aws_scheduler_schedule_group",
    "AWS::Scheduler::Schedule": "aws_scheduler_schedule",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
    "AWS::Lambda::Function": "aws_lambda_function",
    "AWS::Lambda::EventSourceMapping": "aws_lambda_event_source_mapping",
    "AWS::Lambda::Url": "aws_lambda_function_url",
}
PARTS = {
    "aws_s3_bucket_server_side_encryption_configuration": "aws_s3_bucket",
    "aws_s3_bucket_ownership_controls": "aws_s3_bucket",
    "aws_s3_bucket_public_access_block": "aws_s3_bucket",
    "aws_cloudwatch_event_target": "aws_cloudwatch_event_rule",
    "aws_iam_role_policy": "aws_iam_role",
}
"""What is a resource of its own there, and part of one in the template."""


def terraform() -> dict[tuple[str, str], dict[str, Any]]:
    """Give the resources of the Terraform module by type and name."""
    with (HERE / "main.tf").open(encoding="utf-8") as file:
        blocks = hcl2.load(file)["resource"]
    return {
        (kind.strip('"'), name.strip('"')): body
        for block in blocks
        for kind, named in block.items()
        for name, body in named.items()
    }


def snake(name: str) -> str:
    """Give ``EventsRule`` as ``events_rule``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_terraform_has_the_resources_of_the_template() -> None:
    """All of them, under the same names, and no others."""
    wanted = {(TYPES[each["Type"]], snake(name)) for name, each in template()["Resources"].items()}
    found = terraform()

    assert wanted <= found.keys()
    assert {(PARTS.get(kind, kind), name) for kind, name in found} == wanted


@pytest.mark.parametrize("name", ["ProcessesRole", "ServicesRole", "WakesRole", "SweepRole"])
def test_terraform_allows_the_same(name: str) -> None:
    """Action by action."""
    policy = terraform()["aws_iam_role_policy", snake(name)]["policy"]

    found = set(re.findall(r'"([a-z0-9]+:[A-Z]\w+)"', policy))

    assert found - {"iam:PassedToService"} == actions(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_terraform_makes_the_same_functions(name: str) -> None:
    """Handler, size, time and settings."""
    wanted, found = properties(name), terraform()["aws_lambda_function", snake(name)]
    whole = (HERE / "main.tf").read_text("utf-8")

    assert found["handler"].strip('"') == wanted["Handler"]
    assert found["runtime"].strip('"') == wanted["Runtime"]
    assert (found["memory_size"], found["timeout"]) == (wanted["MemorySize"], wanted["Timeout"])
    assert all(f"{each} " in whole for each in wanted["Environment"]["Variables"])


def test_terraform_forces_conditional_writes() -> None:
    """And hears the same events."""
    found = terraform()
    policy = found["aws_s3_bucket_policy", "records_policy"]["policy"]
    events = found["aws_cloudwatch_event_rule", "events_rule"]["event_pattern"]
    sources = [each for (kind, _), each in found.items() if kind.endswith("source_mapping")]

    assert '"s3:if-match" = "true"' in policy
    assert '"s3:if-none-match" = "true"' in policy
    assert 'prefix = "evt."' in events
    assert all(each["function_response_types"] == ['"ReportBatchItemFailures"'] for each in sources)


# -- the zip ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what pip would install."""
    folder = tmp_path_factory.mktemp("packages")
    return install(folder, *(HERE / "requirements.txt").read_text("utf-8").split())


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Path:
    """Give the zip."""
    target = tmp_path_factory.mktemp("zip") / "functions.zip"
    package(target, packages)
    return target


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give AWS's runtime client, which is in every base image."""
    return install(tmp_path_factory.mktemp("client"), "awslambdaric")


@pytest.fixture
async def environment(
    moto: str, fresh_name: str, aws_environment: None
) -> AsyncIterator[dict[str, str]]:
    """Make what the functions need, and give their environment."""
    session, region = AioSession(), "eu-central-1"
    async with (
        session.create_client("s3", region, endpoint_url=moto) as s3,
        session.create_client("sqs", region, endpoint_url=moto) as sqs,
        session.create_client("events", region, endpoint_url=moto) as events,
        session.create_client("scheduler", region, endpoint_url=moto) as scheduler,
    ):
        clients = {"s3": s3, "sqs": sqs, "events": events, "scheduler": scheduler}
        deployment = Deployment(clients, fresh_name)
        await deployment.make()
        found = deployment.environment("ProcessesFunction") | {"AWS_ENDPOINT_URL": moto}
        yield found | {"BOOKS_STORE": f"{found['BOOKS_STORE']}&endpoint={moto}"}


def invoked(root: Path, client: Path, handler: str, env: dict[str, str]) -> Answer:
    """Start a process in a function that has nothing but what is below a folder."""
    payload = shapes.sqs(shapes.event(type="xorca.books.summary.start", data={"book_id": "while"}))
    with RuntimeApi() as api:
        alone = env | {"PYTHONPATH": f"{root}:{client}"}
        with api.container(handler, alone, root=root, options=("-S",)) as container:
            answer = container.invoke(payload)
            log = container.log()
    assert answer.kind == "response", log
    return answer


def test_the_pruned_zip_is_all_that_a_function_needs(
    tmp_path: Path, zipped: Path, client: Path, environment: dict[str, str]
) -> None:
    """It starts a process over S3, EventBridge and Scheduler."""
    with ZipFile(zipped) as found:
        found.extractall(tmp_path)

    answer = invoked(tmp_path, client, properties("ProcessesFunction")["Handler"], environment)

    assert answer.value == {"batchItemFailures": []}


def test_pruning_takes_descriptions_of_other_services_only(packages: Path) -> None:
    """Which are the greater part of it."""
    whole, pruned = dict(files_of(packages, whole=True)), dict(files_of(packages, whole=False))

    gone = whole.keys() - pruned.keys()
    size, left = (sum(each.stat().st_size for each in found.values()) for found in (whole, pruned))
    assert gone
    assert pruned.keys() < whole.keys()
    assert all(each.startswith("botocore/data/") for each in gone)
    assert not [each for each in gone if each.split("/")[2] in SERVICES]
    assert left * 1.5 < size


def test_packaging_tells_the_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what was found in a folder, and the example itself."""
    (tmp_path / "packages").mkdir()
    target = tmp_path / "small.zip"

    code = main([str(target), "--from", str(tmp_path / "packages"), "--whole"])

    assert code == 0
    assert "examples/book_summary/aws/processes.py" in ZipFile(target).namelist()
    assert re.search(r"small\.zip: 0\.\d MB", capsys.readouterr().out)


def test_bytecode_is_added_where_that_is_asked_for(tmp_path: Path) -> None:
    """It counts whatever the time of its source is, for nobody knows that in a function."""
    folder, target = tmp_path / "packages", tmp_path / "small.zip"
    folder.mkdir()
    (folder / "parcels.py").write_text("weight = 7\n", "utf-8")
    cache = f"__pycache__/parcels.{sys.implementation.cache_tag}.pyc"

    main([str(target), "--from", str(folder), "--compile"])

    bytecode = ZipFile(target).read(cache)
    assert bytecode[4:8] == b"\x01\x00\x00\x00"  # by hash, and not checked (PEP 552)
    main([str(target), "--from", str(folder)])
    assert cache not in ZipFile(target).namelist()


def test_what_all_services_share_is_needed() -> None:
    """Endpoints and partitions lie beside the services."""
    assert is_needed(("botocore", "data", "endpoints.json"))
    assert is_needed(("botocore", "data", "s3", "2006-03-01", "service-2.json.gz"))
    assert not is_needed(("botocore", "data", "ec2", "2016-11-15", "service-2.json.gz"))


# -- the image ----------------------------------------------------------------------------


def test_the_image_holds_what_a_function_needs(
    tmp_path: Path, packages: Path, client: Path, environment: dict[str, str]
) -> None:
    """Its steps, played without Docker: what is copied and installed runs its command."""
    (stage,) = stages_of(HERE / "Dockerfile")
    root = tmp_path / "task"
    for each in stage.all("COPY"):
        source, target = each.text.split()
        _copy(ROOT / source, root / target)
    (install_step,) = stage.all("RUN")
    assert install_step.text.split()[:2] == ["pip", "install"]
    assert (root / install_step.text.split()[-1]).read_text("utf-8").split() == ["xorca[aws,http]"]
    (handler,) = stage.one("CMD").exec_form()

    answer = invoked(root, Path(f"{packages}:{client}"), handler, environment)

    assert answer.value == {"batchItemFailures": []}


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
