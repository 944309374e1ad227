# SPDX-License-Identifier: MIT
"""The kernel's messages: which lines say that something is wrong, and what addresses mean."""
import bisect
import functools
import re
import subprocess

from . import paths

# Lines that no test may leave in the log, even when the machine goes on.
BAD = re.compile(r"\bBUG\b|^panic:|lock order|use after free|double free|redzone|corrupt(?:ed|ion) of kernel|"
                 r"undefined behaviour|sleeping with", re.I)
PANIC = re.compile(r"^panic:")
MARK = "[test] "


def bad_lines(text, allowed=None):
    """Suspicious lines; `allowed` is a pattern of lines that this test provokes on purpose."""
    lines = [line for line in text.splitlines() if BAD.search(line) and not line.startswith(MARK)]
    return [line for line in lines if not (allowed and re.search(allowed, line))]


def panic_text(text, lines=40):
    """From the panic's first line on."""
    all_lines = text.splitlines()
    for i, line in enumerate(all_lines):
        if PANIC.search(line):
            return "\n".join(all_lines[max(0, i - 2):i + lines])
    return "\n".join(all_lines[-lines:])


@functools.lru_cache(maxsize=1)
def symbols():
    try:
        out = subprocess.run(["nm", "-n", paths.KERNEL], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [], []
    table = [(int(a, 16), n) for a, t, n in (line.split(None, 2) for line in out.splitlines()
                                             if len(line.split(None, 2)) == 3) if t in "tT"]
    return [a for a, _ in table], [n for _, n in table]


def symbol(addr):
    addrs, names = symbols()
    if addr < 0xc0000000:
        return f"user program at {addr:#x}"
    i = bisect.bisect_right(addrs, addr) - 1
    return f"{names[i]}+{addr - addrs[i]:#x}" if i >= 0 else f"{addr:#x}"
