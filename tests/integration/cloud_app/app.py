"""A small application with one of each thing the local cloud must carry; it is no part of the product.

Two stacks, so that references cross: `Ground` holds what lasts, `Roof` the functions. Usage: python app.py <output folder>
"""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as balancing
from aws_cdk import aws_elasticloadbalancingv2_targets as balancing_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

HERE = Path(__file__).parent
CLUSTER = "arn:aws:kafka:eu-west-1:000000000000:cluster/any/00000000-0000-0000-0000-000000000000-s1"


class Ground(cdk.Stack):
    """Bucket, queues, layer, user pool, secret."""

    def __init__(self, scope: cdk.App) -> None:
        super().__init__(scope, "Ground")
        self.layer = lambda_.LayerVersion(self, "Words", code=lambda_.Code.from_asset(str(HERE / "layer")))
        self.dead_letters = sqs.Queue(self, "DeadLetters", queue_name="lab-uploads-dead")
        self.uploads = sqs.Queue(
            self,
            "Uploads",
            queue_name="lab-uploads",
            visibility_timeout=cdk.Duration.seconds(6),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=2),
        )
        self.bucket = s3.Bucket(self, "Files", bucket_name="lab-files", versioned=True)
        self.uploads.grant_send_messages(
            iam.ServicePrincipal(
                "s3.amazonaws.com", conditions={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::lab-files"}}
            )
        )
        bucket = self.bucket.node.default_child
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.uploads.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value="inbox/")]
                        )
                    ),
                )
            ]
        )
        bucket.add_dependency(self.uploads.node.find_child("Policy").node.default_child)
        self.secret = secretsmanager.Secret(
            self,
            "Key",
            secret_name="lab/key",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=32),
        )
        self.pool = cognito.UserPool(
            self, "People", self_sign_up_enabled=True, sign_in_aliases=cognito.SignInAliases(email=True)
        )
        self.web = self.pool.add_client("Web", auth_flows=cognito.AuthFlow(user_password=True))
        other = cognito.UserPool(self, "Strangers", sign_in_aliases=cognito.SignInAliases(email=True))
        strange = other.add_client("Web", auth_flows=cognito.AuthFlow(user_password=True))
        for key, value in {
            "PoolId": self.pool.user_pool_id,
            "ClientId": self.web.user_pool_client_id,
            "StrangePoolId": other.user_pool_id,
            "StrangeClientId": strange.user_pool_client_id,
        }.items():
            cdk.CfnOutput(self, key, value=value)


