"""Become a server that dies with the supervisor: `python -I -S launch.py SUPERVISOR_PID COMMAND...`.

Linux alone can promise this (prctl(2), PR_SET_PDEATHSIG), and only from within the child. Doing it here, in a fresh
interpreter that replaces itself by the server, avoids running Python between fork and exec of a threaded supervisor.
Elsewhere the server is started without the promise.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    supervisor, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        # SIGKILL, not SIGTERM: the next supervisor may start at once and needs the ports and data locks; every engine
        # keeps acknowledged writes through it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:  # it died before the promise was made
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell, and the command is an absolute path of ours


if __name__ == "__main__":
    main()
