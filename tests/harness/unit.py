# SPDX-License-Identifier: MIT
"""Unit tests: each tests/unit/test_X.c is a program, compiled natively with ASan and UBSan.

It includes the kernel sources that it needs, or names them in a comment near its top:

    UNIT-SOURCES: kernel/lib/printk.c kernel/lib/string.c
    UNIT-FLAGS: -pthread
    UNIT-NEEDS: mke2fs e2fsck          (programs of the host; without them the test is skipped)
    UNIT-FULL: all                     (its arguments under tests/run --full)

It prints "ok NAME" or "FAIL NAME" lines and exits with 0 when all is well.
"""
import glob
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import threading
import time

from . import paths, used
from .verdict import ERROR, FAIL, PASS, SKIP, TIMEOUT, Result

CFLAGS = ["-std=gnu11", "-fms-extensions", "-g", "-O1", "-fno-omit-frame-pointer", "-DREPRISE_HOST=1", "-DDEBUG=1", "-I.", "-Wall", "-Wextra",
          "-Wno-unused-parameter", "-fno-strict-aliasing", "-fsanitize=address,undefined",
          "-fno-sanitize=alignment", "-fno-sanitize-recover=all"]
HOSTCC = os.environ.get("HOSTCC", "gcc")
ENV = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
LIMIT = 300         # seconds of processor time, of the program and of what it has run
IDLE_WALL = 120     # seconds in which it has got none: it waits for something


def run_limited(argv, limit, **kw):
    """The exit status and the processor time. The status is None if it went on for too long and was killed."""
    proc = subprocess.Popen(argv, **kw)
    cpu, since = 0.0, time.monotonic()
    while (took := used.reap(proc, os.WNOHANG)) is None:
        time.sleep(0.05)
        before, cpu = cpu, used.seconds(proc.pid)
        if cpu > before:
            since = time.monotonic()
        if cpu > limit or time.monotonic() - since > IDLE_WALL:
            proc.kill()
            return None, used.reap(proc)
    return proc.returncode, took


def make(output, cmd, inputs):
    """Runs cmd unless output is younger than its inputs and was made by the same command. None, or what cmd said."""
    try:
        with open(output + ".cmd", encoding="utf-8") as f:
            same = f.read() == shlex.join(cmd)
        if same and all(os.path.getmtime(p) < os.path.getmtime(output) for p in inputs):
            return None
    except OSError:
        pass
    os.makedirs(os.path.dirname(output), exist_ok=True)
    done = subprocess.run(cmd, cwd=paths.ROOT, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    with open(output + ".cmd", "w", encoding="utf-8") as f:
        f.write(shlex.join(cmd))
    return None


class Object:
    """One source compiled with one set of flags, for all tests that want it so."""

    def __init__(self, source, flags):
        kind = hashlib.sha256(shlex.join(flags).encode()).hexdigest()[:12]
        self.lock = threading.Lock()
        self.flags = flags
        self.source = source
        self.path = os.path.join(paths.OUT, "unit", "obj", kind, source + ".o")

    def inputs(self):
        try:
            with open(self.path + ".d", encoding="utf-8") as f:
                found = f.read().replace("\\\n", " ").split(":", 1)[1].split()
        except (OSError, IndexError):
            return [self.path + ".d"]  # which is not there: make() takes that for old
        return [os.path.join(paths.ROOT, d) for d in found]

    def make(self, wait):
        """None, or what the compiler said. Without `wait` not while another test makes it."""
        if not self.lock.acquire(blocking=wait):
            return None
        try:
            cmd = [HOSTCC] + self.flags + ["-MMD", "-MF", self.path + ".d", "-c", "-o", self.path, self.source]
            return make(self.path, cmd, self.inputs())
        finally:
            self.lock.release()


objects_lock = threading.Lock()
objects = {}


def object_of(source, flags):
    with objects_lock:
        return objects.setdefault((source, tuple(flags)), Object(source, flags))


def discover():
    return sorted("unit/" + os.path.basename(p)[len("test_"):-2] for p in glob.glob(paths.UNIT + "/test_*.c"))


class UnitTest:
    kind = "unit"
    smp = None
    oracle = False

    def __init__(self, name, limit=LIMIT):
        self.name = name
        self.limit = limit
        self.source = f"tests/unit/test_{name.split('/', 1)[1]}.c"

    def directive(self, word):
        with open(os.path.join(paths.ROOT, self.source), encoding="utf-8") as f:
            head = f.read(4000)
        return [w for line in re.findall(rf"{word}:[ \t]*(.*?)(?:\*/|$)", head, re.M) for w in shlex.split(line)]

    def sources(self):
        """UNIT-SOURCES; a pattern such as fs/ext2/*.c stands for what is there."""
        found = [sorted(glob.glob(w, root_dir=paths.ROOT)) if "*" in w else [w] for w in self.directive("UNIT-SOURCES")]
        return [path for paths_of_one in found for path in paths_of_one]

    def compile(self):
        """None, or what the compiler said."""
        exe = self.exe = os.path.join(paths.OUT, "unit", os.path.basename(self.source)[:-2])
        flags = CFLAGS + self.directive("UNIT-FLAGS")
        objects = [object_of(path, flags) for path in [self.source] + self.sources()]
        # What another test makes at this moment comes last.
        errors = [said for wait in (False, True) for obj in objects if (said := obj.make(wait))]
        if errors:
            return "\n".join(errors)
        return make(exe, [HOSTCC] + flags + ["-o", exe] + [obj.path for obj in objects] + ["-lm"], [obj.path for obj in objects])

    def run(self, runner):
        began, self.cpu = time.monotonic(), 0.0
        result = self.outcome(self.directive("UNIT-FULL") if runner.full else [])
        result.seconds, result.cpu = time.monotonic() - began, self.cpu
        return [result]

    def outcome(self, args):
        missing = [p for p in self.directive("UNIT-NEEDS") if not shutil.which(p, path=os.environ["PATH"] + ":/sbin:/usr/sbin")]
        if missing:
            return Result(self.name, SKIP, "needs " + ", ".join(missing))
        errors = self.compile()
        if errors is not None:
            return Result(self.name, FAIL, "it does not compile:\n" + errors[-4000:])
        log = os.path.join(paths.LOGS, paths.slug(self.name) + ".log")
        limit = self.limit * (10 if args else 1)
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin", **ENV)
        try:
            with open(log, "wb") as f:
                status, self.cpu = run_limited([self.exe] + args, limit, cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=f,
                                               stderr=f, env=env)
        except OSError as e:
            return Result(self.name, ERROR, str(e))
        if status is None:
            return Result(self.name, TIMEOUT, f"no end within {limit} s of processor time\n" + paths.tail(log), logs=[log])
        if status:
            return Result(self.name, FAIL, f"exit status {status}\n" + paths.tail(log), logs=[log])
        return Result(self.name, PASS, logs=[log])
