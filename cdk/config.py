"""The environments and every name in them. Whatever is called something on AWS gets its name here.

Names are explicit, so that one stack can speak of another's function, role, bucket or queue without an export.
Values that AWS chooses (ids, endpoints) travel by SSM parameters, whose names are made here too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import Aws

EnvironmentName = Literal["local", "dev", "prod"]
ENVIRONMENT_NAMES: Final[tuple[EnvironmentName, ...]] = ("local", "dev", "prod")

PROJECT: Final = "leanda"
# The poller of the local cloud only compares it; no such cluster exists.
LOCAL_CLUSTER_ID: Final = "00000000-0000-0000-0000-000000000000-s1"


def dashed(name: str) -> str:
    """`on_file_events` → `on-file-events`: AWS names carry dashes, modules underscores."""
    return name.replace("_", "-").replace("/", "-")


def construct_id(name: str) -> str:
    """`on_file_events` → `OnFileEvents`."""
    return "".join(part.capitalize() for part in dashed(name).split("-"))


@dataclass(frozen=True)
class Sizes:
    """What differs between a developer's copy and the real thing, beside names."""

    log_retention_days: int
    picture_days: int
    failure_days: int
    document_store_instances: int
    document_store_class: str
    search_data_nodes: int
    search_instance: str
    search_volume_gib: int
    requests_per_second: int
    burst: int
    requests_per_minute_and_address: int


@dataclass(frozen=True)
class Environment:
    """One environment: its sizes, its switches and the names of all that lives in it."""

    name: EnvironmentName
    sizes: Sizes
    retain: bool
    """Keep buckets, stores and the user pool when a stack is deleted, and protect them from deletion."""

    @property
    def is_local(self) -> bool:
        return self.name == "local"

    @property
    def prefix(self) -> str:
        return f"{PROJECT}-{self.name}"

    # --- names --------------------------------------------------------------------------------------------------------

    def stack(self, part: str) -> str:
        return f"{self.prefix}-{dashed(part)}"

    def function(self, context: str, handler: str) -> str:
        return f"{self.prefix}-{dashed(context)}-{dashed(handler)}"

    def role(self, context: str, handler: str) -> str:
        """A function's role has the function's name: identity between services is the role."""
        return self.function(context, handler)

    def queue(self, context: str, purpose: str) -> str:
        return f"{self.prefix}-{dashed(context)}-{dashed(purpose)}"

    def dead_letter_queue(self, context: str, handler: str) -> str:
        return f"{self.function(context, handler)}-dlq"

    def bucket(self, purpose: str) -> str:
        """Bucket names are global on AWS, hence account and region in them."""
        name = f"{self.prefix}-{purpose}"
        return name if self.is_local else f"{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"

    def secret(self, context: str, purpose: str) -> str:
        return f"{self.prefix}-{dashed(context)}-{purpose}"

    def parameter(self, *path: str) -> str:
        return f"/{PROJECT}/{self.name}/{'/'.join(path)}"

    @staticmethod
    def consumer_group(context: str, handler: str) -> str:
        return f"{dashed(context)}-{dashed(handler)}"

    def log_group(self, context: str, handler: str) -> str:
        return f"/aws/lambda/{self.function(context, handler)}"

    @property
    def inbox_role(self) -> str:
        return f"{self.prefix}-inbox"

    @property
    def namespace(self) -> str:
        """The Cloud Map namespace of the internal services."""
        return self.prefix

    @property
    def load_balancer(self) -> str:
        return f"{self.prefix}-internal"

    @property
    def search_domain(self) -> str:
        return self.prefix

    @property
    def kafka_cluster(self) -> str:
        return self.prefix

    @property
    def poller_group(self) -> str:
        """All mappings share one group: ten pollers to one event-poller unit instead of one unit each."""
        return self.prefix

    # --- ARNs of what has a computed name -----------------------------------------------------------------------------

    def function_arn(self, context: str, handler: str) -> str:
        return arn("lambda", f"function:{self.function(context, handler)}")

    def role_arn(self, name: str) -> str:
        return f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/{name}"

    def queue_arn(self, name: str) -> str:
        return arn("sqs", name)

    def bucket_arn(self, purpose: str, keys: str = "") -> str:
        """The bucket, or with `keys` (`uploads/*`) its objects."""
        bucket = f"arn:{Aws.PARTITION}:s3:::{self.bucket(purpose)}"
        return f"{bucket}/{keys}" if keys else bucket

    def secret_arn(self, name: str) -> str:
        """Secrets Manager appends six random characters to a secret's name; `?` stands for each."""
        return arn("secretsmanager", f"secret:{name}-??????")

    def log_group_arn(self, context: str, handler: str) -> str:
        return arn("logs", f"log-group:{self.log_group(context, handler)}:*")


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in this account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


_SMALL: Final = Sizes(
    log_retention_days=7,
    picture_days=30,
    failure_days=30,
    document_store_instances=1,
    document_store_class="t4g.medium",
    search_data_nodes=1,
    search_instance="t3.small.search",
    search_volume_gib=20,
    requests_per_second=100,
    burst=200,
    requests_per_minute_and_address=3000,
)
_REAL: Final = Sizes(
    log_retention_days=90,
    picture_days=60,
    failure_days=180,
    document_store_instances=2,
    document_store_class="r6g.large",
    search_data_nodes=2,
    search_instance="m7g.large.search",
    search_volume_gib=200,
    requests_per_second=1000,
    burst=2000,
    requests_per_minute_and_address=6000,
)

ENVIRONMENTS: Final[dict[EnvironmentName, Environment]] = {
    "local": Environment("local", _SMALL, retain=False),
    "dev": Environment("dev", _SMALL, retain=False),
    "prod": Environment("prod", _REAL, retain=True),
}


def environment(name: str) -> Environment:
    """The environment of that name.

    Raises:
        ValueError: there is no such environment.
    """
    for known, value in ENVIRONMENTS.items():
        if known == name:
            return value
    raise ValueError(f"There is no environment {name!r}; choose one of {', '.join(ENVIRONMENTS)}.")


def compact(value: object) -> str:
    """JSON for an environment variable: no blanks, keys sorted, so that templates differ only when content does."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
