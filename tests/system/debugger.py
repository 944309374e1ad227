# SPDX-License-Identifier: MIT
"""gdb on the running kernel, with the commands of tools/gdb."""
import os
import re

from harness import paths
from harness.scenario import scenario

NM = "i686-linux-gnu-nm"
SCRIPT = os.path.join(paths.ROOT, "tools", "gdb", "reprise.py")


@scenario("gdb/commands")
def commands(t):
    "ps, lwps, as, fds, lwpbt and cpus on a machine with a shell in it."
    gdb = t.tool("gdb")
    socket = t.file("gdb.sock")
    m, agent = t.boot(t.disk(), extra=["--", "-gdb", f"unix:{socket},server=on,wait=off"])
    # A process that sleeps in the kernel, for the backtrace.
    t.sh(agent, "true")
    agent.begin(["/bin/sleep", "1000"], limit=5)
    t.equal("first event", agent.event()[0], "beat")
    cmd = [gdb, "-q", "-nx", "-batch", paths.KERNEL, "-ex", "set pagination off", "-ex", f"target remote {socket}",
           "-ex", f"source {SCRIPT}", "-ex", "ps", "-ex", "lwps", "-ex", "as 1", "-ex", "fds 1", "-ex", "lwpbt 1", "-ex", "cpus",
           "-ex", "klog 10", "-ex", "pagetable 1 0x08048000", "-ex", "detach"]
    text = t.host(*cmd, status=None)
    t.contains(text, r"^ +1 +0 +.* agent$")
    t.contains(text, r" sleep$")
    t.contains(text, r"sleeping .*(nanosleep|sys_)")
    t.contains(text, r"08048000-0804[0-9a-f]{4} r-")
    t.contains(text, r"c0000000 rw.? ?.*stack")
    t.contains(text, r"tty.*/dev/ttyS1|/dev/ttyS1")
    t.contains(text, r"from user mode at eip 0")
    t.contains(text, r"CPU 1: ")
    t.contains(text, r"struct page ")
    while agent.event()[0] != "exit":
        pass
    t.finish(m, agent)


@scenario("gdb/frames", smp=(1,))
def frames(t):
    "A backtrace in the kernel shows the assembler's functions, and no label inside of them."
    gdb = t.tool("gdb")
    socket = t.file("gdb.sock")
    m, agent = t.boot(t.disk(), extra=["--", "-gdb", f"unix:{socket},server=on,wait=off"])
    agent.begin(["/bin/sleep", "1000"], limit=5)
    t.equal("first event", agent.event()[0], "beat")
    cmd = [gdb, "-q", "-nx", "-batch", paths.KERNEL, "-ex", "set pagination off", "-ex", f"target remote {socket}",
           "-ex", "break syscall_trap", "-ex", "continue", "-ex", "bt", "-ex", "delete", "-ex", "break trap", "-ex", "continue", "-ex", "bt",
           "-ex", "delete", "-ex", "detach"]
    text = t.host(*cmd, status=None)
    t.contains(text, r"^#0 +syscall_trap \(")
    t.contains(text, r"^#1 .*\bsyscall_entry \(\) at kernel/entry\.asm:\d+")
    t.contains(text, r"^#0 +trap \(")
    t.contains(text, r"^#1 .*\balltraps \(\) at kernel/entry\.asm:\d+")
    t.check("@" not in text, text)
    # Nor anywhere else: all of them have a dot in their names.
    labels = re.findall(r"^\S+ t (\S*\.\S*)$", t.host(NM, paths.KERNEL), re.M)
    labels = [label for label in labels if not re.search(r"\.(isra|part|constprop|cold)\.?\d*", label) and not re.search(r"\.\d+$", label)]
    t.equal("labels with names", labels, [])
    while agent.event()[0] != "exit":
        pass
    t.finish(m, agent)
