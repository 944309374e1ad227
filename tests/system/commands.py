# SPDX-License-Identifier: MIT
"""The checkpoint commands, and the checkpoint key at the console."""
import re

from harness.scenario import Failure, scenario

KEY = "\x1d"
RESULT = r"^result (\w+)$"


def start(c, command, said):
    """Types a command and waits until it has the terminal and has said something: a key sent before that would be the shell's."""
    c.send(command + "\r")
    c.expect(re.escape(command) + "\r*\n")
    c.expect(said)


def press(t, c):
    """Presses the key; the name of the image that is reported."""
    c.send(KEY)
    c.expect(r"\[(\S+)_ckpt: saved, \d+ KiB\]\r*\n")
    return c.match.group(1).decode()


@scenario("console/ckpt-key", smp=(1, 2))
def key(t):
    "The checkpoint key: set and shown; saves the foreground job, which notices nothing, and not the shell; what it saved comes back."
    disk = t.disk()
    c = t.console(disk)
    t.prompt(c)
    t.equal("the key at first", t.type(c, "cd /root; ckptkey"), "off\n")
    t.equal("setting it", t.type(c, "ckptkey ^]; ckptkey"), "^]\n")
    plain = t.contains(t.type(c, "mat -n 240"), RESULT).group(1)
    start(c, "mat -n 240", "30 %")
    image = press(t, c)
    t.contains(image, r"^mat\.\d+$")
    t.equal("result of the saved one", t.contains(t.prompt(c), RESULT).group(1), plain)
    text = t.type(c, f"recover {image}")
    t.check(" 10 %" not in text, f"it began anew:\n{text}")
    t.equal("result of the recovered one", t.contains(text, RESULT).group(1), plain)
    t.contains(t.type(c, "dmesg | tail -3"), rf"ckpt: /root/{image}_ckpt: saved, \d+ bytes")
    # At the prompt it saves nothing, and what is typed stays.
    c.send("echo o" + KEY + "ne\r")
    t.contains(t.prompt(c), r"^one$")
    t.equal("images", t.type(c, "ls *_ckpt | wc -l").strip(), "1")
    # A line that is being typed is shown again and arrives whole; the read that waits for it sees nothing.
    start(c, "cat", "")
    c.send("ab")
    c.expect("ab")
    image = press(t, c)
    c.expect("ab")
    c.send("cd\r")
    c.expect("cd\r*\nabcd\r*\n")
    c.send("\x04")
    t.prompt(c)
    c.send(f"recover {image}\r")
    c.expect("_?ckpt|recover [^\n]*\n")
    c.send("again\r")
    c.expect("again\r*\nagain\r*\n")
    c.send("\x04")
    t.prompt(c)
    # Forked; stopped output does not stop it.
    t.equal("forked", t.type(c, "ckptkey -f ^]; ckptkey"), "^] forked\n")
    start(c, "mat -n 240", "30 %")
    image = press(t, c)
    t.equal("result of the saved one", t.contains(t.prompt(c), RESULT).group(1), plain)
    t.equal("result of the recovered one", t.contains(t.type(c, f"recover {image}"), RESULT).group(1), plain)
    # Where it cannot write.
    start(c, "cd /proc; mat -n 240", "30 %")
    c.send(KEY)
    c.expect(r"\[mat\.\d+_ckpt: not saved: [^\]]+\]\r*\n")
    t.equal("result all the same", t.contains(t.prompt(c), RESULT).group(1), plain)
    t.equal("off", t.type(c, "ckptkey off; ckptkey"), "off\n")
    c.send("poweroff\r")
    t.equal("QEMU's exit status after poweroff", t.await_end(c), 0)
    t.fsck(disk)


__all__ = ["Failure"]
