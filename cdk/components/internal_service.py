"""`InternalServices`: one internal load balancer, path rules to the contexts' internal APIs, and Cloud Map to find it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_servicediscovery as servicediscovery
from constructs import Construct

from cdk.components.parameters import Parameters
from cdk.config import Environment, arn, compact, construct_id
from cdk.contexts.table import Context, InternalApi

_NOT_FOUND: Final = compact(
    {"type": "urn:leanda:problem:NOT_FOUND", "title": "There is no such service.", "status": 404, "code": "NOT_FOUND"}
)


class InternalServices(Construct):
    """Everything behind `internal_api` handlers. A service is registered with its base URL in the attribute `url`."""

    def __init__(
        self, scope: Construct, environment: Environment, parameters: Parameters, contexts: Iterable[Context]
    ) -> None:
        super().__init__(scope, "Internal")
        self._environment, self._parameters = environment, parameters
        self.balancer = elb.CfnLoadBalancer(
            self,
            "Balancer",
            name=environment.load_balancer,
            scheme="internal",
            type="application",
            subnets=parameters.subnet_ids,
            security_groups=[parameters.security_group("internal")],
            load_balancer_attributes=[
                elb.CfnLoadBalancer.LoadBalancerAttributeProperty(
                    key="routing.http.drop_invalid_header_fields.enabled", value="true"
                )
            ],
        )
        self._listener = elb.CfnListener(
            self,
            "Listener",
            load_balancer_arn=self.balancer.ref,
            port=80,
            protocol="HTTP",
            default_actions=[
                elb.CfnListener.ActionProperty(
                    type="fixed-response",
                    fixed_response_config=elb.CfnListener.FixedResponseConfigProperty(
                        status_code="404", content_type="application/json", message_body=_NOT_FOUND
                    ),
                )
            ],
        )
        self._namespace = servicediscovery.CfnHttpNamespace(
            self, "Namespace", name=environment.namespace, description="Internal services of Leanda"
        )
        priority = 10
        for context in contexts:
            for _, function in context.functions():
                if isinstance(function, InternalApi):
                    self._service(context, function, priority)
                    priority += 10

    @property
    def _url(self) -> str:
        if self._environment.is_local:
            return f"{self._parameters.gateway_url}/_alb/{self._environment.load_balancer}"
        return f"http://{self.balancer.attr_dns_name}"

    def _service(self, context: Context, function: InternalApi, priority: int) -> None:
        name = construct_id(context.name)
        arn_of_function = self._environment.function_arn(context.name, function.handler)
        group_name = f"{self._environment.stack(context.name)}-internal"
        permission = lambda_.CfnPermission(
            self,
            f"{name}Permission",
            action="lambda:InvokeFunction",
            function_name=self._environment.function(context.name, function.handler),
            principal="elasticloadbalancing.amazonaws.com",
            source_arn=arn("elasticloadbalancing", f"targetgroup/{group_name}/*"),
        )
        group = elb.CfnTargetGroup(
            self,
            f"{name}Targets",
            name=group_name,
            target_type="lambda",
            targets=[elb.CfnTargetGroup.TargetDescriptionProperty(id=arn_of_function)],
            target_group_attributes=[
                elb.CfnTargetGroup.TargetGroupAttributeProperty(key="lambda.multi_value_headers.enabled", value="false")
            ],
        )
        group.add_resource_dependency(permission)
        elb.CfnListenerRule(
            self,
            f"{name}Rule",
            listener_arn=self._listener.ref,
            priority=priority,
            conditions=[
                elb.CfnListenerRule.RuleConditionProperty(
                    field="path-pattern",
                    path_pattern_config=elb.CfnListenerRule.PathPatternConfigProperty(values=list(function.paths)),
                )
            ],
            actions=[elb.CfnListenerRule.ActionProperty(type="forward", target_group_arn=group.ref)],
        )
        service = servicediscovery.CfnService(
            self,
            f"{name}Service",
            name=context.name,
            namespace_id=self._namespace.attr_id,
            type="HTTP",
            # `platform.probe` says whether the service answers; Cloud Map itself asks nobody.
            health_check_custom_config=servicediscovery.CfnService.HealthCheckCustomConfigProperty(failure_threshold=1),
        )
        servicediscovery.CfnInstance(
            self,
            f"{name}Instance",
            service_id=service.attr_id,
            instance_id="internal",
            instance_attributes={"url": self._url},
        )
