"""A worker never outlives its supervisor: kill -9 of the supervisor must leave nothing serving."""

import ctypes
import multiprocessing
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""Linux, prctl(2): the signal that the kernel sends this process when its parent dies."""


def die_with_parent() -> None:
    """Ask the kernel to kill this worker process together with its supervisor (on Linux; elsewhere nothing can)."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None or sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != supervisor.pid:
        # The supervisor died before the kernel knew of the wish.
        os.kill(os.getpid(), signal.SIGKILL)
