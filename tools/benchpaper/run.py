# SPDX-License-Identifier: MIT
"""Runs the rows on machines."""
import os
import re
import sys

from harness import paths
from harness.agent import Agent
from harness.bench import OUT, file_system, full_file, kernel
from harness.machine import LinuxMachine, Machine

from .rows import METHODS

MEMORY = 832            # MiB
CHECKPOINT = re.compile(r"^checkpoint \d+ at (\d+) stopped (\d+) durable (\d+) bytes (\d+) copied (\d+)$", re.M)
# The output goes to a file, so that nothing outside of the program is tied to it; nothing of an earlier run is still being written.
SCRIPT = "rm -f *ckpt*; sync; {command} >out 2>&1 </dev/null; s=$?; cat out; exit $s"


class Setting:
    """A kind of machine, and how often each row runs on it."""

    def __init__(self, smp, icount, rounds):
        self.smp, self.icount, self.rounds = smp, icount, rounds
        self.key = f"{smp}{'i' if icount else ''}"
        self.name = f"{smp} CPU{'s' if smp > 1 else ''}" + (", instructions" if icount else "")


def work_mib(rows):
    """The old image, the new one and one that is being written, the journal, and some room."""
    return 3 * max(row.bytes for row in rows) // (1 << 20) + 32


def run_once(agent, row, method):
    """A run's figures; all times in seconds."""
    command = " ".join([row.program] + row.arguments + ["-m", method])
    out = agent.sh(SCRIPT.format(command=command), cwd="/mnt", limit=6000)
    text = out.output.decode("utf-8", "replace")
    took = re.search(r"^time (\d+)$", text, re.M)
    result = re.search(r"^result (\w+)$", text, re.M)
    if out.status or not took or not result:
        sys.exit(f"tools/bench-paper: {command}: {out.ended()}\n{text}")
    checkpoints = [[int(n) for n in m.groups()] for m in CHECKPOINT.finditer(text)]
    return {"row": row.name, "method": method, "seconds": int(took.group(1)) / 1e9, "result": result.group(1),
            "checkpoints": [{"at": at / 1e9, "stopped": stop / 1e9, "durable": durable / 1e9, "bytes": size, "copied": copied}
                            for at, stop, durable, size, copied in checkpoints]}


def turned(methods, by):
    by %= len(methods)
    return methods[by:] + methods[:by]


def start(setting, rows):
    """The machine, with its work disk, and the files to remove at the end."""
    root = paths.copy_sparse(paths.DISK, os.path.join(OUT, f"paper-{setting.key}-root.img"))
    work = full_file(f"paper-{setting.key}-work.img", work_mib(rows))
    file_system(work)
    extra = ["--kernel", kernel()] + (["--initrd", work, "--icount"] if setting.icount else ["--disk", work])
    machine = Machine("paper", disk=root, smp=setting.smp, mem=MEMORY, append="root=vda init=/tests/agent panic=exit",
                      hang=(6000.0, 120.0), extra=extra, console=os.path.join(OUT, f"paper-{setting.key}-console.txt"))
    return machine, [root, work]


def measure(setting, rows, options, progress):
    """All runs on one machine."""
    machine, files = start(setting, rows)
    runs = []
    try:
        machine.start()
        agent = Agent(machine)
        agent.ready()
        agent.run(["/bin/mount", "-t", "ext2", "/dev/ram0" if setting.icount else "/dev/vdb", "/mnt"])
        agent.put("/mnt/.ckptrc", "".join(line + "\n" for line in options).encode())
        for n in range(setting.rounds):
            for row in rows:
                for method in turned(METHODS, n):
                    runs.append(dict(run_once(agent, row, method), setting=setting.key, round=n))
                    progress.tell(setting, row, method, runs[-1]["seconds"])
        agent.poweroff()
    finally:
        machine.stop()
        for path in files:
            os.unlink(path)
    return runs


def on_linux(rows):
    """{row: result} of the same programs on Linux, without checkpoints."""
    root = paths.copy_sparse(paths.DISK, os.path.join(OUT, "paper-linux-root.img"))
    machine = LinuxMachine("paper", disk=root, smp=2, mem=MEMORY, extra=[], hang=(6000.0, 120.0),
                           console=os.path.join(OUT, "paper-linux-console.txt"))
    try:
        machine.start()
        agent = Agent(machine)
        agent.ready()
        return {row.name: run_once(agent, row, "none")["result"] for row in rows}
    finally:
        machine.stop()
        os.unlink(root)
