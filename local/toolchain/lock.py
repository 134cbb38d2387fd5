"""Recompile requirements/*.txt from requirements/*.in: `python -m local.toolchain.lock [--upgrade]`.

Versions and hashes are written, addresses never: where a package comes from is the machine's business.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.toolchain.machine import uv_environment

ROOT = Path(__file__).resolve().parents[2]

# The Lambda runtime for Python 3.13 holds boto3 and what boto3 needs (Lambda developer guide, "Runtime included SDK
# versions"). A layer that repeats them costs 25 MB and would shadow the runtime's own patch level.
IN_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "python-dateutil", "six", "urllib3")

# What nd2 needs for arrays of many frames and for OME models; headers and single frames need numpy alone.
NOT_FOR_ND2 = (
    "annotated-types", "click", "cloudpickle", "dask", "fsspec", "locket", "ome-types", "packaging", "partd", "pydantic",
    "pydantic-core", "pydantic-extra-types", "pyyaml", "resource-backed-dask-array", "toolz", "typing-extensions",
    "typing-inspection", "xsdata",
)  # fmt: skip

# Sets that are installed into functions beside each other agree with the versions the tests ran with.
LIKE_DEV = ("-c", "requirements/dev.txt")
WITH_ND2 = (*LIKE_DEV, *(word for name in NOT_FOR_ND2 for word in ("--no-emit-package", name)))

SETS: dict[str, tuple[str, ...]] = {
    "dev": (),
    "layer": (*LIKE_DEV, *(word for name in IN_THE_RUNTIME for word in ("--no-emit-package", name))),
    "indigo": LIKE_DEV,
    "processor": LIKE_DEV,
    "gemmi": LIKE_DEV,
    "tabular": LIKE_DEV,
    "document": LIKE_DEV,
    "image": LIKE_DEV,
    "pictures": WITH_ND2,
    "microscopy": WITH_ND2,
    "client": LIKE_DEV,
    "runtime": LIKE_DEV,
    # Environments of their own: ministack pins an older botocore, the document store's daemon needs no Python at all.
    "ministack": (),
    "documentstore": ("--no-deps", "--only-binary", ":all:"),
}


def main(arguments: list[str]) -> int:
    import uv  # part of the development environment, in which alone this is run

    for name, options in SETS.items():
        source, target = f"requirements/{name}.in", f"requirements/{name}.txt"
        fixed = ["--quiet", "--generate-hashes", "--no-emit-index-url", "--no-header", "--universal"]
        command = [uv.find_uv_bin(), "pip", "compile", *fixed, "--python-version", "3.13", *options, *arguments]
        if subprocess.run([*command, source, "-o", target], env=uv_environment(), cwd=str(ROOT)).returncode:
            return 1
        text = (ROOT / target).read_text()
        if found := addresses(text):
            print(f"{target} would record where packages come from: {found}", file=sys.stderr)
            return 1
        print(f"{target}: {text.count('==')} packages")
    return 0


def addresses(text: str) -> list[str]:
    """Lines that name a host or an index; requirements may hold versions and hashes only."""
    marks = ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ ")
    return [line.strip() for line in text.splitlines() if any(mark in line for mark in marks)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
