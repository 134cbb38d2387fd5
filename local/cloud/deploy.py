"""Puts the stacks of a cloud assembly into the local cloud, by the public S3 and CloudFormation APIs."""

import io
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.cloud.assembly import Assembly, Asset, Stack
from local.cloud.aws import Aws, CloudEndpoint
from local.cloud.repair import repair_stack
from local.cloud.templates import ResourceRef

_MUST_BE_RECREATED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"}
_SUCCEEDED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

Outputs = dict[str, dict[str, str]]
"""Stack name to output key to value."""


class DeployFailed(RuntimeError):
    """A stack did not reach a good state. `reasons` has one "LogicalId (type): reason" per failed resource, first failure first."""

    def __init__(self, stack: str, status: str, reasons: tuple[str, ...]) -> None:
        self.stack, self.status, self.reasons = stack, status, reasons
        super().__init__("\n  ".join([f"Stack {stack} is {status}.", *reasons]))


class Deployer:
    """Deploys one assembly into one endpoint; running it again changes nothing, or only what changed.

    A stack whose creation failed is deleted and created anew; a failed update is rolled back and can be repeated.
    `parameters` go to every stack that declares them. `timeout` bounds the wait per stack: a custom resource whose function
    never answers would otherwise hold CloudFormation for an hour.
    """

    def __init__(
        self,
        assembly: Assembly,
        endpoint: CloudEndpoint,
        *,
        parameters: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> None:
        self._assembly = assembly
        self._endpoint = endpoint
        self._parameters = dict(parameters or {})
        self._timeout = timeout
        self._aws = Aws(endpoint)

    def deploy(self) -> Outputs:
        """Create or update all stacks, dependencies first, repair each, and return their outputs.

        Raises:
            DeployFailed: a stack failed, or was still in progress at the deadline. Stacks before it stay deployed.
        """
        outputs: Outputs = {}
        for stack in self._assembly.stacks:
            self._upload(stack)
            self._satisfy_bootstrap_check(stack)
            self._apply(stack)
            repair_stack(stack, self._aws)
            outputs[stack.name] = self._outputs(stack.name)
        return outputs

    def repair(self) -> None:
        """Complete what ministack's CloudFormation leaves out; `deploy` has done it already. May be repeated."""
        for stack in self._assembly.stacks:
            repair_stack(stack, self._aws)

    def destroy(self) -> None:
        """Delete all stacks, dependents first."""
        for stack in reversed(self._assembly.stacks):
            if self._status(stack.name):
                self._delete(stack.name)

    def physical_ids(self) -> dict[ResourceRef, str]:
        """The physical id of every deployed resource, for `read_assembly` or a caller that has to find something."""
        return {
            ResourceRef(stack.name, row["LogicalResourceId"]): row["PhysicalResourceId"]
            for stack in self._assembly.stacks
            for page in self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
            for row in page["StackResourceSummaries"]
            if "PhysicalResourceId" in row
        }

    @property
    def _cloudformation(self) -> Any:
        return self._aws.client("cloudformation")

    def _fill(self, text: str) -> str:
        for name, value in {
            "AccountId": self._endpoint.account,
            "Region": self._endpoint.region,
            "Partition": "aws",
        }.items():
            text = text.replace(f"${{AWS::{name}}}", value)
        return text

    def _upload(self, stack: Stack) -> None:
        """Put what is not there yet: keys are content hashes, so an object that exists is the right one."""
        s3 = self._aws.client("s3")
        present: dict[str, set[str]] = {}
        for asset in stack.assets:
            bucket = self._fill(asset.bucket)
            if bucket not in present:
                present[bucket] = self._bucket_keys(bucket)
            if asset.key not in present[bucket]:
                s3.put_object(Bucket=bucket, Key=asset.key, Body=_content(asset))

    def _bucket_keys(self, bucket: str) -> set[str]:
        s3 = self._aws.client("s3")
        try:
            pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket))
        except s3.exceptions.NoSuchBucket:
            region = self._endpoint.region
            location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **location)
            return set()
        return {row["Key"] for page in pages for row in page.get("Contents", [])}

    def _satisfy_bootstrap_check(self, stack: Stack) -> None:
        """Templates of the default synthesizer read the version of CDK's bootstrap stack, which nobody deploys here."""
        for declared in stack.template.get("Parameters", {}).values():
            name = str(declared.get("Default", ""))
            if declared["Type"].startswith("AWS::SSM::Parameter::Value") and name.startswith("/cdk-bootstrap/"):
                self._aws.client("ssm").put_parameter(Name=name, Value="30", Type="String", Overwrite=True)

    def _apply(self, stack: Stack) -> None:
        status = self._status(stack.name)
        if status in _MUST_BE_RECREATED:
            self._delete(stack.name)
            status = None
        known_events = {event["EventId"] for event in self._events(stack.name)} if status else set()
        request = {
            "StackName": stack.name,
            "Capabilities": _CAPABILITIES,
            "RetainExceptOnCreate": True,  # or the retained buckets of a failed creation stand in the way of the next
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in self._parameters.items()
                if key in stack.template.get("Parameters", {})
            ],
            **self._template_argument(stack),
        }
        try:
            if status is None:
                self._cloudformation.create_stack(**request, OnFailure="ROLLBACK")
            else:
                self._cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return
            raise DeployFailed(stack.name, status or "not created", (str(error),)) from error
        status = self._settled(stack.name)
        if status not in _SUCCEEDED:
            raise DeployFailed(stack.name, status or "deleted", self._failures(stack.name, known_events))

    def _template_argument(self, stack: Stack) -> dict[str, str]:
        """By URL where the template is an asset (as CDK makes it); a request body is limited to 51,200 bytes."""
        for asset in stack.assets:
            if asset.source == stack.template_file.resolve():
                return {"TemplateURL": f"{self._endpoint.url}/{self._fill(asset.bucket)}/{asset.key}"}
        return {"TemplateBody": stack.template_file.read_text()}

    def _status(self, name: str) -> str | None:
        """The stack's status; None if there is none, or only the memory of a deleted one."""
        try:
            status = str(self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if status == "DELETE_COMPLETE" else status

    def _settled(self, name: str) -> str | None:
        """Wait until nothing is in progress.

        Raises:
            DeployFailed: it still was at the deadline; the reasons name the resources that are not finished.
        """
        deadline = time.monotonic() + self._timeout
        pause = 0.02
        while (status := self._status(name)) and status.endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise DeployFailed(name, status, self._unfinished(name))
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        return status

    def _delete(self, name: str) -> None:
        known_events = {event["EventId"] for event in self._events(name)}
        self._cloudformation.delete_stack(StackName=name)
        if (status := self._settled(name)) is not None:
            raise DeployFailed(name, status, self._failures(name, known_events))

    def _events(self, name: str) -> list[dict[str, Any]]:
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]]

    def _failures(self, name: str, known_events: set[str]) -> tuple[str, ...]:
        return tuple(
            f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason given')}"
            for event in reversed(self._events(name))
            if event["EventId"] not in known_events and event["ResourceStatus"].endswith("FAILED")
        )

    def _unfinished(self, name: str) -> tuple[str, ...]:
        latest = {
            event["LogicalResourceId"]: event
            for event in reversed(self._events(name))
            if event["LogicalResourceId"] != name
        }
        return tuple(
            f"{logical_id} ({event['ResourceType']}): still {event['ResourceStatus']} after {self._timeout:g} s"
            for logical_id, event in latest.items()
            if event["ResourceStatus"].endswith("_IN_PROGRESS")
        )

    def _outputs(self, name: str) -> dict[str, str]:
        rows = self._cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
        return {row["OutputKey"]: row["OutputValue"] for row in rows}


def _content(asset: Asset) -> bytes:
    return _zip(asset.source) if asset.zipped and asset.source.is_dir() else asset.source.read_bytes()


def _zip(folder: Path) -> bytes:
    """An archive of a folder. Barely compressed: it never leaves the machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return buffer.getvalue()
