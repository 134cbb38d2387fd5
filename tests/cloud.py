"""One local cloud for all tests that need one: a fresh folder, a poller that misbehaves by seed, people who can sign in.

Environment: `LEANDA_SEED` repeats a run's misbehaviour. `LEANDA_KEEP_CLOUD=1` leaves the cloud running and uses it again, with the
functions as they were when it started: for those who write tests.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
import pytest
from botocore.config import Config

from leanda_client import CognitoTokens, File, Hit, LeandaClient, SearchPage
from local import stack
from local.cloud.assembly import Assembly, read_assembly
from local.cloud.aws import Aws, CloudEndpoint
from local.cloud.cognito import Tokens, UserPool
from local.stack.assembly import synthesized
from local.stack.layout import Layout

ROOT: Final = Path(__file__).resolve().parents[1]
HOME: Final = ".leanda/test"
PASSWORD: Final = "Leanda-tests-2026"
ENDS: Final = frozenset({"Processed", "ProcessedPartially", "Failed"})

started: dict[str, Any] = {}
"""What the summary of the test run tells of the cloud."""


def eventually[T](look: Callable[[], T | None], what: str, *, seconds: float = 60.0) -> T:
    """The first answer of `look` that is neither None nor False. It is asked until the deadline; then the test fails."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:g} s still not: {what}")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.5)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in: through the product's own client, and by plain HTTP for what that client never sends."""

    id: str
    email: str
    tokens: Tokens
    client: LeandaClient
    http: httpx.Client

    def upload(self, name: str, content: bytes, **options: Any) -> str:
        """Announce and send a file; its id."""
        return str(self.client.upload(content, name=name, **options)["id"])

    def ended(self, file_id: str, *, seconds: float = 90.0) -> File:
        """The file when its processing is over, indexed or not."""

        def look() -> File | None:
            file = self.client.file(file_id)
            return file if file["status"] in ENDS else None

        return eventually(look, f"{file_id} ends", seconds=seconds)

    def searchable(self, file_id: str, *, seconds: float = 120.0) -> File:
        """The file when it is over and every record of it is in the index."""
        return self.client.wait(file_id, timeout=seconds)

    def failed(self, file_id: str, code: str, *, seconds: float = 60.0) -> File:
        """The file, which failed for the reason `code`, told in a sentence."""
        file = self.ended(file_id, seconds=seconds)
        assert (file["status"], file["failure"]["code"]) == ("Failed", code)
        assert file["failure"]["message"].strip()
        return file

    def search(self, query: str = "", **only: Any) -> SearchPage:
        return self.client.search_page(query, **only)

    def found(self, query: str, *, least: int = 1, seconds: float = 15.0, **only: Any) -> list[Hit]:
        """Hits of a search, at least so many: the index shows what it was given within its refresh interval, one by one."""

        def hits() -> list[Hit] | None:
            items: list[Hit] = self.search(query, **only)["items"]
            return items if len(items) >= least else None

        return eventually(hits, f"{query!r} is found", seconds=seconds)


