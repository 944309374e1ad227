# SPDX-License-Identifier: MIT
"""A person at the screen and its keyboard (tty1), and what the machine knows of a terminal's size."""
import os
import re
import shutil
import tempfile

from harness import paths
from harness.machine import Machine
from harness.scenario import Failure, scenario

COLUMNS, ROWS = 80, 25
TEXT_MEMORY = 0xb8000
KEYS = {" ": "spc", "\n": "ret", "/": "slash", ".": "dot", "-": "minus", ";": "semicolon", ">": "shift-dot", "$": "shift-4",
        "(": "shift-9", ")": "shift-0"}


class Screen:
    """The screen and the keyboard of a machine, through QEMU's monitor."""

    def __init__(self, t):
        self.t = t
        self.dir = tempfile.mkdtemp(prefix="reprise-screen-")
        self.monitor = os.path.join(self.dir, "monitor")
        self.options = ["--monitor", self.monitor]

    def command(self, text):
        answer = Machine.monitor_command(self, text)
        self.t.check(answer, f"QEMU's monitor does not answer to {text}")
        return answer

    read_until_prompt = staticmethod(Machine.read_until_prompt)

    def key(self, char):
        self.command("sendkey " + (f"shift-{char.lower()}" if char.isupper() else KEYS.get(char, char)))

    def lines(self):
        cells = re.findall(r"0x([0-9a-f]{4})\b", self.command(f"xp /{ROWS * COLUMNS}xh {TEXT_MEMORY:#x}"))
        # The monitor shows the command again before its answer.
        text = "".join(chr(int(c, 16) & 0xff) for c in cells[-ROWS * COLUMNS:])
        return [text[i:i + COLUMNS].rstrip(" \0") for i in range(0, len(text), COLUMNS)]

    def wait(self, console, pattern):
        """Waits until a line of the screen matches."""
        import pexpect
        for _ in range(600):
            for line in self.lines():
                if re.search(pattern, line):
                    return line
            # What comes on the serial line meanwhile; and an end of QEMU.
            if console.expect([pexpect.TIMEOUT, pexpect.EOF, r"panic:"], timeout=0.2):
                break
        raise Failure(f"expected /{pattern}/ on the screen:\n" + "\n".join(self.lines()))

    def type(self, console, line):
        """Types a line; each key when the one before it is on the screen, since a keyboard holds few."""
        for i, char in enumerate(line):
            self.key(char)
            self.wait(console, rf"# {re.escape(line[:i + 1].rstrip())}$")
        self.key("\n")

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


@scenario("screen/shell", smp=(1, 2))
def shell(t):
    "A shell on the screen beside the one on the serial line; each in a session of its own, and each started anew when it ends."
    disk, screen = t.disk(), Screen(t)
    try:
        c = t.console(disk, *screen.options)
        t.prompt(c)
        screen.wait(c, r"# *$")
        screen.type(c, "tty > /root/where; stty size >> /root/where")
        screen.type(c, "echo seen $(expr 6 - 1)")
        screen.wait(c, r"^seen 5$")
        t.equal("on the other terminal", t.type(c, "cat /root/where; tty"), "/dev/tty1\n25 80\n/dev/console\n")
        t.equal("sessions", len(set(t.type(c, "ps -o comm,sid,tty | awk '$1 == \"sh\" { print $2 }'").split())), 2)
        screen.type(c, "exit")
        screen.type(c, "echo again $$")
        again = screen.wait(c, r"^again \d+$")
        t.contains(t.type(c, "ps -o pid,comm,tty"), rf"^ *{again.split()[1]} sh +4,1$")
        c.send("poweroff\r")
        t.equal("exit status", t.await_end(c), 0)
        t.fsck(disk)
    finally:
        screen.close()


@scenario("screen/cd")
def cd(t):
    "From the CD, on a machine with a screen: a shell there, without any choice in the menu."
    t.need(paths.ISO)
    screen = Screen(t)
    try:
        c = t.console(None, *screen.options, iso=True)
        t.prompt(c, timeout=180)
        screen.wait(c, r"# *$")
        screen.type(c, "uname -s")
        screen.wait(c, r"^Reprise$")
        screen.type(c, "poweroff")
        t.equal("exit status", t.await_end(c), 0)
    finally:
        screen.close()


@scenario("screen/console")
def console_there(t):
    "console=tty1: the one shell is on the screen, and the kernel's log on both."
    disk, screen = t.disk(), Screen(t)
    try:
        c = t.console(disk, *screen.options, append="console=ttyS0 console=tty1")
        c.expect("cpus: ")
        screen.wait(c, r"# *$")
        screen.type(c, "tty > /root/where; ps -o comm > /root/ps; poweroff")
        t.equal("exit status", t.await_end(c), 0)
        t.fsck(disk)
        t.equal("where", t.host(paths.ROOT + "/tools/disk", "--disk", disk, "get", "/root/where", "-"), "/dev/console\n")
        shells = t.host(paths.ROOT + "/tools/disk", "--disk", disk, "get", "/root/ps", "-").split().count("sh")
        t.equal("shells", shells, 1)
    finally:
        screen.close()


@scenario("screen/size")
def size(t):
    "The serial console has the size of the terminal that tools/vm runs in, or the one that tty= says; none if there is neither."
    disk = t.disk()
    unknown = r"^stty: standard input"      # what busybox says of the size 0 0
    for words, want in (("", "^24 80$"), ("tty=50x132", "^50 132$"), ("tty=nonsense", unknown), ("tty=0x80", unknown),
                        ("tty=70000x80", unknown), ("tty=24x80x3", unknown), ("tty=24", unknown)):
        c = t.console(disk, "--snapshot", append=words)
        t.prompt(c)
        t.contains(t.type(c, "stty size"), want)
        c.send("poweroff\r")
        t.await_end(c)
    m, agent = t.boot(disk)
    t.contains(t.sh(agent, "stty size < /dev/ttyS0 2>&1; true"), unknown)
    t.finish(m, agent, disk)
