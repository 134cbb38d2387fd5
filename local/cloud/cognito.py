"""People in a Cognito user pool, by the calls anyone may make, and the one trigger that ministack does not fire."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local.cloud.aws import Aws

Trigger = Callable[[str, dict[str, Any]], bool]
"""Delivers an event to a function (by ARN); whether it succeeded."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gives."""

    id_token: str
    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class UserPool:
    """One pool and a client of it that allows USER_PASSWORD_AUTH."""

    aws: Aws
    pool_id: str
    client_id: str

    def create_user(self, email: str, password: str) -> str:
        """Create a user whose address counts as verified, with a permanent password; returns the `sub`. May be repeated."""
        cognito = self.aws.client("cognito-idp")
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        with suppress(cognito.exceptions.UsernameExistsException):
            cognito.admin_create_user(
                UserPoolId=self.pool_id, Username=email, MessageAction="SUPPRESS", UserAttributes=attributes
            )
        cognito.admin_set_user_password(UserPoolId=self.pool_id, Username=email, Password=password, Permanent=True)
        return _sub(cognito.admin_get_user(UserPoolId=self.pool_id, Username=email)["UserAttributes"])

    def sign_in(self, email: str, password: str) -> Tokens:
        """Tokens by InitiateAuth.

        Raises:
            botocore.exceptions.ClientError: `NotAuthorizedException` for a wrong password.
        """
        result = self.aws.client("cognito-idp").initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )["AuthenticationResult"]
        return Tokens(result["IdToken"], result["AccessToken"], result.get("RefreshToken", ""))


class PostConfirmationWatcher:
    """Calls the pool's PostConfirmation trigger once for each confirmed user it has not told yet.

    ministack 1.5.33 stores the trigger and never fires it. This looks twice a second. Unlike AWS it also tells of users that
    an administrator created, so the function has to be idempotent; `seen` are the subs told in an earlier run.
    """

    def __init__(self, pool: UserPool, deliver: Trigger, *, seen: set[str] | None = None, every: float = 0.5) -> None:
        self.seen = seen if seen is not None else set()
        self._pool = pool
        self._deliver = deliver
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="post-confirmation", daemon=True)

    def start(self) -> None:
        """Look in the background until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round under way."""
        self._stopping.set()
        self._thread.join(10)

    def look(self) -> int:
        """One round; how many users were told. A user whose delivery failed is tried again in the next round."""
        cognito, pool_id = self._pool.aws.client("cognito-idp"), self._pool.pool_id
        trigger = (
            cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"].get("LambdaConfig", {}).get("PostConfirmation")
        )
        if not trigger:
            return 0
        told = 0
        for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool_id):
            for user in page["Users"]:
                sub = _sub(user["Attributes"])
                if (
                    user["UserStatus"] == "CONFIRMED"
                    and sub not in self.seen
                    and self._deliver(trigger, self._event(user))
                ):
                    self.seen.add(sub)
                    told += 1
        return told

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self.look()
            except Exception:  # noqa: S112  # the cloud may be restarting; the next round sees the same users
                continue

    def _event(self, user: dict[str, Any]) -> dict[str, Any]:
        """See "Post confirmation Lambda trigger" in the Amazon Cognito developer guide."""
        attributes = {item["Name"]: item["Value"] for item in user["Attributes"]}
        return {
            "version": "1",
            "region": self._pool.aws.endpoint.region,
            "userPoolId": self._pool.pool_id,
            "userName": user["Username"],
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": self._pool.client_id},
            "request": {"userAttributes": attributes | {"cognito:user_status": "CONFIRMED"}},
            "response": {},
        }


def invoke_trigger(aws: Aws) -> Trigger:
    """Delivery by `lambda.invoke`, through ministack or straight to the Lambda host."""

    def deliver(arn: str, event: dict[str, Any]) -> bool:
        reply = aws.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event).encode())
        return "FunctionError" not in reply

    return deliver


def _sub(attributes: list[dict[str, str]]) -> str:
    return next(item["Value"] for item in attributes if item["Name"] == "sub")
