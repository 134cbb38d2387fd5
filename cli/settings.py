"""Which Leanda the command talks to, and as whom."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import typer

from cli.errors import USAGE, CliError
from leanda_client import CognitoTokens, LeandaClient, StaticToken, TokenProvider, cognito_endpoint

CHECKOUT = Path(__file__).resolve().parents[1]

NO_CLOUD = (
    "No Leanda is known here. `leanda up` starts one on this machine; "
    "for another one give --api-url and --token (or LEANDA_API_URL and LEANDA_TOKEN)."
)


@dataclass(frozen=True)
class Connection:
    """Where and who. Empty means: not given."""

    api_url: str = ""
    token: str = ""
    user: str = ""
    password: str = ""
    client_id: str = ""
    region: str = ""
    aws_endpoint_url: str = ""


@dataclass
class State:
    """What all commands share.

    Attributes:
        root: the checkout whose cloud is meant.
        given: what options and environment variables say; it wins over the checkout's outputs.
        transport: for tests.
    """

    root: Path = CHECKOUT
    given: Connection = field(default_factory=Connection)
    transport: httpx.BaseTransport | None = None

    @property
    def outputs_file(self) -> Path:
        return self.root / ".leanda" / "outputs.json"

    def outputs(self) -> dict[str, Any]:
        """What the local cloud wrote when it started; empty if it is not running."""
        try:
            found = json.loads(self.outputs_file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise CliError(f"{self.outputs_file} cannot be read ({error}); `leanda up` writes it anew.") from error
        return dict(found)

    def connection(self) -> Connection:
        """What is given, completed by the local cloud's outputs.

        Credentials of the local cloud are never sent to another address.

        Raises:
            CliError: there is no address.
        """
        outputs = self.outputs()
        local = Connection(
            api_url=outputs.get("apiUrl", ""),
            user=outputs.get("demoUser", ""),
            password=outputs.get("demoPassword", ""),
            client_id=outputs.get("userPoolClientId", ""),
            region=outputs.get("region", ""),
            aws_endpoint_url=outputs.get("awsEndpointUrl", ""),
        )
        if self.given.api_url and self.given.api_url.rstrip("/") != local.api_url.rstrip("/"):
            return self.given
        if not local.api_url:
            raise CliError(NO_CLOUD, USAGE)
        if self.given.user:
            local = replace(local, password="")
        said = {f.name: value for f in fields(Connection) if (value := getattr(self.given, f.name))}
        return replace(local, **said)

    def require_local(self, instead: str) -> None:
        """For commands that look into the cloud on this machine, past its API.

        Args:
            instead: a sentence about what does it on AWS.

        Raises:
            CliError: another Leanda is named.
        """
        given, local = self.given.api_url.rstrip("/"), str(self.outputs().get("apiUrl", "")).rstrip("/")
        if given and given != local:
            raise CliError(f"This command works on the local cloud. {instead}", USAGE)

    def tokens(self) -> TokenProvider:
        """Where tokens come from.

        Raises:
            CliError: neither a token nor what a sign-in needs.
        """
        known = self.connection()
        if known.token:
            return StaticToken(known.token)
        if not (known.user and known.password):
            raise CliError("Who are you? Give --token, or --user and LEANDA_PASSWORD.", USAGE)
        if not known.client_id or not (known.aws_endpoint_url or known.region):
            raise CliError("A sign-in needs --client-id and --region of the user pool; or give --token.", USAGE)
        endpoint = known.aws_endpoint_url or cognito_endpoint(known.region)
        return CognitoTokens(
            endpoint,
            known.client_id,
            known.user,
            known.password,
            trust_env=not is_loopback(endpoint),
            transport=self.transport,
        )

    def client(self) -> LeandaClient:
        """A client for this connection; raises as `tokens`."""
        url = self.connection().api_url
        if urlsplit(url).scheme not in {"http", "https"}:
            raise CliError(f"{url!r} is not an address; it looks like https://leanda.example.org/api/v1.", USAGE)
        return LeandaClient(url, self.tokens(), trust_env=not is_loopback(url), transport=self.transport)


def state_of(context: typer.Context) -> State:
    state = context.obj
    assert isinstance(state, State)
    return state


def is_loopback(url: str) -> bool:
    """Whether an address is this machine, which no proxy reaches."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
