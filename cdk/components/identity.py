"""Who is who: the user pool, its clients for people and machines, the scope of the API, the group of operators."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.config import Environment

# Every access token of a signed-in person has the first scope, machine tokens have the second; either will do.
SCOPE_OF_PEOPLE: Final = "aws.cognito.signin.user.admin"
SCOPE_OF_MACHINES: Final = "leanda/api"
SCOPES: Final = (SCOPE_OF_PEOPLE, SCOPE_OF_MACHINES)


class Identity(Construct):
    """The user pool. `users.on_signup` learns of every confirmed sign-up."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Identity")
        on_signup = environment.function_arn("users", "on_signup")
        self.pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=environment.prefix,
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=cdk.Duration.days(3),
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=environment.retain,
            removal_policy=cdk.RemovalPolicy.RETAIN if environment.retain else cdk.RemovalPolicy.DESTROY,
        )
        pool = self.pool.node.default_child
        if not isinstance(pool, cognito.CfnUserPool):
            raise TypeError("The user pool has no CloudFormation resource to hook the trigger to.")
        pool.lambda_config = cognito.CfnUserPool.LambdaConfigProperty(post_confirmation=on_signup)
        lambda_.CfnPermission(
            self,
            "SignupPermission",
            action="lambda:InvokeFunction",
            function_name=on_signup,
            principal="cognito-idp.amazonaws.com",
            source_arn=self.pool.user_pool_arn,
        )
        cognito.CfnUserPoolGroup(
            self,
            "Operators",
            user_pool_id=self.pool.user_pool_id,
            group_name="operators",
            description="May inspect and redrive dead letters",
        )
        cognito.CfnUserPoolDomain(
            self,
            "Domain",
            user_pool_id=self.pool.user_pool_id,
            domain=environment.prefix if environment.is_local else f"{environment.prefix}-{cdk.Aws.ACCOUNT_ID}",
        )
        self.people = cognito.CfnUserPoolClient(
            self,
            "People",
            client_name=f"{environment.prefix}-people",
            user_pool_id=self.pool.user_pool_id,
            explicit_auth_flows=["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"],
            generate_secret=False,
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=60,
            id_token_validity=60,
            token_validity_units=_minutes(),
        )
        server = cognito.CfnUserPoolResourceServer(
            self,
            "Server",
            user_pool_id=self.pool.user_pool_id,
            identifier="leanda",
            name="leanda",
            scopes=[
                cognito.CfnUserPoolResourceServer.ResourceServerScopeTypeProperty(
                    scope_name="api", scope_description="Use the API"
                )
            ],
        )
        self.machines = cognito.CfnUserPoolClient(
            self,
            "Machines",
            client_name=f"{environment.prefix}-machines",
            user_pool_id=self.pool.user_pool_id,
            generate_secret=True,
            allowed_o_auth_flows=["client_credentials"],
            allowed_o_auth_flows_user_pool_client=True,
            allowed_o_auth_scopes=[SCOPE_OF_MACHINES],
            access_token_validity=60,
            id_token_validity=60,
            token_validity_units=_minutes(),
        )
        self.machines.add_resource_dependency(server)


def _minutes() -> cognito.CfnUserPoolClient.TokenValidityUnitsProperty:
    return cognito.CfnUserPoolClient.TokenValidityUnitsProperty(
        access_token="minutes",  # noqa: S106 - the unit, not a token
        id_token="minutes",  # noqa: S106
    )
