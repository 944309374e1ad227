# SPDX-License-Identifier: MIT
"""What Linux says: the same program runs there too, and must print the same.

Two kinds. The host itself, if its kernel runs i386 programs, which by far not every one does. Else a machine like the
others whose kernel is Linux (`make linux`), with the same disk, the same agent and the same paths: one for all tests,
started when the first one asks. What it has said about a program stays on the disk, under a hash of all that the
answer depends on, so that it is asked again only about what has changed.
"""
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading

from . import paths
from .agent import Agent, Outcome
from .machine import Host, LinuxMachine
from .verdict import ERROR, Failure, MachineEnd

LIMIT = 60                  # seconds that a program always has, however short its own time is
KINDS = ("auto", "host", "vm", "none")


def host_runs_programs():
    """Does this host's kernel run i386 programs? Asks it; needs the built ones."""
    try:
        return subprocess.run([paths.BUSYBOX, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def choose(kind):
    """The kind of oracle that "auto" means here."""
    if kind == "auto":
        return "host" if host_runs_programs() else "vm"
    if kind == "host" and not host_runs_programs():
        sys.exit("tests/run: this host's kernel does not run i386 programs; --oracle vm asks Linux on a virtual machine")
    return kind


def make(kind, keep=True):
    """The oracle, or None for "none"; without `keep` it asks Linux each time."""
    return {"host": HostOracle, "vm": lambda: LinuxOracle(keep), "none": lambda: None}[kind]()


class Oracle:
    """Asked by several threads, it answers one at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.machine = self.agent = None

    def run(self, test):
        """The Outcome of the test's program on Linux. Failure: Linux could not be asked."""
        with self.lock:
            try:
                if self.machine is None:
                    self.machine = self.start()
                    self.agent = Agent(self.machine)
                    self.agent.ready()
                return self.ask(test)
            except MachineEnd as e:
                self.drop()
                raise Failure(f"the oracle, {self.what}: {e.detail}", ERROR) from None

    def drop(self):
        if self.machine:
            self.machine.stop()
            self.machine = None

    def stop(self):
        """No test needs it any more, as far as is known."""
        with self.lock:
            self.drop()

    def ask_early(self, tests):
        """Asks about tests that will be run, if the answers stay."""


class HostOracle(Oracle):
    what = "the Linux host"

    def start(self):
        return Host()

    def ask(self, test):
        cwd = os.path.join(paths.WORK, "host-" + paths.slug(test.name))
        os.makedirs(paths.WORK, exist_ok=True)
        env = {"PATH": applets() if test.script else "/bin:/usr/bin", "HOME": cwd, "LC_ALL": "C", "TZ": "UTC"}
        uid = test.uid if os.geteuid() == 0 else 0
        return self.agent.run(test.command(True), env=env, cwd=cwd, fresh=True, limit=max(test.limit, LIMIT), uid=uid)


class LinuxOracle(Oracle):
    what = "Linux on a virtual machine"
    HANG = (200.0, 60.0)        # its boot says nothing to us

    def __init__(self, keep):
        super().__init__()
        self.keep = keep
        self.endless = {}           # Outcomes of this run without an end
        self.asked = {}             # locks of answers
        self.folder = os.path.join(paths.OUT, "oracle")

    def start(self):
        return LinuxMachine("oracle", paths.DISK, extra=["--snapshot"], hang=self.HANG).start()

    def ask(self, test):
        return test.execute(self.agent, max(test.limit, LIMIT))

    def run(self, test):
        key = self.key(test)
        with self.lock:
            asked = self.asked.setdefault(key, threading.Lock())
        with asked:
            return self.answer(test, key)

    def answer(self, test, key):
        path = os.path.join(self.folder, key + ".json")
        if self.keep and key in self.endless:
            return self.endless[key]
        if self.keep and os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                old = json.load(f)
            return Outcome(bytes.fromhex(old["output"]), 0, False, 0, old["ms"])
        out = super().run(test)
        if out.status == 0 and not out.timeout:
            self.store(path, {"test": test.name, "ms": out.ms, "output": out.output.hex()})
        elif out.timeout:
            self.endless[key] = out     # the program on other numbers of CPUs does not wait for it again
        return out

    def ask_early(self, tests):
        """One machine answers all: it begins at once, and the tests that need no answer run meanwhile."""
        if self.keep:
            threading.Thread(target=self.ask_all, args=(tests,), daemon=True).start()

    def ask_all(self, tests):
        for test in tests:
            try:
                self.run(test)
            except Failure:
                pass    # it is told to the test itself

    def store(self, path, answer):
        """Only good answers outlast the run: a mended test must be seen to run."""
        os.makedirs(self.folder, exist_ok=True)
        part = f"{path}.{threading.get_ident()}"
        with open(part, "w", encoding="utf-8") as f:
            json.dump(answer, f)
        os.rename(part, path)

    def key(self, test):
        """A name for all that the answer depends on: the contents of files, and how the program is called."""
        depends = [common(), json.dumps(test.called())]
        first = os.path.join(paths.SCRIPTS, test.script) if test.script else test.command(True)[0]
        files = [first] + [os.path.join(paths.PROGRAMS, name) for name in test.runs]
        return hashlib.sha256("\n".join(depends + [contents(f) for f in files]).encode()).hexdigest()[:32]


def contents(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@functools.lru_cache(maxsize=1)
def common():
    """What all answers depend on: QEMU, Linux, the agent, busybox, the files of the root that we wrote."""
    qemu = subprocess.run(["qemu-system-i386", "--version"], capture_output=True, text=True, check=True).stdout
    files = [paths.VMLINUZ, paths.INITRD, paths.VM, os.path.join(paths.PROGRAMS, "agent"), paths.BUSYBOX]
    for folder, _, names in sorted(os.walk(os.path.join(paths.ROOT, "user", "root"))):
        files += [os.path.join(folder, n) for n in sorted(names) if os.path.isfile(os.path.join(folder, n))]
    return "\n".join([qemu] + [contents(f) for f in files])


def applets():
    """A directory with a link to busybox for each of its commands: the host's side of the scripts."""
    where = os.path.join(paths.OUT, "applets")
    done = os.path.join(where, ".done")
    if not os.path.exists(done):
        shutil.rmtree(where, ignore_errors=True)
        os.makedirs(where)
        for name in subprocess.run([paths.BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split():
            os.symlink(paths.BUSYBOX, os.path.join(where, name))
        with open(done, "w", encoding="utf-8"):
            pass
    return where
