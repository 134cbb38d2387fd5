"""Users: profiles, written on sign-up or on the first request."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Cache, DocumentStore, KafkaProducer
from cdk.contexts.table import Api, Context, Package, Route, Scheduled, Setup, Signup, json_object

_STORE, _PRODUCER = DocumentStore(), KafkaProducer()

USERS: Final = Context(
    "users",
    packages=(
        Package(
            "users",
            functions=(
                Api(uses=(_STORE, _PRODUCER, Cache())),
                Signup(handler="on_signup", uses=(_STORE, _PRODUCER)),
                Scheduled(handler="relay", uses=(_STORE, _PRODUCER)),
                Setup(uses=(_STORE,)),
            ),
        ),
    ),
    routes=(
        Route("GET", "/me"),
        Route("PATCH", "/me", body=json_object()),
        Route("GET", "/users/{id}"),
    ),
)
