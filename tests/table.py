# SPDX-License-Identifier: MIT
"""The one table of test programs and scripts. Scenarios are in system/*.py, unit tests are found by name."""
from harness.program import Program

# name, and what is not the default (harness/program.py: class Program)
PROGRAMS = [
    ("fork", {}),
    ("exec", {}),
    ("session", {}),
    ("pipe", {}),
    ("signal", {}),
    ("sigfault", {}),
]

# These run with 1 and 4 CPUs as well.
CPU_MATRIX = ["fork", "exec", "pipe", "signal", "sigfault"]
# These work on files: on the disk, and in the memory file system as well.
FILES = ["exec", "pipe"]


def programs():
    rows = []
    for name, options in PROGRAMS:
        rows.append(Program("prog/" + name, **options))
        if name in FILES:
            rows.append(Program(f"prog/{name}@tmp", place="tmp", argv=[name], **options))
        for n in (1, 4) if name in CPU_MATRIX else ():
            rows.append(Program(f"prog/{name}@smp{n}", smp=n, argv=[name], **options))
    return rows
