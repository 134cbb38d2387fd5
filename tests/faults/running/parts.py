"""Takes parts of the running cloud away for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from local.stack.parts import order
from tests.cloud import Cloud


@contextmanager
def without(cloud: Cloud, *parts: str, verb: str = "kill") -> Iterator[None]:
    """No such part within the block; after it they answer again."""
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda part: order(cloud.outputs["controlUrl"], part, verb), parts))
        try:
            yield
        finally:
            list(pool.map(lambda part: order(cloud.outputs["controlUrl"], part, "start"), parts))


@contextmanager
def with_environment(cloud: Cloud, changes: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Some functions (short names) have other environment variables within the block, in new sandboxes."""
    before = {name: cloud.environment(name) for name in changes}
    try:
        _configure(cloud, {name: {**before[name], **changes[name]} for name in changes})
        yield
    finally:
        _configure(cloud, before)


def _configure(cloud: Cloud, environments: Mapping[str, Mapping[str, str]]) -> None:
    functions = {cloud.full_name(name): variables for name, variables in environments.items()}
    for function, variables in functions.items():
        cloud.aws.client("lambda").update_function_configuration(
            FunctionName=function, Environment={"Variables": dict(variables)}
        )
    url = f"{cloud.outputs['lambdaHostUrl']}/reload"
    httpx.post(url, json={"functions": list(functions)}, timeout=60, trust_env=False).raise_for_status()
