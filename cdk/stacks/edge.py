"""The edge, deployed last: identity, the public API, the internal load balancer, and what a client or an operator must know."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk

from cdk.components.identity import Identity
from cdk.components.internal_service import InternalServices
from cdk.components.parameters import Parameters
from cdk.components.public_api import PublicApi
from cdk.config import Environment
from cdk.contexts.table import Context, Setup


class EdgeStack(cdk.Stack):
    """Speaks of every function by its computed name, so it follows the contexts and they know nothing of it."""

    def __init__(
        self,
        scope: cdk.App,
        environment: Environment,
        contexts: Sequence[Context],
        version: str,
        synthesizer: cdk.IStackSynthesizer,
    ) -> None:
        name = environment.stack("edge")
        super().__init__(scope, name, stack_name=name, synthesizer=synthesizer, description="Leanda: edge")
        parameters = Parameters(self, environment)
        identity = Identity(self, environment)
        api = PublicApi(self, environment, contexts=contexts, pool=identity.pool, version=version)
        InternalServices(self, environment, parameters, contexts)

        host = (
            f"{parameters.gateway_url}/_aws/execute-api/{api.rest.rest_api_id}"
            if environment.is_local
            else f"https://{api.rest.rest_api_id}.execute-api.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"
        )
        setups = [
            environment.function(package.name, function.handler)
            for context in contexts
            for package, function in context.functions()
            if isinstance(function, Setup)
        ]
        for output, value in {
            "ApiUrl": f"{host}/{api.path}",
            "Region": cdk.Aws.REGION,
            "UserPoolId": identity.pool.user_pool_id,
            "UserPoolClientId": identity.people.ref,
            "MachineClientId": identity.machines.ref,
            "InboxBucket": environment.bucket("originals"),
            "FailuresBucket": environment.bucket("failures"),
            "SetupFunctions": ",".join(setups),
        }.items():
            cdk.CfnOutput(self, output, value=value)
