"""What a cold start pays for imports: each handler, in a fresh interpreter, median of three, beside a bare interpreter."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def handlers() -> list[str]:
    """Modules that define an entry point."""
    found = []
    for file in sorted((ROOT / "functions").rglob("*.py")):
        if "lambda_handler =" in (text := file.read_text()) or "def lambda_handler(" in text:
            found.append(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return found


def seconds(statement: str, times: int = 3) -> float:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/shared/python'}",
        "AWS_REGION": "eu-west-1",
    }
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True, env=environment, cwd=ROOT)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
