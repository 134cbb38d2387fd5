"""The first code inside a sandbox: sets its limits, ties it to the Lambda host, becomes the runtime client.

Runs under the runtime's own Python with `-P`: only the standard library and `awslambdaric` are there, and this folder is not
on the path. Arguments: address space in bytes, process id of the host, handler.
"""

import ctypes
import os
import resource
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Apply the limits, then run `awslambdaric <handler>` in this very process."""
    address_space, host, handler = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != host:  # it died before the call above
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS refuses limits below what is mapped already
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
