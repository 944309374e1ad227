# SPDX-License-Identifier: MIT
"""The runner's end of the conversation with tests/programs/agent.c (the frames are described there)."""
import socket
import time
from dataclasses import dataclass

from .verdict import ERROR, Failure, MachineEnd

# What programs find in their environment if nothing else is said.
ENV = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "HOME": "/root", "LC_ALL": "C", "TZ": "UTC"}
CHUNK = 2048    # bytes of a file in one frame: the answer paces the sender, so no port overruns


@dataclass
class Outcome:
    output: bytes
    status: int
    timeout: bool
    left: int
    ms: int
    where: str = ""     # what the machine did when the program's time was over

    def ended(self):
        """How the program ended, in words."""
        if self.timeout:
            return "did not end in its time"
        if self.status & 0x7f:
            return f"killed by signal {self.status & 0x7f}"
        return f"exit {self.status >> 8}"


class Budget:
    """The time that a program may take without printing anything: seconds of processor time that its machine
    has got from the host, or of idleness of the whole machine. A busy host takes nothing from either.
    """
    IDLE_SHARE = 0.08   # of a processor: a machine that does less waits for something
    ROUNDS = 20         # and in all so many times that, however much it prints

    def __init__(self, machine, limit):
        self.machine, self.limit = machine, limit * machine.patience
        self.start = self.cpu = machine.cpu_seconds()
        self.wall = time.monotonic()
        self.idle = self.busy = 0.0

    def over(self, printed):
        """Is it spent? Called at each event of the program."""
        wall, cpu = time.monotonic(), self.machine.cpu_seconds()
        if printed:
            self.idle = self.busy = 0.0
        elif cpu - self.cpu < (wall - self.wall) * self.IDLE_SHARE:
            self.idle += wall - self.wall
        else:
            self.busy += cpu - self.cpu
        self.wall, self.cpu = wall, cpu
        return max(self.idle, self.busy) > self.limit or cpu - self.start > self.limit * self.ROUNDS


class Agent:
    def __init__(self, machine):
        self.machine = machine
        self.buf = b""
        self.output = b""       # of the program that runs, or ran last
        self.where = ""

    # Frames.

    def send(self, kind, payload=b""):
        data = f"{kind} {len(payload)}\n".encode() + payload
        view = memoryview(data)
        while view:
            try:
                view = view[self.machine.conn.send(view):]
                self.machine.progress.mark()
            except socket.timeout:
                self.check()
            except OSError:
                raise self.gone()

    def fill(self):
        """At least one more byte, or MachineEnd."""
        while True:
            try:
                data = self.machine.conn.recv(65536)
            except socket.timeout:
                self.check()
                continue
            except OSError:
                data = b""
            if not data:
                raise self.gone()
            self.machine.progress.mark()
            self.buf += data
            return

    def check(self):
        if not self.machine.running() or self.machine.progress.stuck():
            raise self.machine.end()

    def gone(self):
        """The connection is closed: QEMU is about to end, or has."""
        self.machine.ends(10)
        return self.machine.end()

    def recv(self):
        while b"\n" not in self.buf:
            self.fill()
        head, self.buf = self.buf.split(b"\n", 1)
        try:
            kind, length = head.decode("ascii").split(" ")
            length = int(length)
        except ValueError:
            raise MachineEnd(ERROR, f"the agent's port carries {head[:80]!r}, which is no frame") from None
        while len(self.buf) < length:
            self.fill()
        payload, self.buf = self.buf[:length], self.buf[length:]
        return kind, payload

    def expect(self, *kinds):
        kind, payload = self.recv()
        if kind == "error":
            raise Failure("agent: " + payload.decode("utf-8", "replace"))
        if kind not in kinds:
            raise MachineEnd(ERROR, f"expected {' or '.join(kinds)} from the agent, found {kind} {payload[:80]!r}")
        return kind, payload

    # Commands.

    def ready(self):
        self.expect("ready")

    def begin(self, argv, env=None, cwd=None, fresh=False, limit=60, uid=0, stdin=None, name=None):
        """Starts a program; event() tells what it does. limit: see Budget, in seconds."""
        items = ["arg=" + a for a in argv] + [f"env={k}={v}" for k, v in (ENV if env is None else env).items()]
        items.append("name=" + (name or argv[0]))
        if cwd:
            items += ["cwd=" + cwd, f"fresh={int(fresh)}"]
        if uid:
            items.append(f"uid={uid}")
        if stdin:
            items.append("stdin=" + stdin)
        self.send("run", b"\0".join(i.encode() for i in items) + b"\0")
        self.output = b""
        self.where = ""         # the machine stood when its time was over
        self.budget = Budget(self.machine, limit)

    def event(self):
        """The next thing about the program that runs: "out" and bytes, "beat" (a second has passed) or "exit"."""
        kind, payload = self.expect("out", "beat", "exit")
        if kind != "exit" and self.budget and self.budget.over(kind == "out"):
            self.budget = None      # it is told once
            self.where = self.machine.where()
            self.send("kill")
        if kind == "out":
            self.output += payload
        return kind, payload

    def run(self, argv, **kw):
        """A program from its start to its end."""
        self.begin(argv, **kw)
        kind, payload = self.event()
        while kind != "exit":
            kind, payload = self.event()
        values = dict(v.split("=") for v in payload.decode().split())
        return Outcome(self.output, int(values["status"]), values["timeout"] == "1", int(values["left"]), int(values["ms"]),
                       self.where)

    def sh(self, script, **kw):
        return self.run(["/bin/busybox", "sh", "-c", script], **kw)

    def put(self, path, data, mode=0o644):
        at, flag = 0, ""
        while at == 0 or at < len(data):
            head = f"{path}\0{mode:o}\0{flag}\0".encode()
            self.send("put", head + data[at:at + CHUNK])
            self.expect("done")
            at, flag = at + CHUNK, "a"

    def get(self, path):
        self.send("get", path.encode())
        return self.collect("data")

    def collect(self, kind):
        got = b""
        while True:
            k, payload = self.expect(kind, "done")
            if k == "done":
                return got
            got += payload

    def counts(self):
        """Live kernel objects by name, or None where there are no counts (Linux)."""
        self.send("counts")
        try:
            text = self.collect("counts").decode("ascii", "replace")
        except Failure:
            return None
        return {line.rsplit(None, 1)[0]: int(line.rsplit(None, 1)[1]) for line in text.splitlines() if line.strip()}

    def sync(self):
        self.send("sync")
        self.expect("done")

    def poweroff(self):
        """Switches the machine off and waits for that. Anything but QEMU's status 0 is a MachineEnd."""
        self.machine.asked_to_stop = True
        self.send("poweroff")
        self.expect("done")
        self.machine.progress.mark()
        while not self.machine.ends(1):
            self.check()
        if self.machine.proc.returncode != 0 or self.machine.triple_fault():
            raise self.machine.end()
