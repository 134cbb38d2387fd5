"""Boto3 clients for the cloud on this machine, untouched by the developer's own AWS settings."""

import os
import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

ROOT_KEY = "test"
"""The access key, and the secret, that ministack treats as the root of its default account."""


@dataclass(frozen=True, slots=True)
class CloudEndpoint:
    """Where the local cloud listens, and the account and region it plays."""

    url: str
    region: str = "eu-west-1"
    account: str = "000000000000"


@dataclass(slots=True)
class Aws:
    """Clients that act as the root of the local account; one per service, shared by all threads."""

    endpoint: CloudEndpoint
    read_timeout: float = 60
    _clients: dict[str, Any] = field(default_factory=dict)
    _session: boto3.Session | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:  # stubs exist for a few of the services only
        """The client of a service, made on first use. Creating clients is not thread-safe in boto3, using them is."""
        with self._lock:
            if service not in self._clients:
                self._session = self._session or _isolated_session(self.endpoint.region)
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.endpoint.url,
                    config=Config(
                        proxies={},
                        retries={"total_max_attempts": 2},
                        read_timeout=self.read_timeout,
                        max_pool_connections=32,
                    ),
                )
            return self._clients[service]


def _isolated_session(region: str) -> boto3.Session:
    """A session that reads no profile, no configuration file and no key from the environment.

    A developer's `AWS_PROFILE` or proxy would otherwise break the local cloud, or worse, send its calls to a real account.
    """
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=region, botocore_session=core
    )