class Roof(cdk.Stack):
    """Functions, REST API, internal load balancer, Kafka mapping, custom resource."""

    def __init__(self, scope: cdk.App, ground: Ground) -> None:
        super().__init__(scope, "Roof")
        self.ground = ground
        self.functions: dict[str, lambda_.Function] = {}
        greeting = cdk.CfnParameter(self, "Greeting", default="hello")
        hello = self.function("hello", environment={"GREETING": greeting.value_as_string})
        for name in ("slow", "bomb", "crash", "broken_import"):
            self.function(name, timeout=2)
        self.function("secret_reader", environment={"SECRET": "lab/key"})
        ground.secret.grant_read(self.functions["secret_reader"])
        on_upload = self.function("on_upload", timeout=5)
        on_upload.add_event_source(sources.SqsEventSource(ground.uploads, batch_size=10))
        ground.bucket.grant_read(on_upload, "inbox/*")
        ground.bucket.grant_put(on_upload, "out/*")
        inbox = self.function("inbox")
        ground.bucket.grant_put(inbox, "inbox/*")
        inbox.add_environment("INBOX_ROLE", "arn:aws:iam::000000000000:role/lab-inbox-user")
        inbox_user = iam.Role(self, "InboxUser", role_name="lab-inbox-user", assumed_by=inbox.role)
        ground.bucket.grant_put(inbox_user, "inbox/*")
        ground.bucket.grant_read(inbox_user)
        inbox.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[inbox_user.role_arn])
        )
        self.api(hello)
        self.balancer(hello)
        self.kafka_mapping(hello)
        custom = self.function("custom", timeout=5)
        made = cdk.CustomResource(
            self,
            "Made",
            resource_type="Custom::Made",
            service_token=custom.function_arn,
            properties={"Word": greeting.value_as_string},
        )
        made.node.add_dependency(custom)
        cdk.CfnOutput(self, "MadeWord", value=made.get_att_string("Word"))

    def function(self, name: str, *, timeout: int = 10, environment: dict[str, str] | None = None) -> lambda_.Function:
        dashed = name.replace("_", "-")
        role = iam.Role(
            self, f"{name}Role", role_name=f"lab-{dashed}", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.functions[name] = lambda_.Function(
            self,
            name,
            function_name=f"lab-{dashed}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            code=lambda_.Code.from_asset(str(HERE / "code")),
            handler=f"handlers.{name}" if name != "broken_import" else "nowhere.handler",
            layers=[self.ground.layer],
            role=role,
            memory_size=256,
            timeout=cdk.Duration.seconds(timeout),
            environment=environment,
        )
        return self.functions[name]

    def api(self, hello: lambda_.Function) -> None:
        api = apigateway.RestApi(
            self, "Api", deploy_options=apigateway.StageOptions(stage_name="v1"), cloud_watch_role=False
        )
        secured = {
            "authorizer": apigateway.CognitoUserPoolsAuthorizer(self, "Tokens", cognito_user_pools=[self.ground.pool]),
            "authorization_type": apigateway.AuthorizationType.COGNITO,
        }
        integration = apigateway.LambdaIntegration(hello)
        api.root.add_resource("hello").add_method("GET", integration, **secured)
        api.root.add_resource("scoped").add_method(
            "GET", integration, authorization_scopes=["aws.cognito.signin.user.admin"], **secured
        )
        schema = apigateway.JsonSchema(type=apigateway.JsonSchemaType.OBJECT, required=["name"])
        model = api.add_model("NewFile", content_type="application/json", schema=schema)
        api.root.add_resource("files").add_method(
            "POST",
            integration,
            request_models={"application/json": model},
            request_validator_options=apigateway.RequestValidatorOptions(validate_request_body=True),
        )
        cdk.CfnOutput(self, "ApiId", value=api.rest_api_id)

    def balancer(self, hello: lambda_.Function) -> None:
        vpc = ec2.Vpc(
            self,
            "Network",
            availability_zones=["eu-west-1a", "eu-west-1b"],
            nat_gateways=0,
            subnet_configuration=[ec2.SubnetConfiguration(name="inside", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        )
        balancer = balancing.ApplicationLoadBalancer(
            self,
            "Inside",
            vpc=vpc,
            load_balancer_name="lab-inside",
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        )
        listener = balancer.add_listener("Http", port=80, open=False)
        listener.add_targets("Hello", targets=[balancing_targets.LambdaTarget(hello)])

    def kafka_mapping(self, hello: lambda_.Function) -> None:
        hello.add_event_source(
            sources.ManagedKafkaEventSource(
                cluster_arn=CLUSTER,
                topic="words",
                consumer_group_id="readers",
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=50,
                max_batching_window=cdk.Duration.seconds(1),
                provisioned_poller_config=sources.ProvisionedPollerConfig(minimum_pollers=1, maximum_pollers=2),
                bisect_batch_on_error=True,
                retry_attempts=3,
                max_record_age=cdk.Duration.hours(1),
                report_batch_item_failures=True,
                on_failure=sources.S3OnFailureDestination(self.ground.bucket),
                filters=[lambda_.FilterCriteria.filter({"value": {"type": lambda_.FilterRule.is_equal("word.v1")}})],
            )
        )


def main() -> None:
    app = cdk.App(outdir=sys.argv[1], context={"aws:cdk:disable-asset-staging": False})
    Roof(app, Ground(app))
    app.synth()


if __name__ == "__main__":
    main()
