"""`PublicApi`: the REST API under `/api/v1`, made from the contexts' routes.

The stage is called `api` and the root resource `v1`, so that the URL ends in `/api/v1` without a custom domain.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from cdk.components.identity import SCOPES
from cdk.components.permissions import Statement, policy, trust
from cdk.config import Environment, arn, compact, construct_id
from cdk.contexts.table import Context, Route

STAGE: Final = "api"
VERSION: Final = "v1"
_R = apigateway.ResponseType
# What API Gateway answers itself, in the form of `leanda.errors`: status, stable code, a sentence for people.
# An unknown route and a route with a strange signature both look absent.
GATEWAY_ERRORS: Final = (
    (_R.UNAUTHORIZED, 401, "UNAUTHORIZED", "A valid access token is required."),
    (_R.EXPIRED_TOKEN, 401, "UNAUTHORIZED", "The access token has expired."),
    (_R.ACCESS_DENIED, 403, "FORBIDDEN", "This caller may not use this operation."),
    (_R.MISSING_AUTHENTICATION_TOKEN, 404, "NOT_FOUND", "There is no such resource, or you may not see it."),
    (_R.RESOURCE_NOT_FOUND, 404, "NOT_FOUND", "There is no such resource, or you may not see it."),
    (_R.BAD_REQUEST_BODY, 400, "INVALID_REQUEST", "The request body is not valid."),
    (_R.BAD_REQUEST_PARAMETERS, 400, "INVALID_REQUEST", "The request parameters are not valid."),
    (_R.UNSUPPORTED_MEDIA_TYPE, 415, "INVALID_REQUEST", "The content type is not supported."),
    (_R.REQUEST_TOO_LARGE, 413, "INVALID_REQUEST", "The request body is too large."),
    (_R.THROTTLED, 429, "RATE_LIMITED", "Too many requests; wait and try again."),
    (_R.QUOTA_EXCEEDED, 429, "RATE_LIMITED", "Too many requests; wait and try again."),
    (_R.INTEGRATION_TIMEOUT, 504, "TEMPORARILY_UNAVAILABLE", "The answer took too long; try again."),
    (_R.INTEGRATION_FAILURE, 502, "TEMPORARILY_UNAVAILABLE", "A part of Leanda does not answer; try again."),
    (_R.DEFAULT_4_XX, None, "INVALID_REQUEST", "The request is not valid."),
    (_R.DEFAULT_5_XX, None, "INTERNAL_ERROR", "Something went wrong inside Leanda."),
)


class PublicApi(Construct):
    """One method per route: Cognito authorizer with scopes, a request validator, throttling, problem+json for errors."""

    def __init__(
        self,
        scope: Construct,
        environment: Environment,
        *,
        contexts: Iterable[Context],
        pool: cognito.IUserPool,
        version: str,
    ) -> None:
        super().__init__(scope, "Api")
        self._environment = environment
        self.rest = apigateway.RestApi(
            self,
            "Rest",
            rest_api_name=environment.prefix,
            description="Leanda: scientific files in, searchable records out",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            min_compression_size=cdk.Size.kibibytes(4),
            deploy_options=self._stage(),
        )
        if not environment.is_local:
            self._may_write_logs()
        self.rest.node.try_remove_child("Endpoint")  # The edge stack's output names the URL that clients use.
        self._authorizer = apigateway.CognitoUserPoolsAuthorizer(
            self, "Authorizer", cognito_user_pools=[pool], authorizer_name=environment.prefix
        )
        self._validator = self.rest.add_request_validator(
            "Validator",
            request_validator_name=environment.prefix,
            validate_request_body=True,
            validate_request_parameters=True,
        )
        for kind, status, code, sentence in GATEWAY_ERRORS:
            self._gateway_error(kind, status, code, sentence)
        root = self.rest.root.add_resource(VERSION)
        self._version_route(root.add_resource("version"), version)
        for context in contexts:
            for route in context.routes:
                self._route(root, context, route)
            for package, handler in sorted({_answering(context, route) for route in context.routes}):
                self._permission(package, handler)

        if not environment.is_local:
            self._firewall()

    @property
    def path(self) -> str:
        return f"{STAGE}/{VERSION}"

    def _stage(self) -> apigateway.StageOptions:
        sizes = self._environment.sizes
        if self._environment.is_local:
            return apigateway.StageOptions(
                stage_name=STAGE, throttling_rate_limit=sizes.requests_per_second, throttling_burst_limit=sizes.burst
            )
        log_group = logs.LogGroup(
            self,
            "AccessLogs",
            log_group_name=f"/aws/apigateway/{self._environment.prefix}",
            retention=logs.RetentionDays.THREE_MONTHS if self._environment.retain else logs.RetentionDays.ONE_WEEK,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        return apigateway.StageOptions(
            stage_name=STAGE,
            # The default of a stage counts per method, so a busy route does not starve the others.
            throttling_rate_limit=sizes.requests_per_second,
            throttling_burst_limit=sizes.burst,
            access_log_destination=apigateway.LogGroupLogDestination(log_group),
            access_log_format=apigateway.AccessLogFormat.custom(_ACCESS_LOG),
            metrics_enabled=True,
        )

    def _may_write_logs(self) -> None:
        """The role with which API Gateway writes access logs. It belongs to the account and region, not to one API.

        API Gateway tests the role when it is set and wants these actions on every log group.
        """
        role = iam.CfnRole(
            self,
            "LogRole",
            role_name=f"{self._environment.prefix}-api-logs",
            assume_role_policy_document=trust(service="apigateway.amazonaws.com"),
            policies=[policy("logs", (Statement("ApiGatewayLogs", _LOG_ACTIONS, ("*",)),))],
        )
        account = apigateway.CfnAccount(self, "LogAccount", cloud_watch_role_arn=role.attr_arn)
        stage = self.rest.deployment_stage.node.default_child
        if isinstance(stage, apigateway.CfnStage):
            stage.add_resource_dependency(account)

    def _firewall(self) -> None:
        """Refuses addresses that ask far too often; the limit of each user is kept by the functions."""
        rule = wafv2.CfnWebACL.RuleProperty(
            name="rate-by-address",
            priority=0,
            action=wafv2.CfnWebACL.RuleActionProperty(block={}),
            statement=wafv2.CfnWebACL.StatementProperty(
                rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                    aggregate_key_type="IP",
                    evaluation_window_sec=60,
                    limit=self._environment.sizes.requests_per_minute_and_address,
                )
            ),
            visibility_config=self._seen("rate-by-address"),
        )
        acl = wafv2.CfnWebACL(
            self,
            "Firewall",
            name=self._environment.prefix,
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[rule],
            visibility_config=self._seen("all"),
        )
        wafv2.CfnWebACLAssociation(
            self, "FirewallOfStage", resource_arn=self.rest.deployment_stage.stage_arn, web_acl_arn=acl.attr_arn
        )

    def _seen(self, what: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
        return wafv2.CfnWebACL.VisibilityConfigProperty(
            cloud_watch_metrics_enabled=True,
            metric_name=f"{self._environment.prefix}-{what}",
            sampled_requests_enabled=True,
        )

    def _gateway_error(self, kind: apigateway.ResponseType, status: int | None, code: str, sentence: str) -> None:
        problem = {
            "type": f"urn:leanda:problem:{code}",
            "title": sentence,
            "status": status or "$context.status",
            "code": code,
            "correlationId": "$context.requestId",
        }
        template = compact(problem).replace('"$context.status"', "$context.status")
        self.rest.add_gateway_response(
            construct_id(kind.response_type.lower()),
            type=kind,
            status_code=str(status) if status else None,
            response_headers={"Content-Type": "'application/problem+json'"},
            templates={"application/json": template},
        )

    def _version_route(self, resource: apigateway.Resource, version: str) -> None:
        """The one route without a function: API Gateway answers by a template, and everybody may ask."""
        answer = compact({"service": "leanda", "environment": self._environment.name, "version": version})
        resource.add_method(
            "GET",
            apigateway.MockIntegration(
                request_templates={"application/json": '{"statusCode":200}'},
                integration_responses=[
                    apigateway.IntegrationResponse(status_code="200", response_templates={"application/json": answer})
                ],
            ),
            authorization_type=apigateway.AuthorizationType.NONE,
            method_responses=[apigateway.MethodResponse(status_code="200")],
        )

    def _route(self, root: apigateway.Resource, context: Context, route: Route) -> None:
        resource: apigateway.IResource = root
        for part in route.path.strip("/").split("/"):
            resource = resource.get_resource(part) or resource.add_resource(part)
        model = self._model(context, route)
        resource.add_method(
            route.method,
            self._integration(*_answering(context, route)),
            authorization_type=apigateway.AuthorizationType.COGNITO,
            authorizer=self._authorizer,
            authorization_scopes=list(SCOPES),
            request_validator=self._validator,
            request_models={"application/json": model} if model else None,
            request_parameters={f"method.request.querystring.{name}": True for name in route.query} or None,
        )

    def _integration(self, package: str, handler: str) -> apigateway.Integration:
        function = self._environment.function_arn(package, handler)
        return apigateway.Integration(
            type=apigateway.IntegrationType.AWS_PROXY,
            integration_http_method="POST",
            uri=f"arn:{cdk.Aws.PARTITION}:apigateway:{cdk.Aws.REGION}:lambda:path/2015-03-31/functions/{function}/invocations",
        )

    def _model(self, context: Context, route: Route) -> apigateway.IModel | None:
        if route.body is None:
            return None
        name = construct_id(
            f"{context.name}-{route.method.lower()}{route.path.replace('/', '-').translate(_NO_BRACES)}"
        )
        model = apigateway.CfnModel(
            self,
            f"{name}Model",
            rest_api_id=self.rest.rest_api_id,
            name=name,
            content_type="application/json",
            schema={"$schema": "http://json-schema.org/draft-04/schema#", "title": name, **route.body},
        )
        return apigateway.Model.from_model_name(self, name, model.ref)

    def _permission(self, package: str, handler: str) -> None:
        lambda_.CfnPermission(
            self,
            f"{construct_id(package)}{construct_id(handler)}Permission",
            action="lambda:InvokeFunction",
            function_name=self._environment.function(package, handler),
            principal="apigateway.amazonaws.com",
            source_arn=arn("execute-api", f"{self.rest.rest_api_id}/{STAGE}/*/{VERSION}/*"),
        )


def _answering(context: Context, route: Route) -> tuple[str, str]:
    """Package and handler of the function that answers a route."""
    return route.package or context.name, route.handler


_LOG_ACTIONS: Final = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
)
_NO_BRACES: Final = str.maketrans("", "", "{}")
# Ids and timings only: no tokens, no bodies, no addresses beyond what the source IP is.
_ACCESS_LOG: Final = compact(
    {
        "requestId": "$context.requestId",
        "sub": "$context.authorizer.claims.sub",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "functionLatency": "$context.integrationLatency",
        "length": "$context.responseLength",
        "error": "$context.error.responseType",
        "sourceIp": "$context.identity.sourceIp",
    }
)
