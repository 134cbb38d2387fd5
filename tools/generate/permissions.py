"""`docs/permissions.md`: what each function may do, from the roles of the synthesized template."""

from __future__ import annotations

from typing import Any, Final

from cdk.config import LOCAL_CLUSTER_ID
from tools.generate.tables import page, table
from tools.generate.template import Function, functions

_EVERY_FUNCTION: Final = frozenset({"Logs", "NetworkInterfaces"})


def permissions() -> str:
    first = functions()[0]
    shared = [statement for statement in first.statements if statement["Sid"] in _EVERY_FUNCTION]
    parts = [part for function in functions() for part in (f"## {function.name}", _own(function))]
    return page(
        "Permissions",
        "One role for each function, with the function's name. Actions are the same in every environment and a test compares "
        "them; `ENV` stands for the environment, and ids that AWS chooses are left open. There is no managed policy and no "
        "wildcard among the actions.",
        "Every function may write to its own log group and have network interfaces:",
        _table(shared).replace(f"-{first.name}:", "-FUNCTION:"),
        *parts,
    )


def _own(function: Function) -> str:
    own = [statement for statement in function.statements if statement["Sid"] not in _EVERY_FUNCTION]
    return _table(own) if own else "Nothing else."


def _table(statements: list[dict[str, Any]]) -> str:
    return table(("For", "Actions", "On"), [(s["Sid"], _code(s["Action"]), _code(s["Resource"])) for s in statements])


def _code(values: str | list[str]) -> str:
    listed = [values] if isinstance(values, str) else sorted(values)
    return "<br>".join(f"`{value.replace(LOCAL_CLUSTER_ID, 'ID')}`" for value in listed)
