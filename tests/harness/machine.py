# SPDX-License-Identifier: MIT
"""One virtual machine: start it, watch that it makes progress, say what it died of.

Nothing here waits for a fixed time. A machine hangs when it has said nothing for HANG_CPU seconds of the
processor time that QEMU itself used, or when QEMU has used none for IDLE_WALL seconds (all CPUs halted for
ever). A busy host only makes that take longer.
"""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from . import kernlog, paths, used
from .verdict import ERROR, FAIL, HANG, PANIC, TRIPLE, MachineEnd

HANG_CPU = 40.0
IDLE_WALL = 30.0
IDLE_SHARE = 0.03
PANIC_STATUS = 99


class Progress:
    """Decides between slow and stuck."""

    def __init__(self, cpu_seconds, hang_cpu=HANG_CPU, idle_wall=IDLE_WALL):
        self.cpu_seconds = cpu_seconds
        self.hang_cpu = hang_cpu
        self.idle_wall = idle_wall
        self.mark()

    def mark(self):
        self.wall, self.cpu = time.monotonic(), self.cpu_seconds()

    def stuck(self):
        """None, or the reason."""
        wall, cpu = time.monotonic() - self.wall, self.cpu_seconds() - self.cpu
        if cpu > self.hang_cpu:
            return f"busy for {cpu:.0f} s of processor time without a sign of life"
        if wall > self.idle_wall and cpu < wall * IDLE_SHARE:
            return f"idle for {wall:.0f} s: all its CPUs wait"
        return None


