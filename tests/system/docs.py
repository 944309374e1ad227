# SPDX-License-Identifier: MIT
"""Pages that are made from sources: are they made from the present ones?"""
import os
import subprocess

from harness import paths
from harness.scenario import scenario


@scenario("docs/syscalls")
def syscalls(t):
    "The list of system calls is that of the table."
    r = subprocess.run([os.path.join(paths.ROOT, "tools", "syscalls"), "check"], capture_output=True, text=True, check=False)
    t.equal("tools/syscalls check", r.stderr, "")
    t.equal("its status", r.returncode, 0)
