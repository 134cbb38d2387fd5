"""`events/lambda/<function>.json`: for each function the event that Lambda would hand to it, made from the golden samples.

They are for `leanda invoke FUNCTION events/lambda/FUNCTION.json` and `sam local invoke`. Shapes: AWS Lambda developer guide, pages
"Using Lambda with Amazon MSK", "Amazon SQS", "Application Load Balancer"; API Gateway developer guide, "Input format of a Lambda
function for proxy integration"; S3 user guide, "Event message structure"; Cognito developer guide, "Post confirmation Lambda
trigger"; CloudFormation user guide, "Custom resource request objects".
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from cdk.config import ENVIRONMENTS
from cdk.contexts import CONTEXTS
from cdk.contexts.table import (
    Api,
    Consumer,
    Context,
    Function,
    InternalApi,
    LetterCollector,
    LogConsumer,
    Package,
    QueueConsumer,
    Scheduled,
    Setup,
    Signup,
)  # fmt: skip
from leanda.contracts.envelope import Event
from leanda.contracts.events import BlobStored, RecordsParsed, UploadRequested, UserCreated
from leanda.contracts.registry import data_of
from leanda.contracts.topics import Topic
from leanda.messaging.letters import Letter
from leanda.parsing.signatures import ROWS
from local.poller.event import Record, encode_event
from local.poller.filters import compile_filters
from tools.generate.samples import sample, samples

_LOCAL: Final = ENVIRONMENTS["local"]
_REGION, _ACCOUNT = "us-east-1", "000000000000"
_CLUSTER: Final = f"arn:aws:kafka:{_REGION}:{_ACCOUNT}:cluster/leanda-local/00000000-0000-0000-0000-000000000000-s1"
_REQUEST: Final = "5a0c9e1d-2b3f-4c6d-8e7f-9a1b2c3d4e00"


class NoEvent(Exception):
    """A function for which no event can be made."""


def lambda_events() -> dict[str, dict[str, Any]]:
    """The event of each function, by the function's name without the environment.

    Raises:
        NoEvent: no golden sample passes a function's filter, or its trigger is of a new sort.
    """
    found = {}
    for context in CONTEXTS:
        for package, function in context.functions():
            name = _LOCAL.function(package.name, function.handler).removeprefix(f"{_LOCAL.prefix}-")
            found[name] = _event(context, package, function)
    return found


def _event(context: Context, package: Package, function: Function) -> dict[str, Any]:
    match function:
        case Consumer():
            return msk_event(function.topic, fitting(function))
        case LogConsumer():
            parts = [msk_event(topic, found) for topic in function.topics if (found := samples(topic.name))]
            return parts[0] | {
                "records": {name: records for part in parts for name, records in part["records"].items()}
            }
        case QueueConsumer():
            return _s3_in_sqs(function.queue)
        case LetterCollector():
            return _letter_in_sqs()
        case Api():
            return _API_REQUESTS[package.name]() if package.name in _API_REQUESTS else _first_read(context, package)
        case InternalApi():
            return _load_balancer_request(f"/api/v1/internal/{package.name}/health")
        case Scheduled():
            return _schedule(_LOCAL.function(package.name, function.handler))
        case Signup():
            return _post_confirmation()
        case Setup():
            return _custom_resource()
    raise NoEvent(
        f"tools/generate/lambda_events.py has no event for {context.name}.{function.handler}: {type(function).__name__}"
    )


# --- Kafka ------------------------------------------------------------------------------------------------------------


def fitting(consumer: Consumer) -> list[Event]:
    """The golden samples that pass a consumer's filter; where it asks for a kind or a chunk, changed to have it."""
    passes = compile_filters(json.dumps(pattern) for pattern in consumer.filters)
    found = []
    for event in samples(consumer.topic.name):
        for pattern in consumer.filters:
            wanted = _as_asked(event, pattern)
            if passes(wanted.to_bytes()):
                found.append(wanted)
                break
    if not found:
        raise NoEvent(f"No golden sample passes the filter of {consumer.handler} on {consumer.topic.name}.")
    return found


def _as_asked(event: Event, pattern: Mapping[str, Any]) -> Event:
    kind = pattern["value"].get("data", {}).get("kind", [None])[0]
    if kind is None or "kind" not in event.data or event.data["kind"] == kind:
        return event
    format_ = _STREAMED.get(kind) or next((row.format for row in ROWS if row.kind == kind), kind)
    changed = event.data | {"kind": kind, "format": format_}
    if "name" in changed:
        changed["name"] = f"sample.{format_}"
    return event.model_copy(update={"data": changed})


# Formats that are cut into chunks, for kinds whose first format is not: a task can only be for one of these.
_STREAMED: Final = {"tabular": "csv", "spectra": "jcamp"}


def msk_event(topic: Topic, events: list[Event]) -> dict[str, Any]:
    """The event of an MSK mapping with these records, each key in one partition."""
    records, offsets = [], dict.fromkeys(range(topic.partitions), 0)
    for event in events:
        key = data_of(event).key().encode()
        partition = zlib.crc32(key) % topic.partitions
        records.append(
            Record(
                topic=topic.name,
                partition=partition,
                offset=offsets[partition],
                timestamp=int(event.time.timestamp() * 1000),
                key=key,
                value=event.to_bytes(),
                headers=(("content-type", b"application/cloudevents+json"),),
            )
        )
        offsets[partition] += 1
    body = encode_event(records, event_source_arn=_CLUSTER, bootstrap_servers="127.0.0.1:9092")
    made: dict[str, Any] = json.loads(body)
    return made


