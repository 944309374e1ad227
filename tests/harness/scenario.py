# SPDX-License-Identifier: MIT
"""Scenarios: tests in Python that boot machines as they need them, often several times with one disk.

    @scenario("power/cut", smp=(1, 2))
    def cut(t):
        "What it shows, in a sentence."
        disk = t.disk()
        vm, agent = t.boot(disk)
        ...
        t.cut(vm)
        t.fsck(disk)

They live in tests/system/*.py. Whatever they start is ended, whatever they write is removed.
"""
import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time

from . import kernlog, paths, program, used
from .agent import Agent
from .machine import PANIC_STATUS, Machine
from .verdict import ERROR, FAIL, PASS, SKIP, TIMEOUT, Failure, MachineEnd, Result, Skip

SCENARIOS = []
# Behind its prompt busybox asks a terminal for the cursor (ESC [6n), if no input is waiting.
PROMPT = r"[^\r\n]*# (?:\x1b\[6n)?\Z"


def scenario(name, smp=(2,), limit=600, oracle=False, full=False):
    """full: only `tests/run --full` takes it."""
    def register(fn):
        for n in smp:
            SCENARIOS.append(ScenarioTest(name if n == 2 or len(smp) == 1 else f"{name}@smp{n}", fn, n, limit, oracle, full))
        return fn
    return register


