"""The caller's identity is its IAM role, proved by a signed STS `GetCallerIdentity` request that the callee sends on.

The mechanism of MSK IAM, EKS and Vault. The callee rebuilds the request: its own regional STS URL, POST, the fixed body and only
allow-listed headers; `host`, date and audience must be among the signed ones. Nothing of the caller decides where it goes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from leanda.errors import Forbidden, Unauthorized, Unavailable

HEADER: Final = "x-leanda-identity"
AUDIENCE_HEADER: Final = "x-leanda-audience"
BODY: Final = "Action=GetCallerIdentity&Version=2011-06-15"
CONTENT_TYPE: Final = "application/x-www-form-urlencoded; charset=utf-8"
MAX_AGE: Final = timedelta(minutes=5)
MAX_TOKEN_CHARACTERS: Final = 8192
_FORWARDED: Final = frozenset(
    {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", AUDIENCE_HEADER}
)
_MUST_BE_SIGNED: Final = frozenset({"host", "x-amz-date", AUDIENCE_HEADER})
_ROLE = re.compile(r"^arn:aws[\w-]*:sts::(?P<account>\d{12}):assumed-role/(?P<role>[\w+=,.@-]{1,64})/[\w+=,.@-]{2,64}$")
_SIGNED_HEADERS = re.compile(r"SignedHeaders=([a-z0-9;-]+)")


def identity_token(session: Any, *, sts_url: str, region: str, audience: str) -> str:
    """A token for one audience, good for five minutes: the headers of a signed request, base64url JSON."""
    request = AWSRequest(
        "POST",
        sts_url.rstrip("/") + "/",
        data=BODY,
        headers={"Content-Type": CONTENT_TYPE, AUDIENCE_HEADER: audience},
    )
    SigV4Auth(session.get_credentials().get_frozen_credentials(), "sts", region).add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() in _FORWARDED}
    return base64.urlsafe_b64encode(json.dumps(headers).encode()).decode()


@dataclass(frozen=True)
class Caller:
    """A proved caller."""

    account: str
    role: str


class IdentityVerifier:
    """Answers who holds a token, and whether that role may do an operation.

    Args:
        allowed: operation → names of the roles that may use it.
        ask_sts: sends the rebuilt request; returns status and body.
    """

    def __init__(
        self,
        *,
        audience: str,
        account: str,
        allowed: Mapping[str, list[str]],
        now: Callable[[], datetime],
        ask_sts: Callable[[dict[str, str]], tuple[int, bytes]],
    ) -> None:
        self._audience, self._account, self._allowed = audience, account, allowed
        self._now, self._ask_sts = now, ask_sts
        self._known: dict[str, tuple[Caller, datetime]] = {}

    def require(self, token: str | None, operation: str) -> Caller:
        """The caller, if it may use the operation.

        Raises:
            Unauthorized: no token, a wrong, old or foreign one, or one that STS refuses.
            Forbidden: a role that is not on the operation's list.
            Unavailable: STS does not answer.
        """
        caller = self._verify(token)
        if caller.role not in self._allowed.get(operation, []):
            raise Forbidden(detail=f"{caller.role} may not use {operation}")
        return caller

    def _verify(self, token: str | None) -> Caller:
        if not token or len(token) > MAX_TOKEN_CHARACTERS:
            raise Unauthorized("A service identity is required.")
        digest = hashlib.sha256(token.encode()).hexdigest()
        known = self._known.get(digest)
        if known and known[1] > self._now():
            return known[0]
        headers = _decode(token)
        signed_at = self._check(headers)
        status, body = self._ask_sts({"content-type": CONTENT_TYPE, **headers})
        if status >= 500:
            raise Unavailable(detail=f"STS answered {status}")
        if status != 200:
            raise Unauthorized("The service identity was refused.", detail=f"STS answered {status}")
        match = _ROLE.match(_arn(body))
        if not match or match["account"] != self._account:
            raise Unauthorized("The service identity is not a role of this account.")
        caller = Caller(match["account"], match["role"])
        self._known = {key: value for key, value in self._known.items() if value[1] > self._now()}
        self._known[digest] = (caller, signed_at + MAX_AGE)
        return caller

    def _check(self, headers: dict[str, str]) -> datetime:
        signed = _SIGNED_HEADERS.search(headers.get("authorization", ""))
        if not signed or not set(signed[1].split(";")) >= _MUST_BE_SIGNED:
            raise Unauthorized("The service identity does not sign what it must.")
        if headers.get(AUDIENCE_HEADER) != self._audience:
            raise Unauthorized("The service identity is for another service.")
        try:
            at = datetime.strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            raise Unauthorized("The service identity has no date.") from error
        if abs(self._now() - at) > MAX_AGE:
            raise Unauthorized("The service identity is too old.")
        return at


def sts_caller(sts_url: str, *, pool: urllib3.PoolManager) -> Callable[[dict[str, str]], tuple[int, bytes]]:
    """Sends rebuilt identity requests to this function's own STS endpoint, never anywhere else."""
    host = urlsplit(sts_url).netloc

    def ask(headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            reply = pool.request(
                "POST",
                sts_url.rstrip("/") + "/",
                body=BODY,
                headers=headers | {"host": host},
                redirect=False,
                retries=1,
                timeout=3,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(detail=f"STS: {error}") from error
        return reply.status, reply.data

    return ask


def _decode(token: str) -> dict[str, str]:
    try:
        headers = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            raise ValueError("not an object of strings")
    except ValueError as error:
        raise Unauthorized("The service identity cannot be read.") from error
    kept = {name: value for name, value in headers.items() if name in _FORWARDED}
    if any("\n" in value or "\r" in value for value in kept.values()):
        raise Unauthorized("The service identity cannot be read.")
    return kept


def _arn(body: bytes) -> str:
    """The ARN in STS's answer, which is XML unless JSON was asked for and understood."""
    if body.lstrip().startswith(b"{"):
        answer = json.loads(body)
        return str(answer.get("GetCallerIdentityResponse", {}).get("GetCallerIdentityResult", {}).get("Arn", ""))
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - our own STS endpoint's answer
    except ElementTree.ParseError:
        return ""
    return next((element.text or "" for element in root.iter() if element.tag.endswith("Arn")), "")