# --- S3 through SQS ---------------------------------------------------------------------------------------------------


def _s3_in_sqs(queue: str) -> dict[str, Any]:
    stored = sample(BlobStored.TYPE)
    data = data_of(stored)
    if not isinstance(data, BlobStored):
        raise NoEvent(f"The golden sample of {BlobStored.TYPE} is something else.")
    notification = {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": _REGION,
                "eventTime": stored.time.isoformat().replace("+00:00", "Z"),
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "Inbox",
                    "bucket": {"name": "leanda-local-originals", "arn": "arn:aws:s3:::leanda-local-originals"},
                    "object": {
                        "key": f"inbox/{data.owner_id}/{data.inbox_path}",
                        "size": data.size,
                        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "versionId": data.version_id,
                        "sequencer": data.sequencer,
                    },
                },
            }
        ]
    }
    return _sqs_event(_LOCAL.queue("blobs", queue), json.dumps(notification), stored)


def _letter_in_sqs() -> dict[str, Any]:
    """A letter that a consumer gave up on: the sample of RecordsParsed, which the processor could not handle."""
    event = sample(RecordsParsed.TYPE)
    letter = Letter(
        consumer="processor-on-record-events",
        envelope=event.to_bytes().decode(),
        encoding="utf-8",
        code="UNEXPECTED_ERROR",
        message="Something went wrong inside Leanda.",
        detail="ZeroDivisionError: division by zero",
        stack="Traceback (most recent call last): …",
        attempts=3,
        topic=RecordsParsed.TOPIC.name,
        partition=0,
        offset=7,
        key=data_of(event).key(),
        at=event.time,
    )
    return _sqs_event(_LOCAL.dead_letter_queue("processor", "on_record_events"), letter.body(), event)


def _sqs_event(queue: str, body: str, cause: Event) -> dict[str, Any]:
    message = {
        "messageId": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78",
        "receiptHandle": "MessageReceiptHandle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(cause.time.timestamp() * 1000))},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{queue}",
        "awsRegion": _REGION,
    }
    return {"Records": [message]}


# --- HTTP -------------------------------------------------------------------------------------------------------------


def _user() -> str:
    return sample(UserCreated.TYPE).subject


def _api_request(
    method: str, path: str, *, resource: str | None = None, body: Any = None, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    headers = {"Accept": "application/json", "Content-Type": "application/json", "X-Correlation-Id": "sample-request"}
    return {
        "resource": resource or path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "sample",
            "stage": "api",
            "requestId": _REQUEST,
            "httpMethod": method,
            "path": f"/api{path}",
            "resourcePath": resource or path,
            "protocol": "HTTP/1.1",
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "sample"},
            # What the Cognito authorizer verified; a function never sees a request without it.
            "authorizer": {
                "claims": {
                    "sub": _user(),
                    "username": "anna@leanda.example",
                    "token_use": "access",
                    "scope": "aws.cognito.signin.user.admin",
                }
            },
        },
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }


def _announcement() -> dict[str, Any]:
    data = sample(UploadRequested.TYPE).data
    return _api_request("POST", "/v1/files", body={"name": data["name"], "size": data["size"]})


def _first_read(context: Context, package: Package) -> dict[str, Any]:
    """The first route of a package that only reads, for the announced file of the samples."""
    own = (route for route in context.routes if (route.package or context.name) == package.name)
    route = next(route for route in own if route.method == "GET")
    path = f"/v1{route.path}"
    return _api_request("GET", path.replace("{id}", sample(UploadRequested.TYPE).subject), resource=path)


_API_REQUESTS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "files": _announcement,
    "search": lambda: _api_request("GET", "/v1/search", query={"q": "aspirin", "type": "record"}),
}


def _load_balancer_request(path: str) -> dict[str, Any]:
    arn = f"arn:aws:elasticloadbalancing:{_REGION}:{_ACCOUNT}:targetgroup/leanda-local/0123456789abcdef"
    return {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": "GET",
        "path": path,
        "queryStringParameters": {},
        "headers": {
            "accept": "application/json",
            "host": "leanda-local.internal",
            "x-correlation-id": "sample-request",
        },
        "body": "",
        "isBase64Encoded": False,
    }


# --- schedule, sign-up, deployment ------------------------------------------------------------------------------------


def _schedule(rule: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": _REQUEST,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": _ACCOUNT,
        "time": "2026-03-02T09:15:00Z",
        "region": _REGION,
        "resources": [f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


def _post_confirmation() -> dict[str, Any]:
    return {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": _REGION,
        "userPoolId": f"{_REGION}_sample",
        "userName": _user(),
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "sample"},
        "request": {
            "userAttributes": {
                "sub": _user(),
                "email": "anna@leanda.example",
                "email_verified": "true",
                "cognito:user_status": "CONFIRMED",
                "name": "Anna",
            }
        },
        "response": {},
    }


def _custom_resource() -> dict[str, Any]:
    """Without a ResponseURL: the function is called directly, and nobody waits for its answer at another place."""
    return {
        "RequestType": "Create",
        "StackId": f"arn:aws:cloudformation:{_REGION}:{_ACCOUNT}:stack/leanda-local/sample",
        "RequestId": _REQUEST,
        "LogicalResourceId": "Run",
        "ResourceType": "Custom::Setup",
        "ResourceProperties": {"Version": "sample"},
    }
