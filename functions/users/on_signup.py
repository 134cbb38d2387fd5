"""Makes the profile of a user who has just confirmed the account. It does not fire for everyone (federated users, users made
by an administrator), so the first request makes a profile too.

Trigger: Cognito, post confirmation. Emits (outbox): UserCreated; UserUpdated where a first request came before.
Source: Amazon Cognito developer guide, "Post confirmation Lambda trigger": the event is returned as it came.
"""

from __future__ import annotations

from typing import Any

from functions.users import bootstrap
from functions.users.use_cases import SignUp
from leanda import ids
from leanda.observability import correlated


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    correlation = ids.new_id()
    with correlated(correlation, trigger=event.get("triggerSource")):
        bootstrap.users().sign_up(_sign_up(event), correlation_id=correlation)
    return event


def _sign_up(event: dict[str, Any]) -> SignUp:
    attributes = event["request"]["userAttributes"]
    verified = str(attributes.get("email_verified", "")).lower() == "true"
    return SignUp(
        user_id=attributes["sub"],
        email=attributes.get("email") if verified else None,
        names=(attributes.get("name"), attributes.get("preferred_username"), event.get("userName")),
    )
