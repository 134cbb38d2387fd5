"""The Invoke API as the poller calls it."""

import pytest

from local.poller import EndpointUnavailable, http_invoker
from tests.unit.local_poller.endpoint import Answer, LambdaEndpoint

EVENT = b'{"records": {}}'


def test_an_answer_is_read_with_its_status_and_payload() -> None:
    with LambdaEndpoint(lambda event: {"batchItemFailures": []}) as endpoint:
        result = http_invoker(endpoint.url)("take orders:live", EVENT)
    assert (result.ok, result.status, result.payload) == (True, 200, b'{"batchItemFailures": []}')
    assert endpoint.names == ["take%20orders%3Alive"]


def test_a_function_error_is_one_whatever_the_status() -> None:
    for status in (200, 500):
        with LambdaEndpoint(lambda event, s=status: Answer(status=s, function_error="Unhandled")) as endpoint:
            result = http_invoker(endpoint.url)("f", EVENT)
        assert (result.ok, result.function_error, result.was_invoked) == (False, "Unhandled", True)


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_error_of_the_service_is_no_invocation(status: int) -> None:
    with LambdaEndpoint(lambda event: Answer(status=status)) as endpoint:
        result = http_invoker(endpoint.url)("f", EVENT)
    assert (result.ok, result.was_invoked, result.status) == (False, False, status)


def test_the_connection_is_kept_and_opened_anew_after_the_server_closed_it() -> None:
    with LambdaEndpoint(lambda event: None) as endpoint:
        invoke = http_invoker(endpoint.url)
        assert invoke("f", EVENT).ok
        assert invoke("f", EVENT).ok
        assert len(endpoint.connections) == 1
    with LambdaEndpoint(lambda event: None, port=endpoint.port):
        assert invoke("f", EVENT).ok


def test_an_endpoint_that_is_away_is_unavailable() -> None:
    with LambdaEndpoint(lambda event: None) as endpoint:
        invoke = http_invoker(endpoint.url)
        assert invoke("f", EVENT).ok
    with pytest.raises(EndpointUnavailable):
        invoke("f", EVENT)


def test_only_http_endpoints_are_taken() -> None:
    with pytest.raises(ValueError):
        http_invoker("127.0.0.1:9000")
