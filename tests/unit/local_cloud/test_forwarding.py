"""What the processes of the local cloud are told, and what they tell CloudFormation."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud.custom_resources import report_failure
from local.cloud.http_server import JsonHandler, LoopbackServer
from local.cloud.lambda_host import function_name
from local.cloud.memory import resident_bytes
from local.cloud.ministack import MinistackSettings

HOST = "http://127.0.0.1:9001"


def test_ministack_is_told_to_enforce_roles_and_to_forward_each_function() -> None:
    settings = MinistackSettings(Path("ministack"), Path("/home"), 4566, HOST, ("lab-hello", "lab-bye"))
    environment = settings.environment()
    assert environment["AUTH"] == "true"
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["PERSIST_STATE"] == environment["S3_PERSIST"] == "0"
    assert environment["MINISTACK_LAMBDA_PROXY_lab-hello"] == f"{HOST}/"
    assert environment["MINISTACK_LAMBDA_PROXY_lab-bye"] == f"{HOST}/"


@pytest.mark.parametrize(
    "reference",
    [
        "hello",
        "hello:live",
        "000000000000:function:hello",
        "arn:aws:lambda:eu-west-1:000000000000:function:hello:$LATEST",
        "arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Ahello",
    ],
)
def test_a_function_is_found_by_name_and_by_arn(reference: str) -> None:
    assert function_name(reference) == "hello"


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="resident memory is read from /proc, which is Linux's"
)
def test_the_memory_of_a_process_is_told_and_a_missing_one_has_none() -> None:
    assert resident_bytes(os.getpid(), above=1 << 40) > 10 << 20
    assert 0 < resident_bytes(os.getpid(), above=0) <= resident_bytes(os.getpid(), above=1 << 40) * 2
    assert resident_bytes(2**22 + 1, above=0) == 0


class Callback:
    """The ResponseURL of a custom resource."""

    def __init__(self) -> None:
        received: list[dict[str, str]] = []

        class Receive(JsonHandler):
            def do_PUT(self) -> None:
                received.append(json.loads(self.body()))
                self.reply(200, {})

        self.received, self.server = received, LoopbackServer(0, Receive)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def callback() -> Iterator[Callback]:
    callback = Callback()
    yield callback
    callback.server.shutdown()
    callback.server.server_close()


def test_cloudformation_is_told_when_the_function_of_a_custom_resource_failed(callback: Callback) -> None:
    event = {"RequestType": "Create", "StackId": "s", "RequestId": "r", "LogicalResourceId": "Made"}
    event["ResponseURL"] = f"http://127.0.0.1:{callback.server.server_port}/answer"
    assert report_failure(json.dumps(event).encode(), b'{"errorType": "ValueError", "errorMessage": "no"}')
    [answer] = callback.received
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "ValueError: no")
    assert (answer["StackId"], answer["RequestId"], answer["LogicalResourceId"]) == ("s", "r", "Made")


def test_other_events_are_left_alone() -> None:
    assert not report_failure(b'{"Records": []}', b"{}")
    assert not report_failure(b'["ResponseURL"]', b"{}")
