# SPDX-License-Identifier: MIT
"""The kernel's log: what users write into it, and how much."""
import re

from harness.scenario import scenario

# A newline, an escape sequence, the C1 control that begins one, and a line that looks like the kernel's own.
NASTY = r"a\nforged line\033[2J\233"
SHOWN = r"a\x0aforged line\x1b[2J\x9b"


def log(t, agent):
    """The log; nothing in it but printable ASCII in whole lines."""
    text = t.sh(agent, "dmesg | od -An -v -tx1 | tr -d ' \\n'").strip()
    data = bytes.fromhex(text)
    odd = sorted({b for b in data if b != 10 and not 32 <= b <= 126})
    t.check(not odd, f"the log has the bytes {odd}")
    found = data.decode("ascii")
    t.check(not re.search(r"^forged line", found, re.M), "a user's text began a line of the log")
    return found


def holds(t, text, line):
    t.check(line in text, f"the log has no line with {line}\n{text[-2000:]}")


@scenario("log/forged-lines")
def forged(t):
    "Newlines and escape sequences in names: of images, programs, threads' commands, traced arguments, and in /dev/kmsg."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, f"printf '{NASTY}' > /tmp/name")
    nasty = 'n="$(cat /tmp/name)"; cd /tmp; '
    t.sh(agent, nasty + 'echo no image > "${n}_ckpt"; ! recover "$n"')
    holds(t, log(t, agent), f"ckpt: /tmp/{SHOWN}_ckpt: ")
    t.sh(agent, nasty + 'cp /tests/loglines "$n"; "./$n"; true')
    # A command's name has 15 bytes.
    t.contains(log(t, agent), r"(?m)^(<7>)?a\\x0aforged line\\x1b\[\[\d+\]: killed by signal 11 \(SIGSEGV\) at address 00000010, eip [0-9a-f]{8} ")
    t.sh(agent, nasty + 'strace true "$n" /bin/true; strace cat "$n/none"; true')
    holds(t, log(t, agent), "execve(")
    t.sh(agent, nasty + 'echo "$n" > /dev/kmsg')
    holds(t, log(t, agent), SHOWN)
    t.finish(m, agent, disk)


@scenario("log/flood")
def flood(t):
    "10,000 refusals leave some lines; the log says how many were left out, and an older line is still there."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, "echo the line before > /dev/kmsg; cd /tmp; echo no image > x_ckpt; dmesg -c > /dev/null; echo the line before > /dev/kmsg")
    t.run(agent, "/tests/loglines", "refuse", "10000", "/tmp/x", cwd="/var/tmp/t", fresh=True)
    t.sh(agent, "sleep 5")
    text = log(t, agent)
    holds(t, text, "the line before")
    said = len(re.findall(r"^ckpt: /tmp/x_ckpt: ", text, re.M))
    left_out = sum(int(n) for n in re.findall(r"^ckpt: (\d+) more messages were left out$", text, re.M))
    t.check(0 < said < 5000, f"{said} lines of 10,000 refusals")
    t.equal("lines said and left out", said + left_out, 10000)
    t.finish(m, agent, disk)
