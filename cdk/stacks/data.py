"""What must outlive a deployment: buckets, secrets and, on AWS, the engines."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk.components.buckets import Buckets
from cdk.components.engines import Engines
from cdk.components.parameters import Parameters
from cdk.components.uses import Cursors, DocumentStore
from cdk.config import Environment, compact, construct_id
from cdk.contexts.table import Context


class DataStack(cdk.Stack):
    """Stateful resources. Only `blobs` is given the originals, only a context its own secrets."""

    def __init__(
        self,
        scope: cdk.App,
        environment: Environment,
        contexts: Iterable[Context],
        synthesizer: cdk.IStackSynthesizer,
    ) -> None:
        name = environment.stack("data")
        super().__init__(scope, name, stack_name=name, synthesizer=synthesizer, description="Leanda: data")
        self._environment = environment
        Buckets(self, environment)
        for context in contexts:
            kinds = {type(use) for _, function in context.functions() for use in function.uses}
            if DocumentStore in kinds:
                self._secret(context, "document-store", username=context.name)
            if Cursors in kinds:
                self._secret(context, "cursor")
        if not environment.is_local:
            Engines(self, environment, Parameters(self, environment))

    def _secret(self, context: Context, purpose: str, *, username: str | None = None) -> None:
        """A secret that nobody chose: 48 letters and digits, with a user name beside them where one logs in."""
        secret = secretsmanager.CfnSecret(
            self,
            construct_id(f"{context.name}-{purpose}-secret"),
            name=self._environment.secret(context.name, purpose),
            description=f"Leanda: {purpose} of {context.name}",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                password_length=48,
                exclude_punctuation=True,
                secret_string_template=compact({"username": username}) if username else None,
                generate_string_key="password" if username else None,
            ),
        )
        if self._environment.retain:
            secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
