"""cdk-nag's rules for AWS solutions: every rule is kept, or is listed here with the reason why it is not."""

from __future__ import annotations

import json
import re

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from cdk.app import build
from cdk.config import environment

ACCEPTED = {
    "IAM4": "the CDK library's own custom resource that asks MSK for its brokers",
    "IAM5": "wildcards in ARNs are listed one by one, with reasons, in test_permissions.py",
    "L1": "Python 3.13 is pinned: the wheels are built for it",
    "SQS3": "the queues are the dead-letter queues of functions, which this rule cannot see",
    "SMG4": "secrets are read at every cold start; rotation needs a function per engine and is done by redeploying",
    "S1": "object-level access is written down by CloudTrail data events of the account, not by server access logs",
    "DOC2": "the default port, behind a security group that lets in only clients of the store",
    "DOC3": "the administrator's user name is no secret; the password is generated into Secrets Manager",
    "DOC5": "all audit categories are on by the parameter group, which this rule reads as none of those it names",
    "OS3": "the domain is inside the VPC, where security groups and signed requests decide instead of address lists",
    "OS4": "dedicated masters start to pay at ten data nodes",
    "OS9": "slow logs would hold the text of queries, which is personal",
    "COG2": "multi-factor sign-in is for the operator of an installation to demand",
    "COG8": "advanced security is a priced tier for the operator of an installation to choose",
    "COG4": "one route, /version, is public on purpose",
    "APIG4": "one route, /version, is public on purpose",
    "APIG6": "execution logs would hold requests and tokens; access logs are on",
    "ELB2": "the balancer is internal and every call through it is logged by caller and callee",
}


@pytest.fixture(scope="module")
def broken_rules(tmp_path_factory: pytest.TempPathFactory, staging) -> set[str]:
    folder = tmp_path_factory.mktemp("nag")
    app = build(environment("prod"), folder, staging, copy_assets=False)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match=r"[Vv]alidation"):
        app.synth()
    report = (folder / "validation-report.json").read_text()
    json.loads(report)
    return set(re.findall(r"AwsSolutions-([A-Z]+[0-9]+)", report))


def test_no_rule_is_broken_without_a_reason(broken_rules):
    assert broken_rules <= set(ACCEPTED)


def test_no_reason_is_kept_for_a_rule_that_holds(broken_rules):
    assert set(ACCEPTED) <= broken_rules
