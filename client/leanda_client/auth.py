"""Where access tokens come from."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import httpx

from leanda_client.errors import SignInFailed, Unreachable

RENEW_BEFORE_SECONDS: Final = 60.0


class TokenProvider(Protocol):
    """Gives the token of every request. Called from several threads."""

    def token(self) -> str:
        """A token that should be good now."""
        ...

    def renew(self, refused: str) -> str | None:
        """Another token after `refused` was answered with 401; None if there is no other."""
        ...

    def close(self) -> None:
        """Close the connections, if there are any."""
        ...


class StaticToken:
    """A token that somebody else obtained; it cannot be renewed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renew(self, refused: str) -> str | None:  # noqa: ARG002 - there is only this one
        return None

    def close(self) -> None:
        """Nothing is open."""


class CognitoTokens:
    """Access tokens by user name and password (USER_PASSWORD_AUTH), renewed before they expire.

    The password is kept in memory, for the day when the refresh token has expired too.

    Args:
        endpoint: `cognito_endpoint(region)` on AWS, the address of all services on the local cloud.
        transport, now: for tests.

    Source: Amazon Cognito user pools API reference, InitiateAuth. The call needs no AWS credentials.
    """

    def __init__(
        self,
        endpoint: str,
        client_id: str,
        user: str,
        password: str,
        *,
        trust_env: bool = False,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint, self._client_id = endpoint.rstrip("/") + "/", client_id
        self._user, self._password = user, password
        self._http = httpx.Client(timeout=15, trust_env=trust_env, transport=transport)
        self._now = now
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0
        self._refresh_token: str | None = None

    def close(self) -> None:
        self._http.close()

    def token(self) -> str:
        with self._lock:
            if not self._token or self._now() >= self._until:
                self._obtain()
            return self._token

    def renew(self, refused: str) -> str | None:
        with self._lock:
            if self._token == refused:  # otherwise another thread has renewed it already
                self._obtain()
            return self._token

    def _obtain(self) -> None:
        if self._refresh_token:
            try:
                self._sign_in("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": self._refresh_token})
            except SignInFailed:
                self._refresh_token = None
            else:
                return
        self._sign_in("USER_PASSWORD_AUTH", {"USERNAME": self._user, "PASSWORD": self._password})

    def _sign_in(self, flow: str, parameters: dict[str, str]) -> None:
        began = self._now()
        answer = self._ask({"AuthFlow": flow, "ClientId": self._client_id, "AuthParameters": parameters})
        result = answer.get("AuthenticationResult")
        if not result:
            challenge = answer.get("ChallengeName", "another step")
            raise SignInFailed("SIGN_IN_INCOMPLETE", 401, f"This user has to complete {challenge} in a browser first.")
        self._token = result["AccessToken"]
        self._until = began + max(0.0, float(result.get("ExpiresIn", 300)) - RENEW_BEFORE_SECONDS)
        self._refresh_token = result.get("RefreshToken", self._refresh_token)

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
        }
        try:
            response = self._http.post(self._endpoint, content=json.dumps(body), headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"Cognito does not answer at {self._endpoint}: {error}") from error
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        if response.status_code != 200:
            code = str(answer.get("__type", f"HTTP_{response.status_code}")).rpartition("#")[2]
            detail = str(answer.get("message") or answer.get("Message") or "Cognito refused the sign-in.")
            raise SignInFailed(code, response.status_code, detail)
        return dict(answer)


def cognito_endpoint(region: str) -> str:
    """Cognito's address on AWS."""
    return f"https://cognito-idp.{region}.amazonaws.com"