def discover():
    """Loads tests/system/*.py once; their scenarios."""
    if not SCENARIOS:
        for path in sorted(glob.glob(os.path.join(paths.ROOT, "tests", "system", "*.py"))):
            spec = importlib.util.spec_from_file_location("system_" + os.path.basename(path)[:-3], path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
    return SCENARIOS


class Scenario:
    """What a scenario's function gets."""

    def __init__(self, name, smp, runner):
        self.name, self.smp, self.runner = name, smp, runner
        self.dir = os.path.join(paths.WORK, paths.slug(name))
        self.machines, self.consoles, self.logs = [], [], []
        self.cpu = 0.0      # of all that has been cleared up
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        paths.forget(paths.log_of(name))

    # Checks.

    def check(self, condition, text):
        if not condition:
            raise Failure(text)

    def equal(self, what, got, want):
        if got != want:
            raise Failure(f"{what}: expected {want!r}, found {got!r}")

    def contains(self, text, pattern):
        m = re.search(pattern, text, re.M)
        if not m:
            raise Failure(f"expected /{pattern}/ in:\n" + "\n".join(text.splitlines()[-30:]))
        return m

    def need(self, path):
        if not os.path.exists(path):
            raise Skip(f"needs {os.path.relpath(path, paths.ROOT)}, which is not built")

    def tool(self, name):
        exe = shutil.which(name, path=os.environ["PATH"] + ":/sbin:/usr/sbin")
        if not exe:
            raise Skip(f"needs {name} on the host")
        return exe

    def host(self, *cmd, status=0, stdin=None):
        """Runs a command of the host; its output."""
        done = subprocess.run(cmd, cwd=self.dir, capture_output=True, text=True, errors="replace", timeout=300, input=stdin)
        if status is not None and done.returncode != status:
            raise Failure(f"{' '.join(cmd)}: exit status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout + done.stderr

    # Disks.

    def file(self, name):
        return os.path.join(self.dir, name)

    def disk(self, name="disk.img"):
        """A fresh copy of the disk."""
        return paths.copy_sparse(paths.DISK, self.file(name))

    def small_disk(self, mib, name="small.img", opts=()):
        """An empty ext2 file system of its own."""
        path = self.file(name)
        with open(path, "wb") as f:
            f.truncate(mib << 20)
        self.host(self.tool("mke2fs"), "-q", "-F", "-t", "ext2", "-b", "4096", "-O",
                  "filetype,^resize_inode,^dir_index,^ext_attr,sparse_super,large_file", *opts, path)
        return path

    def fsck(self, disk):
        wrong = program.fsck(disk)
        if wrong:
            raise Failure(f"e2fsck -fn {os.path.basename(disk)}:\n{wrong}")

    # Machines with the agent.

    def machine(self, disk, append="", init="/tests/agent", mem=256, smp=None, extra=(), hang=None, name=None):
        log = paths.log_of(name or self.name)
        m = Machine(self.name, disk=disk, smp=smp or self.smp, mem=mem, extra=[*self.runner.extra, *extra], hang=hang or self.runner.hang, patience=self.runner.patience,
                    append=f"init={init} panic=exit {append} {self.runner.append}", console=log)
        self.machines.append(m)
        if log not in self.logs:
            self.logs.append(log)
        return m.start()

    def boot(self, disk, **kw):
        m = self.machine(disk, **kw)
        agent = Agent(m)
        agent.ready()
        return m, agent

    def run(self, agent, *argv, status=0, **kw):
        """Runs a program in the machine; its output as text. Its end must be as expected (None: any)."""
        out = agent.run(list(argv), **kw)
        text = out.output.decode("utf-8", "replace")
        if out.timeout:
            raise Failure(f"{' '.join(argv)}: no end in its time\n{text[-2000:]}\n{out.where}", TIMEOUT)
        if status is not None and out.status != status << 8:
            raise Failure(f"{' '.join(argv)}: expected exit {status}, found: {out.ended()}\n{text[-3000:]}")
        return text

    def sh(self, agent, script, **kw):
        return self.run(agent, "/bin/busybox", "sh", "-c", script, **kw)

    def cut(self, m):
        """The power goes: QEMU is killed."""
        m.stop()

    def finish(self, m, agent, disk=None):
        """An orderly end: power off, status 0, clean log, clean disk."""
        agent.poweroff()
        bad = kernlog.bad_lines(m.log_text())
        m.stop()
        if bad:
            raise Failure("the kernel's log says:\n" + "\n".join(bad[:20]))
        if disk:
            self.fsck(disk)

    # Machines with a person at the console.

    def console(self, disk, *args, append="", smp=None, mem=256, iso=False):
        import pexpect
        cmd = ["--smp", str(smp or self.smp), "--mem", str(mem), *args]
        if iso:
            cmd += ["--iso", paths.ISO]
        else:
            cmd += ["--append", f"panic=exit {append} {self.runner.append}"]
            cmd += ["--disk", disk] if disk else ["--no-disk"]
        log = paths.log_of(self.name)
        self.logs.append(log)
        child = pexpect.spawn(paths.VM, cmd, cwd=paths.ROOT, timeout=90, dimensions=(24, 80), echo=False)
        child.logfile_read = open(log, "ab")
        self.consoles.append(child)
        return child

    def prompt(self, child, timeout=90):
        """Waits for the shell's prompt; what stood before it."""
        import pexpect
        i = child.expect([PROMPT, r"panic:", pexpect.EOF, pexpect.TIMEOUT], timeout=timeout)
        if i:
            raise Failure(f"expected the prompt, found {['', 'a panic', 'the end of QEMU', 'nothing in time'][i]}\n"
                          + (child.before or b"").decode("utf-8", "replace")[-3000:])
        return child.before.decode("utf-8", "replace").replace("\r", "")

    def type(self, child, line):
        """Types a line at the prompt; what the command printed."""
        child.send(line + "\r")
        text = self.prompt(child)
        return text.split("\n", 1)[1] if "\n" in text else ""

    def await_end(self, child, timeout=60):
        """Waits until QEMU ends; its exit status."""
        import pexpect
        child.expect(pexpect.EOF, timeout=timeout)
        self.close(child)
        return child.exitstatus

    def close(self, child):
        if not child.closed:
            self.cpu += used.seconds(child.pid) or 0.0
            child.close(force=True)

    def clear(self):
        for m in self.machines:
            m.stop()
            self.cpu += m.cpu
        for c in self.consoles:
            self.close(c)
            if c.logfile_read:
                c.logfile_read.close()
        if not self.runner.keep:
            shutil.rmtree(self.dir, ignore_errors=True)


class ScenarioTest:
    kind = "system"

    def __init__(self, name, fn, smp, limit, oracle, full):
        self.name, self.fn, self.smp, self.limit, self.oracle, self.full = name, fn, smp, limit, oracle, full

    def run(self, runner):
        smp = runner.smp or self.smp
        t = Scenario(self.name, smp, runner)
        began = time.monotonic()
        try:
            self.fn(t)
            result = Result(self.name, PASS)
        except Skip as e:
            result = Result(self.name, SKIP, str(e))
        except Failure as e:
            result = Result(self.name, e.verdict, str(e))
        except MachineEnd as e:
            result = Result(self.name, e.verdict, e.detail)
        except Exception as e:  # pylint: disable=broad-except
            import pexpect
            if isinstance(e, (pexpect.TIMEOUT, pexpect.EOF)):
                result = Result(self.name, TIMEOUT if isinstance(e, pexpect.TIMEOUT) else FAIL,
                                "on the console: " + str(e)[:3000])
            else:
                import traceback
                result = Result(self.name, ERROR, traceback.format_exc(limit=-4))
        finally:
            t.clear()
        result.seconds, result.logs, result.cpu = time.monotonic() - began, t.logs, t.cpu
        return [result]


__all__ = ["scenario", "discover", "PANIC_STATUS", "Failure", "Skip", "MachineEnd", "FAIL", "sys"]
