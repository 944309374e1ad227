# SPDX-License-Identifier: MIT
"""Programs and shell scripts run by the agent: many share one boot, each gets its own verdict.

A test passes when the program exits with 0, prints what the same binary prints on Linux (oracle.py), leaves no
process and no kernel object behind, and e2fsck finds nothing on the disk. If the machine dies, the test that
ran gets the verdict and the others go on in a new one.
"""
import difflib
import os
import re
import shutil
import subprocess
import time
import traceback
from dataclasses import dataclass, field

from . import kernlog, paths
from .agent import ENV, Agent
from .machine import Machine
from .verdict import ERROR, FAIL, LEAK, PASS, TIMEOUT, Failure, MachineEnd, Result

LEAK_RUNS = 3
BOOT_TRIES = 3              # a kernel that does not boot need not show it for every test
# Where tests work, in the machine: the disk, and the memory file system.
PLACES = {"disk": "/var/tmp/t", "tmp": "/tmp/t"}
BOOT = "init=/tests/agent panic=exit"


@dataclass
class Program:
    """A row of the table."""
    name: str                   # prog/signal; @tmp is added for the memory file system, @smp4 for other numbers of CPUs
    argv: list = None           # default: /tests/NAME
    script: str = None          # a file in tests/scripts, for busybox sh
    place: str = "disk"
    smp: int = None
    mem: int = 256
    oracle: bool = True         # compare with Linux
    limit: int = 60             # seconds of the machine's own time without output (agent.Budget)
    uid: int = 0
    leaks: bool = True
    log: str = None             # pattern of kernel messages that it provokes on purpose
    runs: tuple = ()            # other programs of /tests that it executes
    kind: str = field(default="prog", init=False)

    def command(self, host):
        if self.script:
            busybox = paths.BUSYBOX if host else "/bin/busybox"
            where = os.path.join(paths.SCRIPTS, self.script) if host else "/tmp/" + self.script
            return [busybox, "sh", where]
        argv = self.argv or [self.name.split("/")[1].split("@")[0]]
        return [os.path.join(paths.PROGRAMS if host else "/tests", argv[0])] + argv[1:]

    def called(self):
        """How a machine starts it."""
        return {"argv": self.command(False), "cwd": PLACES[self.place], "uid": self.uid, "env": ENV}

    def execute(self, agent, limit):
        """Runs it in a machine; the Outcome."""
        if self.script:
            with open(os.path.join(paths.SCRIPTS, self.script), "rb") as f:
                agent.put("/tmp/" + self.script, f.read())
        return agent.run(**self.called(), fresh=True, limit=limit, name=self.name)


def comparable(text):
    """Output as lines, without those of cases that one side skipped."""
    lines = text.decode("utf-8", "replace").splitlines()
    return lines, {m.group(1) for m in (re.match(r"skip (\S+):", line) for line in lines) if m}


def differences(linux, ours):
    """The difference of two outputs as text, "" if there is none."""
    (a, skip_a), (b, skip_b) = comparable(linux), comparable(ours)
    skipped = skip_a | skip_b

    def kept(lines):
        return [x for x in lines if not (x.startswith(("skip ", "ok ")) and x.split()[1].rstrip(":") in skipped)]
    diff = list(difflib.unified_diff(kept(a), kept(b), "on Linux", "here", lineterm="", n=2))
    return "\n".join(diff[:60])


