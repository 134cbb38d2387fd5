"""Synthesizes Leanda without the CDK CLI, without credentials and without a network.

python -m cdk.app                                every environment, into cdk.out/<environment>
python -m cdk.app -c environment=local           one
python -m cdk.app -c environment=prod --output dist/prod
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from cdk.config import ENVIRONMENT_NAMES, Environment, environment
from cdk.contexts import CONTEXTS
from cdk.stacks.contexts import ContextStack
from cdk.stacks.data import DataStack
from cdk.stacks.edge import EdgeStack
from cdk.stacks.network import NetworkStack
from cdk.staging import ROOT, Staging


def build(target: Environment, output: Path, staging: Staging | None = None, *, copy_assets: bool = True) -> cdk.App:
    """The app of one environment, not yet synthesized. Stacks depend on each other in the order of deployment.

    Without `copy_assets` the assembly points at the staged folders instead of holding copies: enough to read templates.
    """
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]
    if not copy_assets:
        settings["aws:cdk:disable-asset-staging"] = True
    app = cdk.App(outdir=str(output), context=settings, analytics_reporting=False, tree_metadata=False)
    staging = staging or Staging()
    stacks: list[cdk.Stack] = [
        NetworkStack(app, target, _synthesizer(target)),
        DataStack(app, target, CONTEXTS, _synthesizer(target)),
        *(ContextStack(app, target, context, staging, _synthesizer(target)) for context in CONTEXTS),
        EdgeStack(app, target, CONTEXTS, _version(), _synthesizer(target)),
    ]
    network, data, platform, *contexts, edge = stacks
    data.add_stack_dependency(network)
    platform.add_stack_dependency(data)
    for context in contexts:
        context.add_stack_dependency(platform)
        edge.add_stack_dependency(context)
    for table, stack in zip(CONTEXTS, (platform, *contexts), strict=True):
        if table.collects_letters:
            for other in contexts:
                if other is not stack:
                    stack.add_stack_dependency(other)
    cdk.Tags.of(app).add("project", "leanda")
    cdk.Tags.of(app).add("environment", target.name)
    return app


def prune(folder: Path, *, older_than: float = 3600.0) -> None:
    """Remove copies of assets that the assembly no longer names; a layer is 45 MB and changes with every edit.

    Those of the last hour stay: a local cloud that was started from them may still load functions.
    """
    named = "".join(manifest.read_text() for manifest in folder.glob("*.assets.json"))
    for copy in folder.glob("asset.*"):
        if copy.name not in named and time.time() - copy.stat().st_ctime > older_than:
            shutil.rmtree(copy)


def _synthesizer(target: Environment) -> cdk.DefaultStackSynthesizer:
    """Only an account on AWS was bootstrapped and has a version of that to check."""
    return cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=not target.is_local)


def _version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


def main(arguments: Sequence[str] | None = None) -> None:
    """Synthesize one environment or all of them, and say where."""
    parser = argparse.ArgumentParser(
        prog="python -m cdk.app", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-c", "--context", action="append", default=[], metavar="environment=NAME")
    parser.add_argument("--output", type=Path, help="folder of the assembly (one environment only)")
    options = parser.parse_args(arguments)
    chosen = dict(pair.split("=", 1) for pair in options.context).get("environment")
    names = [chosen] if chosen else list(ENVIRONMENT_NAMES)
    # `cdk synth` and `cdk deploy` say by this variable where they expect the assembly.
    output = options.output or (Path(given) if (given := os.environ.get("CDK_OUTDIR")) else None)
    if output and not chosen:
        parser.error("an output folder needs one environment: -c environment=local|dev|prod")
    staging = Staging()
    for name in names:
        folder = output or ROOT / "cdk.out" / name
        build(environment(name), folder, staging).synth()
        prune(folder)
        print(f"{name}: {folder}")


if __name__ == "__main__":
    main()
