"""Synthesizes one environment and hands it to the CDK CLI, which runs on the Node of the development environment.

python -m cdk.deploy                             dev, every stack; asks before it widens permissions
python -m cdk.deploy -c environment=prod         prod
python -m cdk.deploy -- diff                     any other command of the CDK CLI on the same assembly: diff, list, bootstrap …

Credentials and region are those of the AWS environment variables or profile, as for every AWS tool.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cdk import app
from cdk.staging import ROOT

CLI_VERSION: Final = "2.1148.1"
"""Of the npm package `aws-cdk`; any version from the month of `aws-cdk-lib` or later reads its assemblies."""


def command(environment: str, arguments: Sequence[str], node: Path) -> list[str]:
    """What runs the CDK CLI on the assembly of an environment; npm comes with the wheel's Node."""
    npx = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    cli = [str(node), str(npx), "--yes", f"aws-cdk@{CLI_VERSION}"]
    return [*cli, *(arguments or ("deploy", "--all")), "--app", str(ROOT / "cdk.out" / environment)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Synthesize and run; the exit code is the CLI's."""
    parser = argparse.ArgumentParser(
        prog="python -m cdk.deploy", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-c", "--context", default="environment=dev", metavar="environment=NAME")
    parser.add_argument("cli", nargs="*", help="command of the CDK CLI and its options, after --")
    options = parser.parse_args(arguments)
    name = options.context.removeprefix("environment=")
    if name not in ("dev", "prod"):
        parser.error(f"{name!r} is nothing to deploy to: give environment=dev or environment=prod")
    app.main(["-c", f"environment={name}"])
    node = Path(os.environ["JSII_NODE"])
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
    return subprocess.run(command(name, options.cli, node), env=os.environ | {"PATH": path}).returncode


if __name__ == "__main__":
    sys.exit(main())