def fsck(disk):
    """What e2fsck has to say about an image, "" if nothing."""
    exe = shutil.which("e2fsck", path=os.environ["PATH"] + ":/sbin:/usr/sbin")
    done = subprocess.run([exe, "-fn", disk], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def growth(before, after):
    """Counters of live objects that went up: {name: by how much}."""
    grown = {}
    for name, n in after.items():
        if name.endswith("free"):
            n, old = -n, -before.get(name, n)
        else:
            old = before.get(name, 0)
        if n > old and not name.endswith("total"):
            grown[name] = n - old
    return grown


class LinuxBatch:
    """The same tests on Linux alone: does the test itself tell the truth?"""
    kind = "prog"

    def __init__(self, tests):
        self.tests = [t for t in tests if t.oracle and "@" not in t.name]
        self.oracle = True

    def run(self, runner):
        for test in self.tests:
            began = time.monotonic()
            try:
                out = runner.oracle.run(test)
                good = out.status == 0 and not out.timeout
                text = "" if good else out.ended() + "\n" + out.output.decode("utf-8", "replace")[-3000:]
                yield Result(test.name, PASS if good else FAIL, text, time.monotonic() - began)
            except Failure as e:
                yield Result(test.name, e.verdict, str(e))


class Batch:
    """Tests of one kind of machine, one after the other."""
    kind = "prog"

    def __init__(self, tests, smp):
        self.tests = tests
        self.smp = smp
        self.oracle = any(t.oracle for t in tests)
        self.mem = tests[0].mem
        self.machine = None
        self.ended = 0.0    # processor time of earlier machines
        self.boot_failures = 0

    def run(self, runner):
        self.runner = runner
        try:
            for test in self.tests:
                yield self.one(test)
            if self.machine:
                yield self.shut_down()
        finally:
            self.drop()

    # The machine.

    def used(self):
        """Processor time of its machines so far."""
        return self.ended + (self.machine.cpu_seconds() if self.machine else 0.0)

    def boot(self, test):
        os.makedirs(paths.WORK, exist_ok=True)
        self.disk = paths.copy_sparse(paths.DISK, os.path.join(paths.WORK, f"batch-{id(self):x}.img"))
        paths.forget(paths.log_of(test.name))
        self.machine = Machine(test.name, disk=self.disk, smp=self.smp, mem=self.mem,
                               append=BOOT + " " + self.runner.append, extra=self.runner.extra,
                               patience=self.runner.patience, hang=self.runner.hang)
        self.machine.start()
        self.agent = Agent(self.machine)
        self.agent.ready()
        self.agent.send("counts")    # the first one fills caches that the later ones find full
        try:
            self.agent.collect("counts")
        except Failure:
            pass
        self.before = self.agent.counts()
        self.scanned = 0

    def drop(self):
        if self.machine:
            self.machine.stop()
            self.ended += self.machine.cpu
            self.machine = None
            if not self.runner.keep:
                paths.forget(self.disk)

    def shut_down(self):
        """The end of the boot: the file system is clean after it."""
        name = f"prog/shutdown@smp{self.smp}" + (f"m{self.mem}" if self.mem != 256 else "")
        began, used = time.monotonic(), self.used()
        log = self.machine.console
        try:
            self.agent.poweroff()
            wrong = fsck(self.disk)
            bad = kernlog.bad_lines(self.machine.log_text()[self.scanned:])
            text = wrong and f"e2fsck after {', '.join(t.name for t in self.tests)}:\n{wrong}"
            text = text or "\n".join(bad)
            result = Result(name, FAIL if text else PASS, text)
        except MachineEnd as e:
            result = Result(name, e.verdict, e.detail)
        self.drop()
        result.seconds, result.logs, result.cpu = time.monotonic() - began, [log], self.used() - used
        result.again = [t.name for t in self.tests]
        return result

    # One test.

    def one(self, test):
        began, used = time.monotonic(), self.used()
        logs = [paths.log_of(test.name)]
        if self.boot_failures == BOOT_TRIES:
            return Result(test.name, FAIL, f"not tried: the machine failed to boot {BOOT_TRIES} times in a row")
        try:
            if self.machine is None:
                self.boot_failures += 1
                self.boot(test)
                self.boot_failures = 0
            logs = [self.machine.console]
            text, verdict = self.attempt(test)
            result = Result(test.name, verdict, text)
        except Failure as e:
            result = Result(test.name, e.verdict, str(e))
        except MachineEnd as e:
            result = Result(test.name, e.verdict, e.detail)
            self.drop()
        except Exception:  # pylint: disable=broad-except
            # The others of the batch still have their turn, in a new machine: nobody knows what this one waits for.
            result = Result(test.name, ERROR, traceback.format_exc(limit=-5))
            self.drop()
        result.seconds, result.logs = time.monotonic() - began, logs
        result.cpu = self.used() - used
        return result

    def attempt(self, test):
        out = test.execute(self.agent, test.limit)
        problem, verdict = self.judge(test, out)
        if problem:
            self.settle()
            return problem, verdict
        # Removes what the test wrote, so that files are not counted as leaks.
        self.agent.sh(f"rm -rf {PLACES[test.place]}", name="clean")
        grown = self.settle()
        runs = 1
        while test.leaks and grown and runs < LEAK_RUNS:
            test.execute(self.agent, test.limit)
            self.agent.sh(f"rm -rf {PLACES[test.place]}", name="clean")
            again = self.settle()
            grown = {k: min(v, again[k]) for k, v in grown.items() if k in again}
            runs += 1
        if test.leaks and grown:
            return "each run left behind: " + ", ".join(f"{v} {k}" for k, v in sorted(grown.items())), LEAK
        return "", PASS

    def judge(self, test, out):
        """What was wrong with a run, and the verdict."""
        tail = "\n".join(out.output.decode("utf-8", "replace").splitlines()[-25:])
        text = self.machine.log_text()
        bad = kernlog.bad_lines(text[self.scanned:], test.log)
        self.scanned = len(text)
        if out.timeout:
            return f"no end, and no output within {test.limit} s of the machine's own time; its last lines:\n{tail}\n{out.where}", TIMEOUT
        failed = [line for line in out.output.decode("utf-8", "replace").splitlines() if line.startswith("FAIL")]
        if out.status != 0:
            return out.ended() + "\n" + ("\n".join(failed) or tail), FAIL
        if bad:
            return "the kernel's log says:\n" + "\n".join(bad[:20]), FAIL
        if out.left:
            return f"{out.left} processes were left behind", LEAK
        if test.oracle and self.runner.oracle:
            linux = self.runner.oracle.run(test)
            if linux.status != 0 or linux.timeout:
                return f"on {self.runner.oracle.what} it fails: {linux.ended()}\n" \
                    + "\n".join(linux.output.decode("utf-8", "replace").splitlines()[-25:]), FAIL
            diff = differences(linux.output, out.output)
            if diff:
                return f"its output is not that of {self.runner.oracle.what}:\n" + diff, FAIL
        if test.place == "disk":
            self.agent.sync()
            wrong = fsck(self.disk)
            if wrong:
                return "e2fsck, after a sync, finds:\n" + wrong, FAIL
        return "", PASS

    def settle(self):
        """Counts again; what has grown since the last time."""
        after = self.agent.counts()
        grown = growth(self.before, after) if self.before and after else {}
        self.before = after
        return grown
