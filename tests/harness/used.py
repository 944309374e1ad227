# SPDX-License-Identifier: MIT
"""Processor time of the processes that the harness starts."""
import os

TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pid):
    """User and system time of a process and of its children that have ended; None after its end was seen."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:15])) / TICKS
    except (OSError, IndexError):
        return None


def reap(proc, flags=0):
    """Waits for a subprocess.Popen. Returns its time and that of its children; None with os.WNOHANG while it runs."""
    pid, status, usage = os.wait4(proc.pid, flags)
    if pid == 0:
        return None
    proc.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
