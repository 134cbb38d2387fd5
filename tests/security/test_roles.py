"""A function's role does what its context needs and nothing else; tried with the roles' own credentials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from leanda.messaging.letters import Letter
from tests.cloud import Cloud, Person

pytestmark = pytest.mark.integration

DENIED = {"AccessDenied", "AccessDeniedException", "403", "AuthorizationError", "UnauthorizedOperation"}


@pytest.fixture(scope="module")
def names(cloud: Cloud, ada: Person) -> dict[str, str]:
    """Things that exist, so that nothing but the role is a reason to refuse."""
    file_id = ada.upload("roles.smi", b"CCO ethanol\n")
    ada.searchable(file_id)
    artefacts = cloud.environment("processor-on-record-events")["ARTEFACTS_BUCKET"]
    artefact = cloud.aws.client("s3").list_objects_v2(Bucket=artefacts, Prefix=file_id)["Contents"][0]["Key"]
    return {
        "originals": cloud.outputs["inboxBucket"],
        "original": f"uploads/{file_id}",
        "artefacts": artefacts,
        "artefact": artefact,
        "failures": cloud.outputs["failuresBucket"],
        "queue": cloud.environment("files-on-file-events")["DEAD_LETTER_QUEUE_URL"],
        "other queue": cloud.environment("search-on-file-events")["DEAD_LETTER_QUEUE_URL"],
        "secret": cloud.environment("files-api")["CURSOR_SECRET"],
        "other secret": cloud.environment("search-api")["CURSOR_SECRET"],
        "inbox role": cloud.environment("blobs-api")["INBOX_ROLE_ARN"],
        "other role": cloud.configuration("blobs-api")["Role"],
        "function": cloud.full_name("files-api"),
        "pool": cloud.outputs["userPoolId"],
    }


Names = dict[str, str]
Call = Callable[[Any, Names], Any]


def _get(bucket: str, key: str) -> Call:
    return lambda s3, n: s3.get_object(Bucket=n[bucket], Key=n[key])


def _put(bucket: str, key: str) -> Call:
    return lambda s3, n: s3.put_object(Bucket=n[bucket], Key=key, Body=b"x")


def _list(bucket: str) -> Call:
    return lambda s3, n: s3.list_objects_v2(Bucket=n[bucket])


def _send(queue: str) -> Call:
    letter = Letter(
        consumer="files-on-file-events",
        envelope="poison: a test of roles",
        encoding="utf-8",
        code="TEST",
        message="A test of roles.",
        detail=None,
        stack="",
        attempts=1,
        topic="file-events",
        partition=0,
        offset=10**15,
        key=None,
        at=datetime.now(UTC),
    )
    return lambda sqs, n: sqs.send_message(QueueUrl=n[queue], MessageBody=letter.body())


def _secret(secret: str) -> Call:
    return lambda manager, n: manager.get_secret_value(SecretId=n[secret])


def _assume(role: str) -> Call:
    return lambda sts, n: sts.assume_role(RoleArn=n[role], RoleSessionName="tests")


def _invoke(lambda_: Any, n: Names) -> Any:
    return lambda_.invoke(FunctionName=n["function"], Payload=b"{}")


def _list_users(cognito: Any, n: Names) -> Any:
    return cognito.list_users(UserPoolId=n["pool"])


ALLOWED: list[tuple[str, str, str, Call]] = [
    ("parsers-chemical-on-file-events", "reads artefacts", "s3", _get("artefacts", "artefact")),
    ("blobs-on-s3-upload", "reads originals", "s3", _get("originals", "original")),
    ("files-on-file-events", "writes its own letters", "sqs", _send("queue")),
    ("files-api", "reads its own secret", "secretsmanager", _secret("secret")),
    ("blobs-api", "takes the inbox role", "sts", _assume("inbox role")),
]
REFUSED: list[tuple[str, str, str, Call]] = [
    ("search-api", "reads originals", "s3", _get("originals", "original")),
    ("search-api", "reads artefacts", "s3", _get("artefacts", "artefact")),
    ("search-api", "writes originals", "s3", _put("originals", "uploads/forged")),
    ("search-api", "reads another's secret", "secretsmanager", _secret("secret")),
    ("search-api", "calls functions", "lambda", _invoke),
    ("search-on-record-events", "writes artefacts", "s3", _put("artefacts", "forged")),
    ("files-api", "reads originals", "s3", _get("originals", "original")),
    ("files-api", "lists originals", "s3", _list("originals")),
    ("files-api", "reads another's secret", "secretsmanager", _secret("other secret")),
    ("files-api", "takes the inbox role", "sts", _assume("inbox role")),
    ("files-api", "takes another's role", "sts", _assume("other role")),
    ("files-on-file-events", "writes another's letters", "sqs", _send("other queue")),
    ("files-on-record-events", "reads originals", "s3", _get("originals", "original")),
    ("parsers-chemical-on-file-events", "reads originals", "s3", _get("originals", "original")),
    ("parsers-chemical-on-file-events", "lists originals", "s3", _list("originals")),
    ("parsers-chemical-on-file-events", "reads a secret", "secretsmanager", _secret("secret")),
    ("parsers-tabular-on-parser-tasks", "reads originals", "s3", _get("originals", "original")),
    ("parsers-generic-on-file-events", "takes another's role", "sts", _assume("other role")),
    ("processor-on-record-events", "reads originals", "s3", _get("originals", "original")),
    ("processor-on-record-events", "writes failures", "s3", _put("failures", "forged")),
    ("blobs-internal-api", "writes to inboxes", "s3", _put("originals", "inbox/forged")),
    ("blobs-internal-api", "reads artefacts", "s3", _get("artefacts", "artefact")),
    ("blobs-on-s3-upload", "writes originals", "s3", _put("originals", "uploads/forged")),
    ("blobs-api", "takes another's role", "sts", _assume("other role")),
    ("users-api", "lists the pool's users", "cognito-idp", _list_users),
    ("users-api", "reads originals", "s3", _get("originals", "original")),
]


@pytest.mark.parametrize(
    ("function", "does", "service", "call"), ALLOWED, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_role_does_what_its_function_is_for(
    function: str, does: str, service: str, call: Call, cloud: Cloud, names: Names
) -> None:
    call(cloud.client_of(cloud.as_role_of(function), service), names)


@pytest.mark.parametrize(
    ("function", "does", "service", "call"), REFUSED, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_role_is_refused_what_its_function_is_not_for(
    function: str, does: str, service: str, call: Call, cloud: Cloud, names: Names
) -> None:
    client = cloud.client_of(cloud.as_role_of(function), service)
    with pytest.raises(ClientError) as refused:
        call(client, names)
    assert refused.value.response["Error"]["Code"] in DENIED


def test_no_function_carries_the_root_keys(cloud: Cloud) -> None:
    for full in cloud.outputs["functions"]:
        variables = cloud.environment(full.removeprefix(cloud.full_name("")))
        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & variables.keys()
        assert "test" not in variables.values()
