# SPDX-License-Identifier: MIT
"""Kernels without electives (electives.table): they are built, they boot, they save and recover, and say what they lack."""
import importlib.machinery
import os
import re
import shutil
import subprocess

from harness import paths
from harness.scenario import scenario

TOOL = os.path.join(paths.ROOT, "tools", "electives")
MAT = ["/bin/mat", "-n", "160"]
electives = importlib.machinery.SourceFileLoader("electives", TOOL).load_module()
NAMES = list(electives.table())


def make(t, *args, cwd=paths.ROOT):
    """Builds; a make of its own, whatever make runs the tests."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "WITHOUT")}
    r = subprocess.run(["make", "--no-print-directory", "-j2", *args], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    t.equal(f"make {' '.join(args)}", (r.returncode, r.stderr), (0, ""))


def kernel_without(t, names):
    make(t, "kernel", f"WITHOUT={' '.join(names)}")
    return os.path.join(paths.BUILD, "obj", "debug", "without-" + "-".join(sorted(names)), "kernel.elf")


def shell_works(t, agent):
    text = t.sh(agent, "seq 1 500 | sort -rn | head -1; ls /bin | wc -l; echo $(expr 6 \\* 7) >/root/x; cat /root/x")
    t.contains(text, r"^500\n\d+\n42$")


def ckpt_works(t, m, agent, disk, extra):
    "A process of one thread saves itself, and so does a computation; the machine boots again, both come back."
    t.sh(agent, "mkdir /root/c")
    t.sh(agent, "cd /root/c; /tests/ckpttest registers registers >out 2>&1 </dev/null")
    plain = t.contains(t.run(agent, *MAT), r"^result (\w+)$").group(1)
    text = t.sh(agent, f"{' '.join(MAT)} -c /root/c/mat -k 1 >/root/c/mat.out 2>&1 </dev/null; cat /root/c/mat.out")
    t.contains(text, r"^checkpoint at")
    t.finish(m, agent, disk)
    m, agent = t.boot(disk, extra=extra)
    t.sh(agent, "cd /root/c; /bin/recover registers")
    t.contains(t.sh(agent, "cat /root/c/out"), r"^(recovered registers|saved again)$")
    t.sh(agent, "cd /root/c; /bin/recover mat")
    t.contains(t.sh(agent, "cat /root/c/mat.out"), rf"^result {plain}$")
    return m, agent


def lacks(t, agent, names):
    "The system calls of the electives are not there."
    numbers = [n for name in names for n in electives.numbers(electives.elective(name))]
    for i in range(0, len(numbers), 32):
        some = numbers[i:i + 32]
        text = t.run(agent, "/tests/callnumber", *some)
        t.equal("calls that are not there", re.findall(r"^(\d+) ENOSYS$", text, re.M), some)


def try_without(t, names, gone):
    extra = ["--kernel", kernel_without(t, names)]
    disk = t.disk()
    m, agent = t.boot(disk, extra=extra)
    shell_works(t, agent)
    lacks(t, agent, gone)
    m, agent = ckpt_works(t, m, agent, disk, extra)
    t.finish(m, agent, disk)


@scenario("electives/table")
def table(t):
    "The files, the includes, the names in the objects and the page are as electives.table says."
    make(t, "kernel")
    r = subprocess.run([TOOL, "check", "build/obj/debug"], cwd=paths.ROOT, capture_output=True, text=True, check=False)
    t.equal("tools/electives check", r.stderr, "")


@scenario("electives/core")
def core(t):
    "The core alone boots, runs programs, saves processes and recovers them after it has booted again."
    try_without(t, ["all"], NAMES)


def alone(name):
    @scenario(f"electives/without-{name}", full=True)
    def run(t):
        try_without(t, [name], electives.without([name]))


for one in NAMES:
    alone(one)


@scenario("electives/deleted", full=True)
def deleted(t):
    "The tree builds when the files of all electives are deleted, not only left out; headers too."
    gone = {path for name in NAMES for path in electives.elective(name).files}
    files = subprocess.check_output(["git", "ls-files", "-z", "Makefile", "mk", "linker.ld", "tools", "electives.table", *electives.FOLDERS,
                                     "user/include"], cwd=paths.ROOT, text=True).split("\0")[:-1]
    for path in files:
        if path not in gone:
            os.makedirs(os.path.dirname(t.file(path)), exist_ok=True)
            shutil.copy(os.path.join(paths.ROOT, path), t.file(path))
    make(t, "kernel", cwd=t.dir)
