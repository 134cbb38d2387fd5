"""IAM statements as plain values: short to write in a table, easy to compare in a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aws_cdk import aws_iam as iam


@dataclass(frozen=True)
class Statement:
    """One statement of a role's policy. `resources` are ARNs; `*` only where AWS knows no resource for the action."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def to_json_dict(self) -> dict[str, object]:
        statement: dict[str, object] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.conditions:
            statement["Condition"] = {operator: dict(values) for operator, values in self.conditions.items()}
        return statement


def policy(name: str, statements: Iterable[Statement]) -> iam.CfnRole.PolicyProperty:
    """An inline policy; statements that say the same (two uses of one bucket) are merged, in a stable order."""
    merged: dict[tuple[str, tuple[str, ...]], Statement] = {}
    for statement in statements:
        key = (statement.sid, statement.resources)
        known = merged.get(key)
        actions = sorted({*statement.actions, *(known.actions if known else ())})
        merged[key] = Statement(statement.sid, tuple(actions), statement.resources, statement.conditions)
    return iam.CfnRole.PolicyProperty(
        policy_name=name,
        policy_document={"Version": "2012-10-17", "Statement": [each.to_json_dict() for each in merged.values()]},
    )


def trust(*, service: str | None = None, role_arn: str | None = None) -> dict[str, object]:
    """Who may take a role on: one AWS service or one other role."""
    principal = {"Service": service} if service else {"AWS": role_arn}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
