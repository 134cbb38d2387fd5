"""`SetupFunction`: a function that prepares a store, run by CloudFormation whenever its code changed.

The local cloud has no way to call back into a deployment; it invokes these functions itself, right after it.
"""

from __future__ import annotations

import hashlib

import aws_cdk as cdk
from constructs import Construct

from cdk.components.function import LeandaFunction, Place
from cdk.contexts.table import Package, Setup


class SetupFunction(Construct):
    """A custom resource `Custom::Setup` whose `Version` is the hash of the code behind it."""

    def __init__(self, scope: Construct, place: Place, package: Package, row: Setup) -> None:
        super().__init__(scope, f"Run{package.name.title()}{row.handler.title()}")
        self.function = LeandaFunction(self, place, package, row)
        if place.environment.is_local:
            return
        code = f"{self.function.asset.digest} {place.staging.layer().digest}"
        cdk.CfnResource(
            self,
            "Run",
            type="Custom::Setup",
            properties={
                "ServiceToken": self.function.resource.attr_arn,
                "ServiceTimeout": row.timeout + 60,
                "Version": hashlib.sha256(code.encode()).hexdigest()[:16],
            },
        )
