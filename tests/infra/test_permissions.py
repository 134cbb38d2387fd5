"""Each function may do what it needs and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from cdk.contexts import CONTEXTS
from cdk.contexts.table import InternalApi
from leanda.contracts.topics import TOPICS

# Statements whose resource is `*`, and why nothing narrower can be written.
NO_NARROWER_RESOURCE = {
    "NetworkInterfaces": "Lambda makes the interfaces of a function in a VPC with its role; their ids do not exist before",
    "Discover": "DiscoverInstances knows no resource, only the condition on the namespace, which is set",
    "ApiGatewayLogs": "API Gateway tests the account's log role when it is set and wants these actions on every log group",
    "FindServices": "listing services and namespaces of Cloud Map knows no resource",
}
# Wildcards inside an ARN, and why.
WILDCARDS = {
    r":log-group:/aws/lambda/[\w-]+:\*$": "the streams of one function's own log group",
    r":log-group:/aws/vpc/[\w-]+:\*$": "the streams of the flow log's own group",
    r":secret:[\w-]+-\?{6}$": "Secrets Manager appends six random characters to a name",
    r":domain/leanda-\w+/\*$": "the paths of one OpenSearch domain; what may be done is told by the method",
    r"[:/-](uploads|inbox)/\*$": "keys of one prefix of one bucket",
    r"-artefacts[\w-]*/\*$": "keys of the bucket of artefacts",
    r"-artefacts[\w-]*/pictures/\*$": "keys of one prefix of that bucket",
    r"-failures[\w-]*/aws/lambda/\*$": "Lambda itself puts the id of the mapping and the time into the key",
    r":service/\*$": "ids of Cloud Map services are chosen by AWS",
}
# Roles of constructs of the CDK library, not of functions of Leanda.
LIBRARY_ROLES = ("EnginesBootstrap", "AWS679f53fac002430cb0da5b7982bd2287", "EnginesDocumentStore")


def test_no_resource_is_wider_than_aws_demands(each):
    for role, statements in each.roles().items():
        for statement in statements:
            for resource in statement["Resource"]:
                if resource == "*":
                    assert statement["Sid"] in NO_NARROWER_RESOURCE, (role, statement)
                elif isinstance(resource, str) and re.search(r"[*?]", resource):
                    assert any(re.search(pattern, resource) for pattern in WILDCARDS), (role, resource)


def test_no_action_is_a_wildcard(each):
    for role, statements in each.roles().items():
        for statement in statements:
            assert not any("*" in action for action in statement["Action"]), (role, statement)


def test_no_role_of_leanda_has_a_managed_policy(each):
    for _, logical, resource in each.resources("AWS::IAM::Role"):
        if not logical.startswith(LIBRARY_ROLES):
            assert "ManagedPolicyArns" not in resource["Properties"], logical


def test_every_function_has_a_role_of_its_own_and_of_its_own_name(each):
    roles = []
    for stack, _, resource in each.resources("AWS::Lambda::Function"):
        properties = resource["Properties"]
        if properties.get("FunctionName", "").startswith("leanda-"):
            role = each.templates[stack]["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
            assert role["RoleName"] == properties["FunctionName"]
            roles.append(role["RoleName"])
    assert len(roles) == len(set(roles)) == len(each.functions())


def test_a_context_writes_exactly_its_topics(each):
    writers = {topic.name: topic.writers for topic in TOPICS}
    for role, statements in each.roles().items():
        for statement in statements:
            if "kafka-cluster:WriteData" in statement["Action"]:
                topics = {resource.rpartition("/")[2] for resource in statement["Resource"]}
                context = role.split("-")[0]
                assert topics == {name for name, contexts in writers.items() if context in contexts}, role


def test_a_consumer_reads_its_topic_in_its_group_only(each):
    for role, statements in each.roles().items():
        mine = {
            name: mapping
            for name, mapping in each.mappings().items()
            if name == role or name == f"{role}-{mapping['Topics'][0]}"
        }
        read = [s for s in statements if "kafka-cluster:ReadData" in s["Action"]]
        topics = sorted(resource.rpartition("/")[2] for s in read for resource in s["Resource"])
        assert topics == sorted(mapping["Topics"][0] for mapping in mine.values())
        groups = [s for s in statements if "kafka-cluster:AlterGroup" in s["Action"]]
        assert sorted(resource.rpartition("/")[2] for s in groups for resource in s["Resource"]) == sorted(mine)


def test_only_dead_letters_are_delivered_past_the_topics_and_only_to_consumers(each):
    fed = {
        name if name in each.roles() else name.removesuffix(f"-{mapping['Topics'][0]}")
        for name, mapping in each.mappings().items()
    }
    fed |= {name for name in each.functions() if name.endswith("on-s3-upload")}
    for role, statements in each.roles().items():
        for statement in statements:
            if "lambda:InvokeFunction" in statement["Action"]:
                called = {
                    resource.rpartition(f":function:leanda-{each.name}-")[2] for resource in statement["Resource"]
                }
                allowed = {
                    "deadletters-redrive": fed,
                    "deadletters-api": {"deadletters-redrive"},
                    "history-api": {"history-replay"},
                    "history-replay": fed - {"history-on-events", "blobs-on-s3-upload"},
                }
                assert called == allowed[role]


@pytest.mark.parametrize("action", ["s3:DeleteObjectVersion", "s3:PutBucketPolicy"])
def test_nobody_deletes_an_original(each, action):
    assert not any(action in statement["Action"] for statements in each.roles().values() for statement in statements)


def test_only_what_tidies_up_deletes_objects_and_only_artefacts_which_it_cannot_read(each):
    for role, statements in each.roles().items():
        of_objects = [one for one in statements if any("Object" in action for action in one["Action"])]
        deleting = [one for one in of_objects if "s3:DeleteObject" in one["Action"]]
        assert bool(deleting) == (role == "files-tidy")
        for one in deleting:
            assert (one["Action"], len(of_objects)) == (["s3:DeleteObject"], 1)
            assert all("-artefacts" in str(resource) for resource in one["Resource"])


def test_only_blobs_touches_originals(each):
    for role, statements in each.roles().items():
        touched = any("originals" in str(resource) for statement in statements for resource in statement["Resource"])
        its_own = ("blobs-api", "blobs-internal", "blobs-on-file", "blobs-on-s3", "blobs-sweep", "blobs-checksums")
        assert touched == (role.startswith(its_own) or role == "inbox")


def test_the_inbox_role_puts_and_never_reads(each):
    (statement,) = each.roles()["inbox"]
    assert statement["Action"] == ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    assert all(resource.endswith("/inbox/*") for resource in statement["Resource"])


def test_only_the_function_that_hands_it_out_may_assume_the_inbox_role(each):
    may = [role for role, s in each.roles().items() if any("sts:AssumeRole" in statement["Action"] for statement in s)]
    assert may == ["blobs-api"]


def test_a_secret_is_read_only_by_its_context(each):
    for role, statements in each.roles().items():
        for statement in statements:
            if "secretsmanager:GetSecretValue" in statement["Action"]:
                for resource in statement["Resource"]:
                    assert f":secret:leanda-{each.name}-{role.split('-')[0]}-" in resource


def test_callers_of_internal_operations_are_roles_that_exist_and_can_find_the_service(each):
    roles = {f"leanda-{each.name}-{role}": statements for role, statements in each.roles().items()}
    for name, function in each.functions().items():
        allowed = function["Environment"]["Variables"].get("ALLOWED_CALLERS")
        assert (allowed is not None) == name.endswith("internal-api")
        for callers in json.loads(allowed or "{}").values():
            for caller in callers:
                assert any(statement["Sid"] == "Discover" for statement in roles[caller]), caller


def test_every_internal_api_is_behind_the_balancer_and_in_the_map(each):
    internal = [context.name for context in CONTEXTS for _, f in context.functions() if isinstance(f, InternalApi)]
    assert sorted(service["Name"] for service in each.properties("AWS::ServiceDiscovery::Service")) == sorted(internal)
    targets = [
        group["Targets"][0]["Id"].rpartition(":")[2]
        for group in each.properties("AWS::ElasticLoadBalancingV2::TargetGroup")
    ]
    assert sorted(targets) == sorted(f"leanda-{each.name}-{name}-internal-api" for name in internal)


def test_the_environment_of_a_function_fits_into_four_kibibytes(each):
    for name, function in each.functions().items():
        assert len(json.dumps(function["Environment"]["Variables"])) < 4096, name


def test_stores_are_private_and_encrypted_and_kept_in_prod(prod):
    (cluster,) = prod.properties("AWS::DocDB::DBCluster")
    assert cluster["StorageEncrypted"] is True
    assert cluster["DeletionProtection"] is True
    (domain,) = prod.properties("AWS::OpenSearchService::Domain")
    assert domain["EncryptionAtRestOptions"] == {"Enabled": True}
    assert domain["DomainEndpointOptions"]["EnforceHTTPS"] is True
    for _, _, bucket in prod.resources("AWS::S3::Bucket"):
        assert bucket["DeletionPolicy"] == "Retain"
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}


def test_nothing_leads_out_of_the_network(prod):
    kinds = {resource["Type"] for _, _, resource in prod.resources()}
    assert not kinds & {"AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EIP"}
    for rule in prod.properties("AWS::EC2::SecurityGroupIngress"):
        assert "CidrIp" not in rule


def test_a_function_passes_only_the_doors_it_uses(prod):
    groups = {
        name: {ref["Ref"] for ref in function["VpcConfig"]["SecurityGroupIds"]}
        for name, function in prod.functions().items()
    }
    assert groups["processor-on-record-events"] == {"FunctionsSecurityGroup", "KafkaClientSecurityGroup"}
    assert groups["search-setup"] == {"FunctionsSecurityGroup", "OpensearchClientSecurityGroup"}
    assert all(len(names) <= 5 for names in groups.values()), "a network interface has at most five security groups"
