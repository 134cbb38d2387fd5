"""Who asks without a good access token gets 401, on every route and for every way in which a token can be bad."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.cloud.cognito import UserPool
from tests.cloud import PASSWORD, Cloud, Person, eventually

pytestmark = pytest.mark.integration

PUBLIC = {("GET", "/version")}


@pytest.fixture(scope="module")
def nobody(cloud: Cloud) -> Iterator[httpx.Client]:
    with cloud.http() as client:
        yield client


@pytest.fixture(scope="module")
def routes(cloud: Cloud) -> list[tuple[str, str]]:
    """Every method and path of the deployed API, with ids filled in."""
    return [(method, re.sub(r"\{[^}]*\}", str(uuid.uuid4()), path)) for method, path in cloud.routes()]


def test_every_route_but_the_version_wants_a_token(nobody: httpx.Client, routes: list[tuple[str, str]]) -> None:
    assert len(routes) > 20
    answers = {(method, path): nobody.request(method, path).status_code for method, path in routes}
    assert {route: status for route, status in answers.items() if status != 401} == dict.fromkeys(PUBLIC, 200)


def _claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def _signed(token: str, key: Any, algorithm: str, **claims: Any) -> str:
    """The claims of a good token, changed, under another signature, with the good token's key id."""
    header = {"kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode({**_claims(token), **claims}, key, algorithm, headers=header)


def _unsigned(token: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(_claims(token))}."


def _with_other_claims(token: str) -> str:
    """Somebody else's `sub` under the original signature."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": str(uuid.uuid4())}).encode()).decode().rstrip("=")
    return f"{head}.{other}.{signature}"


def _of_another_key(token: str) -> str:
    return _signed(token, rsa.generate_private_key(65537, 2048), "RS256")


BAD: dict[str, Callable[[str], str]] = {
    "none": lambda token: "",
    "no token": lambda token: "Bearer",
    "garbage": lambda token: "Bearer garbage",
    "three parts of garbage": lambda token: "Bearer a.b.c",
    "alg none": lambda token: f"Bearer {_unsigned(token)}",
    "HS256": lambda token: f"Bearer {_signed(token, 'x' * 64, 'HS256')}",
    "HS256 with the public key's name": lambda token: f"Bearer {_signed(token, 'leanda' * 12, 'HS256')}",
    "another key": lambda token: f"Bearer {_of_another_key(token)}",
    "other claims": lambda token: f"Bearer {_with_other_claims(token)}",
    "no signature": lambda token: f"Bearer {token.rpartition('.')[0]}.",
    "cut": lambda token: f"Bearer {token[:-20]}",
    "basic": lambda token: "Basic YWRhOnBhc3N3b3Jk",
    "very long": lambda token: f"Bearer {'a' * 6000}",
}


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize(
    "path", ["/me", "/files", "/search?q=x", "/files/00000000-0000-4000-8000-000000000000/content"]
)
def test_a_bad_token_is_refused_as_a_problem(how: str, path: str, nobody: httpx.Client, ada: Person) -> None:
    header = BAD[how](ada.tokens.access_token)
    _refused(nobody.get(path, headers={"authorization": header} if header else {}))


def test_the_good_token_is_taken(nobody: httpx.Client, ada: Person) -> None:
    """Otherwise the test above could not fail."""
    answer = nobody.get("/me", headers={"authorization": f"Bearer {ada.tokens.access_token}"})
    assert (answer.status_code, answer.json()["id"]) == (200, ada.id)


def test_an_id_token_is_refused(nobody: httpx.Client, ada: Person) -> None:
    assert _claims(ada.tokens.id_token)["token_use"] == "id"
    _refused(nobody.get("/me", headers={"authorization": f"Bearer {ada.tokens.id_token}"}))


def test_an_expired_token_is_refused(cloud: Cloud, nobody: httpx.Client, ada: Person) -> None:
    client = cloud.aws.client("cognito-idp").create_user_pool_client(
        UserPoolId=cloud.user_pool.pool_id,
        ClientName=f"short-{uuid.uuid4().hex[:8]}",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AccessTokenValidity=2,  # AWS takes five minutes and more, this machine takes two seconds
        TokenValidityUnits={"AccessToken": "seconds"},
    )["UserPoolClient"]
    short = UserPool(cloud.aws, cloud.user_pool.pool_id, client["ClientId"]).sign_in(ada.email, PASSWORD).access_token
    header = {"authorization": f"Bearer {short}"}
    assert _claims(short)["exp"] - time.time() < 3
    assert nobody.get("/me", headers=header).status_code == 200
    eventually(lambda: nobody.get("/me", headers=header).status_code == 401, "the token expires", seconds=10)
    _refused(nobody.get("/me", headers=header))


def test_a_token_of_another_pool_is_refused(cloud: Cloud, nobody: httpx.Client) -> None:
    cognito = cloud.aws.client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName="others")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="others", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]
    pool = UserPool(cloud.aws, pool_id, client["ClientId"])
    pool.create_user("mallory@others.example", PASSWORD)
    token = pool.sign_in("mallory@others.example", PASSWORD).access_token
    assert _claims(token)["token_use"] == "access"
    _refused(nobody.get("/me", headers={"authorization": f"Bearer {token}"}))


def _refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    problem = answer.json()
    assert (problem["code"], problem["status"]) == ("UNAUTHORIZED", 401)
    assert problem["type"] == "urn:leanda:problem:UNAUTHORIZED"
    assert problem["correlationId"]
