"""``ecrguard release``, ``restore`` and ``history`` on AWS as it answers: a stack, its table, a repository."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from localaws.process import ACCOUNT, REGION

from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.adapters.ecr_editor import EcrEditor
from ecrguard.adapters.ledger_table import LedgerTable
from ecrguard.cli.main import main
from ecrguard.domain.ledger import Act, Good, Told
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.reference import Registry
from ecrguard.subjects import tag_subject
from localaws import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.process import LocalAws
    from tests.localaws.conftest import Repository

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def stack(client: Callable[[str], Any], aws: LocalAws, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a stack: its outputs, the environment of its push function, its table."""
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("push.py", "def handler(event, context): pass\n")
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/push",
        Handler="push.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={
            "Variables": {
                "ALERTS_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
                "REPOSITORY_PATTERN": "*",
                "INVENTORY_TABLE": name,
                "LINKED_WORKLOADS": "ecs",
                "RECONCILE_MINUTES": "60",
                "ENFORCEMENT": "quarantine",
                "ENFORCEMENT_PATTERN": "*",
                "DESTRUCTIVE_ACTS_PER_HOUR": "20",
                "HISTORY_DAYS": "90",
                "POWERTOOLS_SERVICE_NAME": name,
                "POLICY_APPLICATION_ID": "abc1234",
                "POLICY_ENVIRONMENT_ID": "env1234",
                "POLICY_PROFILE_ID": "pro1234",
            }
        },
    )
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"PushFunctionName": {"Value": name}},
    }
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    for variable, value in {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(variable, value)
    return name


@pytest.fixture
def world(client: Callable[[str], Any], repository: Repository, stack: str) -> tuple[str, str]:
    """A good image that has its tag back, and the quarantined one; their digests."""
    good, bad = images.image("linux/amd64", label=stack), images.image("linux/arm64", label=stack)
    repository.door.push(good, "latest")
    repository.door.push(bad, "pushed")
    registry = Registry(ACCOUNT, REGION)
    store = EcrImages(lambda: client("ecr"), Blobs(), registry, "aws")
    editor = EcrEditor(lambda: client("ecr"), registry, lambda: None)
    manifest = store.manifests(repository.name, [bad.digest])[bad.digest]
    editor.put_tag(repository.name, manifest, marker_tag(bad.digest))  # type: ignore[arg-type]  # it is there
    editor.remove_last_tag(repository.name, "pushed")
    ledger = LedgerTable(lambda: client("dynamodb"), stack, timedelta(days=90), 20)
    ledger.passed(repository.name, "latest", Good(good.digest, NOW - timedelta(days=1)))
    held = ledger.hold(repository.name, tag_subject("latest"), "function", NOW, NOW + timedelta(minutes=1))
    told = Told("alert-1", "event-1", bad.digest, "state", NOW)
    ledger.settle(held, told=(told,), open_=True, act=Act("event-1", bad.digest, good.digest, NOW, NOW))
    return good.digest, bad.digest


def tags(client: Callable[[str], Any], repository: str) -> dict[str, str]:
    described = client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    return {tag: each["imageDigest"] for each in described for tag in each.get("imageTags", [])}


def test_an_image_is_released_and_its_tag_restored_and_its_history_told(
    client: Callable[[str], Any],
    repository: Repository,
    stack: str,
    world: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    good, bad = world
    tag = f"{repository.name}:latest"

    assert main(["release", f"{tag}@{bad}", "--why", "runs under emulation", "--stack", stack]) == 0
    assert tags(client, repository.name) == {"latest": bad}
    assert main(["release", f"{tag}@{bad}", "--why", "again", "--stack", stack]) == 0

    assert main(["restore", tag, "--why", "the site is down", "--stack", stack]) == 0
    assert tags(client, repository.name) == {"latest": good}

    capsys.readouterr()
    assert main(["history", tag, "--stack", stack]) == 0
    lines = capsys.readouterr().out.split("\n\n")[1].splitlines()[1:]
    assert [line.split()[2] for line in lines] == ["restored", "released"]
    assert ["the site is down" in lines[0], "runs under emulation" in lines[1]] == [True, True]
    assert all("by arn:aws:" in line for line in lines)