class Machine:
    """A VM whose second serial port is connected to `conn`."""

    def __init__(self, name, disk=None, smp=2, mem=256, append="", extra=(), hang=None, console=None, patience=1):
        self.name = name
        self.patience = patience    # so many times slower than others it may be
        self.smp = smp
        self.dir = tempfile.mkdtemp(prefix="reprise-vm-")
        self.console = console or paths.log_of(name)
        self.faults = os.path.join(self.dir, "faults")
        self.monitor = os.path.join(self.dir, "monitor")
        self.conn = None
        self.hang = hang or (HANG_CPU, IDLE_WALL)
        self.asked_to_stop = False
        self.cpu = 0.0
        os.makedirs(os.path.dirname(self.console), exist_ok=True)
        self.args = [paths.VM, "--smp", str(smp), "--mem", str(mem), "--faults", self.faults,
                     "--monitor", self.monitor, "--append", append]
        self.args += ["--disk", disk] if disk else ["--no-disk"]
        self.args += list(extra)

    def start(self):
        port = os.path.join(self.dir, "port")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(port)
        listener.listen(1)
        at = self.args.index("--") if "--" in self.args else len(self.args)
        args = self.args[:at] + ["--serial2", f"unix:{port}"] + self.args[at:]
        with open(self.console, "ab") as log:
            self.start_of_log = log.tell()
            self.proc = subprocess.Popen(args, cwd=paths.ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log)
        self.progress = Progress(self.cpu_seconds, *self.hang)
        listener.settimeout(1.0)
        while self.conn is None:
            try:
                self.conn, _ = listener.accept()
            except socket.timeout:
                if not self.running() or self.progress.stuck():
                    listener.close()
                    raise self.end()
        listener.close()
        self.conn.settimeout(1.0)
        return self

    def cpu_seconds(self):
        """Processor time so far."""
        if self.proc.returncode is None:
            self.cpu = used.seconds(self.proc.pid) or self.cpu
        return self.cpu

    def running(self):
        if self.proc.returncode is None:
            self.cpu = used.reap(self.proc, os.WNOHANG) or self.cpu
        return self.proc.returncode is None

    def ends(self, seconds):
        """Does it end within that time?"""
        until = time.monotonic() + seconds
        while self.running() and time.monotonic() < until:
            time.sleep(0.02)
        return not self.running()

    def log_text(self):
        with open(self.console, "rb") as f:
            f.seek(self.start_of_log)
            return f.read().decode("utf-8", "replace").replace("\r", "")

    def triple_fault(self):
        try:
            with open(self.faults) as f:
                return "Triple fault" in f.read()
        except OSError:
            return False

    def end(self):
        """What the machine ended in, as a MachineEnd. One that still runs has hung."""
        if self.running():
            why = self.progress.stuck() or "no answer"
            return MachineEnd(HANG, f"{why}\n{self.where()}\n{paths.tail(self.console, 15)}")
        status = self.proc.returncode
        text = self.log_text()
        if self.triple_fault():
            return MachineEnd(TRIPLE, paths.tail(self.console, 15))
        if status == PANIC_STATUS:
            return MachineEnd(PANIC, kernlog.panic_text(text))
        if status == 0:
            return MachineEnd(FAIL, "the machine was switched off or restarted, which nobody had asked for\n"
                              + paths.tail(self.console, 15))
        return MachineEnd(ERROR, f"QEMU ended with status {status}\n{paths.tail(self.console, 15)}")

    def monitor_command(self, command):
        """The answer of QEMU's monitor, "" if it gives none."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(5.0)
            try:
                s.connect(self.monitor)
                answer = self.read_until_prompt(s)
                s.sendall(command.encode() + b"\n")
                answer = self.read_until_prompt(s)
            except OSError:
                return ""
        return answer.decode("utf-8", "replace")

    @staticmethod
    def read_until_prompt(s):
        got = b""
        while not got.rstrip().endswith(b"(qemu)"):
            data = s.recv(65536)
            if not data:
                break
            got += data
        return got

    def where(self):
        """Where the CPUs stand, by the kernel's symbols."""
        text = self.monitor_command("info registers -a")
        cpus = re.findall(r"CPU#(\d+).*?EIP=([0-9a-f]{8}).*?HLT=(\d)", text, re.S)
        if not cpus:
            return "(QEMU's monitor does not answer)"
        return "\n".join([f"CPU {n}: {kernlog.symbol(int(eip, 16))}{', halted' if hlt == '1' else ''}"
                          for n, eip, hlt in cpus] + self.threads())

    def threads(self):
        """All threads and where they stand, from gdb, if it is installed."""
        gdb, sock = shutil.which("gdb"), os.path.join(self.dir, "gdb")
        if not gdb:
            return []
        self.monitor_command(f"gdbserver unix:{sock},server=on,wait=off")
        cmd = [gdb, "-q", "-nx", "-batch", paths.KERNEL, "-ex", "set pagination off", "-ex", f"target remote {sock}",
               "-ex", "source " + os.path.join(paths.ROOT, "tools", "gdb", "reprise.py"), "-ex", "cpus", "-ex", "lwps"]
        try:
            text = subprocess.run(cmd, capture_output=True, text=True, errors="replace", timeout=60).stdout
        except (OSError, subprocess.TimeoutExpired):
            return ["(gdb does not answer)"]
        lines = text.splitlines()
        first = next((i for i, line in enumerate(lines) if line.startswith("CPU ")), 0)
        return lines[first:first + 60]

    def stop(self):
        """Ends QEMU if it still runs, and clears up. Safe to call twice."""
        if self.conn:
            self.conn.close()
            self.conn = None
        if getattr(self, "proc", None) and self.running():
            self.proc.kill()
            self.cpu = used.reap(self.proc)
        if getattr(self, "proc", None):
            self.proc.stdin.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class LinuxMachine(Machine):
    """The same machine with Linux for a kernel."""

    def __init__(self, name, disk, extra=(), **kw):
        super().__init__(name, disk=disk, extra=["--linux", *extra], **kw)
        paths.forget(self.console)

    def where(self):
        return "(a machine with Linux)"


class Host:
    """The Linux host as a machine: the agent runs as an ordinary program."""

    patience = 1
    ends = Machine.ends

    def __init__(self):
        self.name = "host"
        self.conn, theirs = socket.socketpair()
        self.conn.settimeout(1.0)
        self.proc = subprocess.Popen([os.path.join(paths.PROGRAMS, "agent"), "-"], stdin=theirs, stdout=theirs)
        theirs.close()
        self.progress = Progress(self.cpu_seconds, 120.0, 1e9)

    def running(self):
        return self.proc.poll() is None

    @staticmethod
    def cpu_seconds():
        """The host does not say which of its time is the programs': all of it."""
        return time.monotonic()

    @staticmethod
    def where():
        return "(the Linux host)"

    def end(self):
        return MachineEnd(ERROR, "the agent on the Linux host ended or does not answer")

    def stop(self):
        self.conn.close()
        self.proc.kill()
        self.proc.wait()
