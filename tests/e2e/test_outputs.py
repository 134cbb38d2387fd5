"""What `make up` writes for clients: everything they need is there, and works."""

from __future__ import annotations

import httpx
import pytest
from pymongo import MongoClient

from local.cloud.cognito import UserPool
from tests.cloud import Cloud

pytestmark = pytest.mark.integration

PROMISED = {
    "apiUrl",
    "region",
    "awsEndpointUrl",
    "userPoolId",
    "userPoolClientId",
    "inboxBucket",
    "kafkaBootstrap",
    "documentStoreUrl",
    "openSearchUrl",
    "demoUser",
    "demoPassword",
}


def test_outputs_name_everything_that_is_promised(cloud: Cloud) -> None:
    assert {name for name in PROMISED if not cloud.outputs.get(name)} == set()
    assert cloud.api_url.endswith("/api/v1")


def test_the_demo_user_may_call_the_api(cloud: Cloud) -> None:
    pool = UserPool(cloud.aws, cloud.outputs["userPoolId"], cloud.outputs["userPoolClientId"])
    tokens = pool.sign_in(cloud.outputs["demoUser"], cloud.outputs["demoPassword"])
    with cloud.http(tokens.access_token) as client:
        assert client.get("/me").json()["email"] == cloud.outputs["demoUser"]


def test_everything_listens_on_this_machine_only(cloud: Cloud) -> None:
    for name in ("apiUrl", "awsEndpointUrl", "documentStoreUrl", "openSearchUrl", "kafkaBootstrap"):
        assert "127.0.0.1:" in cloud.outputs[name], name
    with httpx.Client(base_url=cloud.outputs["openSearchUrl"], trust_env=False) as index:
        assert index.get("/").status_code == 200
    with MongoClient[dict[str, object]](cloud.outputs["documentStoreUrl"]) as store:
        assert store.admin.command("ping")["ok"] == 1
