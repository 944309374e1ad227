# SPDX-License-Identifier: MIT
"""The one table of test programs and scripts. Scenarios are in system/*.py, unit tests are found by name."""
from harness.program import Program

# name, and what is not the default (harness/program.py: class Program)
PROGRAMS = [
    # processes
    ("fork", {}),
    ("exec", {}),
    ("badelf", {}),
    ("rights", {}),
    ("cloneflags", {}),
    ("prctl", {}),
    ("ids", {"limit": 200}),
    ("session", {"limit": 200}),
    ("pty", {}),
    ("ptyjob", {}),
    ("ttyerr", {}),
    ("signal", {}),
    ("sigfault", {}),
    ("timer", {}),
    ("timerload", {"limit": 200}),
    ("fpu", {}),
    ("thread", {}),
    ("futex", {}),
    ("futexerr", {}),
    ("cputime", {}),
    ("race", {"limit": 200}),
    ("limits", {}),
    ("limiterr", {}),
    ("waiterr", {}),
    ("sigerr", {}),
    ("sched", {}),
    ("asserts", {}),
    # memory
    ("mmap", {}),
    ("mmaperr", {"limit": 200}),
    ("memerr", {}),
    ("mmapfile", {}),
    # files
    ("file", {}),
    ("dir", {}),
    ("meta", {}),
    ("perm", {}),
    ("fserr", {}),
    ("fderr", {}),
    ("ioerr", {}),
    ("attrflags", {}),
    ("setid", {"limit": 200}),
    ("lock", {}),
    ("pipe", {}),
    ("devfd", {}),
    ("procfs", {}),
    ("absent", {}),
    # checkpoints
    ("ckpterr", {"oracle": False}),
    ("ckptfault", {"oracle": False}),
    ("ckpthold", {"oracle": False}),
    ("ckptmany", {"oracle": False, "limit": 500}),
    ("libckpt", {"runs": ("lctarget", "lcthreads"), "limit": 200}),
    # bad input
    ("badptr", {"limit": 200}),
    ("leak", {"limit": 500}),
    ("sysfuzz", {"argv": ["sysfuzz", "1", "3000", "3"], "oracle": False, "limit": 200}),
]

# The states of tests/programs/states undisturbed: do they tell the truth, here and on the Linux host? What else happens to them:
# system/states.py.
STATES = ["clone", "cow", "files", "ids", "jobs", "locks", "memory", "moving", "options", "pipes", "regs", "signals", "terminals", "threads", "timers", "tree", "vfork"]

SCRIPTS = ["pipes", "jobs", "applets", "shell", "files"]

# These run with 1 and 4 CPUs as well.
CPU_MATRIX = ["fork", "signal", "timerload", "fpu", "thread", "futex", "race", "mmap", "pipe", "mmapfile", "sysfuzz"]
# These work on files: on the disk, and in the memory file system as well.
FILES = ["exec", "mmapfile", "file", "dir", "meta", "perm", "fserr", "fderr", "ioerr", "setid", "lock", "pipe", "devfd", "absent"]

# `make check-quick`: patterns of names. A sample of each kind, for the minutes between two edits.
QUICK = """
    unit/heap unit/tree unit/radix unit/string unit/vsnprintf unit/mm_alloc unit/pagecache unit/namei unit/pipe unit/tty_ldisc
    unit/image unit/image_rules unit/image_tree_rules
    prog/fork prog/exec prog/rights prog/signal prog/sigerr prog/timer prog/fpu prog/thread prog/futex prog/waiterr prog/sched
    prog/asserts prog/mmap prog/mmapfile prog/memerr prog/file prog/meta prog/fserr prog/fderr prog/lock prog/pipe prog/pty
    prog/ptyjob prog/procfs prog/absent prog/leak prog/ckpterr prog/ckpthold prog/st-[cflmoprv]* prog/sh-shell
    boot/mem32 boot/cpus1 boot/stops-no-disk boot/stops-init-exits canary/panic canary/leak canary/lost
    ckpt/computation ckpt/files ckpt/signals ckpt/in-handler ckpt/forked ckpt/power-cut
    states/continue states/self states/tree states/job tree/forked tree/wait tree/can
    console/shell disk/full disk/superblocks disk/read-only examples/selfsave gdb/commands docs/*
    golden/kept golden/json
""".split()


def programs():
    rows = []
    for name, options in PROGRAMS:
        options = dict({"argv": [name]}, **options)
        rows.append(Program("prog/" + name, **options))
        if name in FILES:
            rows.append(Program(f"prog/{name}@tmp", place="tmp", **options))
        for n in (1, 4) if name in CPU_MATRIX else ():
            rows.append(Program(f"prog/{name}@smp{n}", smp=n, **options))
    rows += [Program(f"prog/st-{name}", argv=["stdrive", "none", name], runs=("st-" + name,), limit=200) for name in STATES]
    # Sorting and packing hundreds of thousands of lines takes its time on a busy host.
    rows += [Program("prog/sh-" + name, script=name + ".sh", limit=200) for name in SCRIPTS]
    return rows
