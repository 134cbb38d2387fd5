"""Who calls a REST route: the claims that API Gateway's Cognito authorizer verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from leanda.errors import NotFound, Unauthorized

OPERATORS: Final = "operators"
"""The Cognito group of those who look after Leanda."""


@dataclass(frozen=True)
class Principal:
    """A signed-in user or a machine client.

    Attributes:
        id: the token's `sub`.
        name: what the user signed in with, for a first profile.
        groups: Cognito groups of the token (operators); memberships for sharing come from `users`, never from here.
    """

    id: str
    name: str
    groups: tuple[str, ...] = ()


def principal_of(event: Any) -> Principal:
    """The caller of an API Gateway event.

    Raises:
        Unauthorized: no claims, or an ID token: only access tokens speak for an API.
    """
    claims = ((event.raw_event.get("requestContext") or {}).get("authorizer") or {}).get("claims") or {}
    subject = claims.get("sub")
    if not subject or claims.get("token_use", "access") != "access":
        raise Unauthorized
    groups = claims.get("cognito:groups") or ()
    if isinstance(groups, str):
        groups = groups.strip("[]").replace(",", " ").split()
    return Principal(str(subject), str(claims.get("username") or subject), tuple(groups))


def is_operator(principal: Principal) -> bool:
    return OPERATORS in principal.groups


def require_operator(principal: Principal) -> None:
    """To who is no operator, operators' routes are not there.

    Raises:
        NotFound: the caller is none.
    """
    if not is_operator(principal):
        raise NotFound("There is no such route.")