class RootAws(Aws):
    """Clients that are closed with the cloud."""

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@dataclass
class Cloud:
    """The running cloud, and what tests may ask of it beyond the API."""

    outputs: dict[str, Any]
    assembly: Assembly
    seed: int
    _people: list[Person] = field(default_factory=list)
    _letters: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    _clients: list[Any] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        return str(self.outputs["apiUrl"])

    @cached_property
    def aws(self) -> RootAws:
        """Clients with the root's keys: to look, and to take on roles. Never to be an identity in a test."""
        return RootAws(CloudEndpoint(self.outputs["awsEndpointUrl"], self.outputs["region"]))

    @cached_property
    def user_pool(self) -> UserPool:
        return UserPool(self.aws, self.outputs["userPoolId"], self.outputs["userPoolClientId"])

    def person(self, name: str, *, groups: tuple[str, ...] = ()) -> Person:
        """A new user of that name."""
        email = f"{name}-{uuid.uuid4().hex[:8]}@leanda.example"
        user_id = self.user_pool.create_user(email, PASSWORD)
        for group in groups:
            self.aws.client("cognito-idp").admin_add_user_to_group(
                UserPoolId=self.user_pool.pool_id, Username=email, GroupName=group
            )
        tokens = self.user_pool.sign_in(email, PASSWORD)
        access = CognitoTokens(self.outputs["awsEndpointUrl"], self.outputs["userPoolClientId"], email, PASSWORD)
        person = Person(user_id, email, tokens, LeandaClient(self.api_url, access), self.http(tokens.access_token))
        self._people.append(person)
        return person

    def http(self, token: str | None = None) -> httpx.Client:
        """Plain requests to the API; paths begin with a slash. Whoever asks closes it."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.api_url, headers=headers, timeout=30, trust_env=False)

    def routes(self) -> list[tuple[str, str]]:
        """Every method and path (`/files/{id}`) of the deployed API."""
        api_id = self.api_url.split("/execute-api/")[1].split("/")[0]
        resources = self.aws.client("apigateway").get_resources(restApiId=api_id, limit=500)["items"]
        return [
            (method, resource["path"].removeprefix("/v1"))
            for resource in resources
            for method in resource.get("resourceMethods", {})
            if method != "OPTIONS"
        ]

    def full_name(self, function: str) -> str:
        return f"leanda-{self.outputs['environment']}-{function}"

    def configuration(self, function: str) -> dict[str, Any]:
        """What Lambda knows of a function, by its short name (`files-api`)."""
        found: dict[str, Any] = self.aws.client("lambda").get_function_configuration(
            FunctionName=self.full_name(function)
        )
        return found

    def environment(self, function: str) -> dict[str, str]:
        variables: dict[str, str] = self.configuration(function)["Environment"]["Variables"]
        return variables

    def as_role_of(self, function: str) -> boto3.Session:
        """A session with what a function's role may do and nothing more."""
        return self.session(self.configuration(function)["Role"])

    def session(self, role_arn: str, *, sts: Any = None) -> boto3.Session:
        answer = (sts or self.aws.client("sts")).assume_role(RoleArn=role_arn, RoleSessionName="tests")
        return self.session_of(answer["Credentials"])

    def session_of(self, credentials: dict[str, Any]) -> boto3.Session:
        return boto3.Session(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            region_name=self.outputs["region"],
        )

    def client_of(self, session: boto3.Session, service: str) -> Any:
        # Host prefixes (`data-` of Cloud Map) would leave this machine.
        config = Config(proxies={}, retries={"total_max_attempts": 1}, inject_host_prefix=False, signature_version="v4")
        if service == "s3":
            config = config.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
        client = session.client(service, endpoint_url=self.outputs["awsEndpointUrl"], config=config)
        self._clients.append(client)
        return client

    @cached_property
    def operator(self) -> Person:
        """Somebody who may see dead letters."""
        return self.person("operator", groups=("operators",))

    def letters(self, **only: str) -> list[dict[str, Any]]:
        """Every dead letter that has been collected so far, as operators see it; `only` is `consumer`, `code` or `state`."""
        desk = self.operator.client.dead_letters
        letters: list[dict[str, Any]] = []
        for letter in desk.list(page=200, **only):
            key = (letter["id"], letter["failedAt"], letter["state"])
            if key not in self._letters:
                self._letters[key] = dict(desk.get(letter["id"]))
            letters.append(self._letters[key])
        return letters

    def close(self) -> None:
        self.aws.close()
        for client in self._clients:
            client.close()
        for person in self._people:
            person.client.close()
            person.http.close()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """The cloud of this test session."""
    seed = int(os.environ.get("LEANDA_SEED") or random.randrange(1_000_000))
    keep = bool(os.environ.get("LEANDA_KEEP_CLOUD"))
    options = stack.Options(home=HOME, persist=False, chaos_seed=seed)
    running = Layout.of(ROOT, options).supervisor_pid() is not None
    if running and not keep:
        pytest.fail(f"another test run has its cloud in {HOME}; wait for it, or set LEANDA_KEEP_CLOUD=1 to share it")
    if not running:
        shutil.rmtree(ROOT / HOME, ignore_errors=True)
    began = time.monotonic()
    note = ROOT / HOME / "run.json"
    lines: list[str] = []
    try:
        if running:
            known = json.loads(note.read_text())
            folder, seed = Path(known["assembly"]), known["seed"]
        else:
            folder = synthesized(ROOT)
        outputs = stack.up(ROOT, say=lines.append, options=options)
    except stack.StackError as error:
        pytest.fail(f"{error}\n{lines}")
    note.write_text(json.dumps({"assembly": str(folder), "seed": seed}))
    started.update(seed=seed, seconds=time.monotonic() - began, reused=running)
    parameters = {
        "KafkaBootstrap": outputs["kafkaBootstrap"],
        "DocumentStoreUrl": outputs["documentStoreUrl"],
        "OpenSearchUrl": outputs["openSearchUrl"],
        "CacheUrl": "",
        "GatewayUrl": outputs["awsEndpointUrl"],
    }
    cloud = Cloud(outputs, read_assembly(folder, parameters=parameters), seed)
    try:
        yield cloud
    finally:
        cloud.close()
        if not keep:
            stack.down(ROOT, say=lines.append, options=options)


@pytest.fixture(scope="module")
def ada(cloud: Cloud) -> Person:
    """A user with an empty home, new for every module."""
    return cloud.person("ada")


@pytest.fixture(scope="module")
def bob(cloud: Cloud) -> Person:
    """Another one."""
    return cloud.person("bob")
