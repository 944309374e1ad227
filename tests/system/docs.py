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


@scenario("docs/names")
def names(t):
    "The files and the names that pages tell of are there; the core path of the tour is no longer than it may be."
    tool = os.path.join(paths.ROOT, "tools", "docs")
    r = subprocess.run([tool, "check"], capture_output=True, text=True, check=False)
    t.equal("tools/docs check", r.stderr, "")
    t.equal("its status", r.returncode, 0)


@scenario("docs/pictures")
def pictures(t):
    "The pictures of the tour show the present numbers, fields and states."
    tool = os.path.join(paths.ROOT, "tools", "pictures")
    r = subprocess.run([tool, "--check"], capture_output=True, text=True, check=False)
    t.equal("tools/pictures --check", r.stderr, "")
    t.equal("its status", r.returncode, 0)


@scenario("docs/numbers")
def numbers(t):
    "A number that stands twice in the table of system calls does not compile, and the message says why."
    with open(os.path.join(paths.ROOT, "kernel", "systable.h")) as f:
        table = f.read()
    os.makedirs(t.file("kernel"))

    def compiled(text):
        with open(t.file("kernel/systable.h"), "w") as f:
            f.write(text)
        return subprocess.run(["i686-linux-gnu-gcc", "-m32", "-std=gnu11", "-fms-extensions", "-ffreestanding", "-fsyntax-only", "-w", "-I", t.dir, "-I.",
                               "-D__REPRISE_KERNEL__=1", "kernel/syscall.c"], cwd=paths.ROOT, capture_output=True, text=True, check=False)

    t.equal("the table as it is", compiled(table).stderr, "")
    r = compiled(table + 'SYSCALL(639, one, sys_getpid, "")\n')
    t.equal("a new number", r.stderr, "")
    r = compiled(table + 'SYSCALL(601, one, sys_getpid, "")\n')
    t.check(r.returncode != 0, "a number twice: it compiles")
    t.contains(r.stderr, r"error: .*number_601_is_twice_in_systable_h")
    r = compiled(table + 'SYSCALL(640, one, sys_getpid, "")\n')
    t.check(r.returncode != 0, "a number beyond the table: it compiles")
