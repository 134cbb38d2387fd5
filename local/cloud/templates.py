"""CloudFormation values that can be known from the templates alone, also across stacks.

The functions and mappings of an assembly are wanted before (or without) a deployment, so references are followed here as far
as names are written down: explicit physical names, parameters, pseudo parameters, exports and imports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NAME_PROPERTY = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::IAM::Role": "RoleName",
    "AWS::DynamoDB::Table": "TableName",
}
_ARN = {
    "AWS::Lambda::Function": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "AWS::S3::Bucket": "arn:{partition}:s3:::{name}",
    "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:{partition}:sns:{region}:{account}:{name}",
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{name}",
    "AWS::DynamoDB::Table": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
}


class UnknownValue(ValueError):
    """A value that only a deployment can tell, such as the id of a resource without an explicit name."""


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """One resource of one stack."""

    stack: str
    logical_id: str


@dataclass(slots=True)
class Templates:
    """The templates of an assembly by stack name, and how to read values out of them.

    `parameters` and `physical_ids` add what the deployer knows; without them defaults and explicit names must do.
    """

    by_stack: Mapping[str, Mapping[str, Any]]
    region: str
    account: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    physical_ids: Mapping[ResourceRef, str] = field(default_factory=dict)
    _exports: dict[str, tuple[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._exports = {
            self.value(stack, output["Export"]["Name"]): (stack, output["Value"])
            for stack, template in self.by_stack.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def resources(self, kind: str) -> list[tuple[ResourceRef, dict[str, Any]]]:
        """Every resource of a type with its raw properties, in template order."""
        return [
            (ResourceRef(stack, logical_id), resource.get("Properties", {}))
            for stack, template in self.by_stack.items()
            for logical_id, resource in template.get("Resources", {}).items()
            if resource["Type"] == kind
        ]

    def properties(self, ref: ResourceRef) -> dict[str, Any]:
        """The raw properties of a resource."""
        properties: dict[str, Any] = self.by_stack[ref.stack]["Resources"][ref.logical_id].get("Properties", {})
        return properties

    def resource(self, stack: str, value: Any) -> ResourceRef:  # template values are JSON
        """The resource that a `Ref`, or an import of an exported `Ref`, points at.

        Raises:
            UnknownValue: it points at no resource of these templates.
        """
        match value:
            case {"Ref": str(logical_id)} if logical_id in self.by_stack[stack].get("Resources", {}):
                return ResourceRef(stack, logical_id)
            case {"Fn::ImportValue": name}:
                return self.resource(*self._export(self.value(stack, name)))
        raise UnknownValue(f"{stack}: {value} names no resource of this assembly")

    def value(self, stack: str, value: Any) -> Any:  # template values are JSON
        """A template value with every intrinsic replaced.

        Raises:
            UnknownValue: part of it is only known after a deployment, or uses an intrinsic this reader does not know.
        """
        match value:
            case {"Ref": str(name)}:
                return self._ref(stack, name)
            case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
                return self._attribute(ResourceRef(stack, logical_id), attribute)
            case {"Fn::ImportValue": name}:
                return self.value(*self._export(self.value(stack, name)))
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self.value(stack, part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return self._substitute(stack, text, {})
            case {"Fn::Sub": [str(text), dict(given)]}:
                return self._substitute(stack, text, given)
            case {"Fn::Select": [index, items]}:
                return self.value(stack, (items if isinstance(items, list) else self.value(stack, items))[int(index)])
            case {"Fn::Split": [str(separator), text]}:
                return self.value(stack, text).split(separator)
            case dict() if any(key.startswith("Fn::") for key in value):
                raise UnknownValue(f"{stack}: {value} is not understood without a deployment")
            case dict():
                return {key: self.value(stack, item) for key, item in value.items()}
            case list():
                return [self.value(stack, item) for item in value]
        return value

    def _export(self, name: str) -> tuple[str, Any]:
        if name not in self._exports:
            raise UnknownValue(f"no stack of this assembly exports {name}")
        return self._exports[name]

    def _pseudo(self) -> dict[str, str]:
        return {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _ref(self, stack: str, name: str) -> Any:
        template = self.by_stack[stack]
        if name in (pseudo := self._pseudo() | {"AWS::StackName": stack}):
            return pseudo[name]
        if name in template.get("Parameters", {}):
            declared = template["Parameters"][name]
            if name in self.parameters or "Default" in declared:
                return self.parameters.get(name, declared.get("Default"))
            raise UnknownValue(f"{stack}: parameter {name} has neither a value nor a default")
        if name not in template.get("Resources", {}):
            raise UnknownValue(f"{stack}: {name} is neither a resource nor a parameter")
        ref = ResourceRef(stack, name)
        if ref in self.physical_ids:
            return self.physical_ids[ref]
        kind = template["Resources"][name]["Type"]
        if kind in {"AWS::SQS::Queue", "AWS::SNS::Topic"}:  # their Ref is a URL or an ARN, not the name
            raise UnknownValue(f"{stack}: Ref of {name} is known after the deployment")
        return self._name(ref, kind)

    def _attribute(self, ref: ResourceRef, attribute: str) -> str:
        kind = self.by_stack[ref.stack]["Resources"][ref.logical_id]["Type"]
        if attribute != "Arn" or kind not in _ARN:
            raise UnknownValue(f"{ref.stack}: {ref.logical_id}.{attribute} is known after the deployment")
        name = self._name(ref, kind)
        return _ARN[kind].format(partition="aws", region=self.region, account=self.account, name=name)

    def _name(self, ref: ResourceRef, kind: str) -> str:
        declared = self.properties(ref).get(_NAME_PROPERTY.get(kind, ""))
        if declared is not None:
            return str(self.value(ref.stack, declared))
        if ref in self.physical_ids:
            return self.physical_ids[ref].rsplit("/", 1)[-1].rsplit(":", 1)[-1]  # a queue's id is its URL
        raise UnknownValue(f"{ref.stack}: {ref.logical_id} ({kind}) has no explicit name")

    def _substitute(self, stack: str, text: str, given: Mapping[str, Any]) -> str:
        known = {name: self.value(stack, value) for name, value in given.items()}
        parts = text.split("${")
        result = parts[0]
        for part in parts[1:]:
            name, rest = part.split("}", 1)
            if name.startswith("!"):
                filled = f"${{{name[1:]}}}"
            elif name in known:
                filled = str(known[name])
            elif "." in name:
                filled = str(self.value(stack, {"Fn::GetAtt": name.split(".", 1)}))
            else:
                filled = str(self._ref(stack, name))
            result += filled + rest
        return result
