"""`docs/settings.md`: the environment of each function, and the variables that people set.

Which keys a function has comes from the synthesized template. What a key means stands here, once; a key without a sentence,
or a sentence without a key, stops the generator.
"""

from __future__ import annotations

import re
from typing import Final

from tools.generate.places import ROOT
from tools.generate.tables import page, table
from tools.generate.template import functions

KEYS: Final = {
    "ACCOUNT_ID": "The account whose roles may call the internal API.",
    "ALLOWED_CALLERS": "JSON: for each operation of the internal API the names of the roles that may call it.",
    "ARTEFACTS_BUCKET": "Bucket of artefacts: bodies too big for an event.",
    "CACHE_URL": "Valkey; without it everything works, only slower.",
    "CONSUMERS": "Names of the consumers that a dead letter may be delivered to again.",
    "FAILURES_BUCKET": "Bucket of batches that a mapping gave up on.",
    "FUNCTION_PREFIX": "What the names of this deployment's functions begin with.",
    "NUDGED_FUNCTION": "The function that is told when letters wait for it.",
    "PICTURES_BUCKET": "Bucket in which drawn pictures are kept, under `pictures/`.",
    "QUEUES_BEHIND": "JSON: for each dead-letter queue the consumer behind the queue that it belongs to.",
    "CURSOR_SECRET": "Name of the secret that signs cursors of paged answers.",
    "DEAD_LETTER_QUEUE_URL": "The function's own queue for what it gave up on.",
    "DISCOVERY_NAMESPACE": "Cloud Map namespace of the internal services.",
    "DOCUMENT_STORE_AUTH": "`secret` (user and password from Secrets Manager) or `none` (one machine).",
    "DOCUMENT_STORE_DATABASE": "The database of the context. Nobody else reads it.",
    "DOCUMENT_STORE_SECRET": "Name of the secret with the context's credentials.",
    "DOCUMENT_STORE_URL": "DocumentDB, or anything that speaks MongoDB's protocol.",
    "INBOX_ROLE_ARN": "The role that inbox credentials are made of, narrowed to one user's prefix.",
    "KAFKA_AUTH": "`iam` (MSK) or `none` (one machine).",
    "KAFKA_BOOTSTRAP": "Kafka's bootstrap servers.",
    "LEANDA_ENVIRONMENT": "`local`, `dev` or `prod`.",
    "LEANDA_FUNCTION": "The function's full name; Kafka clients and logs carry it.",
    "LOG_LEVEL": "`INFO`; `DEBUG` says more.",
    "OPENSEARCH_AUTH": "`iam` (signed requests) or `none` (one machine).",
    "OPENSEARCH_URL": "The search domain.",
    "ORIGINALS_BUCKET": "Bucket of originals.",
}
PEOPLE: Final = {
    "LEANDA_API_URL": "`leanda`: another installation than the local one; ends in `/api/v1`.",
    "LEANDA_CACHE": "Local cloud: folder of downloads that checkouts share; default `~/.cache/leanda`.",
    "LEANDA_CACHE_URL": "Local cloud: your Valkey or Redis instead of the one that it starts.",
    "LEANDA_CLIENT_ID": "`leanda`: app client of the user pool.",
    "LEANDA_DOCUMENT_STORE_URL": "Local cloud: your MongoDB or DocumentDB instead of the one that it starts.",
    "LEANDA_KEEP_CLOUD": "Tests: `1` leaves their local cloud running for the next run.",
    "LEANDA_KAFKA_BOOTSTRAP": "Local cloud: your Kafka instead of the one that it starts.",
    "LEANDA_OPENSEARCH_URL": "Local cloud: your OpenSearch instead of the one that it starts.",
    "LEANDA_PASSWORD": "`leanda`: the password of `LEANDA_USER`.",
    "LEANDA_REGION": "`leanda`: AWS region of the user pool.",
    "LEANDA_SAMPLES": "Tests: folder of the real sample files; without it the tests that need them say so and skip.",
    "LEANDA_SEED": "Tests: repeats the misbehaviour of a run whose seed was printed.",
    "LEANDA_TOKEN": "`leanda`: an access token; then nobody needs to sign in.",
    "LEANDA_USER": "`leanda`: sign in as this user.",
    "PYTHON313": "`make`: a Python 3.13 that is not on PATH.",
}
_READ_FROM: Final = ("cli", "client", "local", "tests")
_EVERY_FUNCTION: Final = ("LEANDA_ENVIRONMENT", "LEANDA_FUNCTION", "LOG_LEVEL")


class Unexplained(Exception):
    """A key without a sentence, or a sentence without a key."""


def settings() -> str:
    used = {key for function in functions() for key in function.variables}
    if used != KEYS.keys():
        raise Unexplained(f"KEYS in tools/generate/settings.py and the functions differ: {sorted(used ^ KEYS.keys())}")
    people = read_by_people()
    if people - PEOPLE.keys():
        raise Unexplained(f"PEOPLE in tools/generate/settings.py lacks {sorted(people - PEOPLE.keys())}")
    return page(
        "Settings",
        "## What people set",
        "Nothing needs to be set. These change something:",
        table(("Variable", "Meaning"), [(f"`{name}`", text) for name, text in PEOPLE.items()]),
        "## What functions are given",
        "CDK sets them; each handler's settings class reads them once, on the first call. Every function has "
        + ", ".join(f"`{key}`" for key in _EVERY_FUNCTION)
        + ".",
        table(("Key", "Meaning"), [(f"`{key}`", text) for key, text in KEYS.items()]),
        table(
            ("Function", "Keys"),
            [
                (
                    f"`{one.name}`",
                    ", ".join(f"`{key}`" for key in one.variables if key not in _EVERY_FUNCTION) or "none",
                )
                for one in functions()
            ],
        ),
    )


def read_by_people() -> set[str]:
    """Names of variables in the code that runs on a person's machine."""
    found: set[str] = set()
    for folder in _READ_FROM:
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r"[\"'](LEANDA_[A-Z0-9]+(?:_[A-Z0-9]+)*)[\"']", path.read_text()))
    return found - KEYS.keys()
