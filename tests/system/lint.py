# SPDX-License-Identifier: MIT
"""Can the static analysis fail? It is given a file with one fault of each kind, and must find these and nothing else."""
import os
import re
import subprocess

from harness import paths
from harness.scenario import Failure, scenario

SAMPLE = "tests/locks/sample.c"


@scenario("lint/locks")
def locks(t):
    """tools/lint-locks on the kernel alone finds nothing; with tests/locks/sample.c, what is wrong in that."""
    def lint(*extra):
        return subprocess.run(["make", "--no-print-directory", "lint-locks", *extra], cwd=paths.ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    clean = lint()
    if clean.returncode:
        raise Failure(f"the kernel: expected no finding, found:\n{clean.stdout}")
    found = lint(f"LOCK_EXTRA={SAMPLE}")
    with open(os.path.join(paths.ROOT, SAMPLE)) as source:
        wrong = set(re.findall(r"^void (wrong_\w+)\(", source.read(), re.M))
    named = set(re.findall(rf"^{SAMPLE}:\d+: (\w+) ", found.stdout, re.M))
    if named != wrong or not found.returncode:
        raise Failure(f"expected findings in {sorted(wrong)}, found in {sorted(named)}:\n{found.stdout}")
