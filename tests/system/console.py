# SPDX-License-Identifier: MIT
"""A person at the serial console: the shell, its job control, line editing, vi, the ends of the machine."""
import fcntl
import os
import re
import select
import subprocess
import time

from harness import paths
from harness.scenario import PROMPT, Failure, scenario

UP = "\x1b[A"


def session(t, **kw):
    disk = t.disk()
    c = t.console(disk, **kw)
    t.prompt(c)
    return disk, c


def leave(t, c, disk):
    c.send("poweroff\r")
    t.equal("QEMU's exit status after poweroff", t.await_end(c), 0)
    t.fsck(disk)


@scenario("console/shell", smp=(1, 2, 4))
def shell(t):
    "Boots to a prompt without a login; commands, a pipeline, files; power off ends QEMU with 0."
    disk, c = session(t)
    t.equal("echo", t.type(c, "echo one  two"), "one two\n")
    t.equal("pipeline", t.type(c, "seq 1 100 | awk '{ s += $1 } END { print s }'"), "5050\n")
    t.contains(t.type(c, "ls -l /bin/busybox"), r"^-rwx.* /bin/busybox")
    t.type(c, "echo kept > /root/file; sync")
    t.equal("file", t.type(c, "cat /root/file"), "kept\n")
    t.equal("status", t.type(c, "false; echo $?"), "1\n")
    t.contains(t.type(c, "tty; id -u"), r"^/dev/(console|ttyS0)\n0$")
    leave(t, c, disk)


@scenario("console/system")
def system(t):
    "What ps, free, mount, df, uptime, top and dmesg say about the machine."
    disk, c = session(t)
    ps = t.type(c, "ps")
    t.contains(ps, r"^ *1 .*init")
    t.contains(ps, r"\bps\b")
    t.contains(t.type(c, "free"), r"^Mem: +\d+ +\d+ +\d+")
    mounts = t.type(c, "mount")
    for what in (r" on / type ext2", r" on /proc type proc", r" on /tmp type tmpfs"):
        t.contains(mounts, what)
    t.contains(t.type(c, "df /"), r"% /$")
    t.contains(t.type(c, "uptime"), r"load average")
    t.contains(t.type(c, "top -b -n 1"), r"(?s)CPU:.*PID.*top")
    t.contains(t.type(c, "dmesg | head -3"), r"Reprise")
    t.contains(t.type(c, "uname -a"), r"Reprise|Linux")
    t.contains(t.type(c, "date +%Y"), r"^20[2-9]\d$")
    t.equal("arithmetic", t.type(c, "lua -e 'print(2^10, #\"abc\")'"), "1024.0\t3\n")
    leave(t, c, disk)


@scenario("console/job-control")
def jobs(t):
    "Interrupt, quit, stop, continue, background, and a background reader that is stopped."
    disk, c = session(t)

    def start(command, said="go"):
        """Types a command and waits until it has the terminal: a key sent before that would be the shell's."""
        c.send(command + "\r")
        c.expect(re.escape(command) + "\r*\n")
        c.expect(said + "\r*\n")

    def start_cat(command="cat"):
        c.send(command + "\r")
        c.expect("cat\r*\n")
        c.send("line\r")
        c.expect("line\r*\nline\r*\n")

    start("(echo go; sleep 1000)")
    c.send("\x03")
    t.prompt(c)
    t.equal("status after ^C", t.type(c, "echo $?"), "130\n")
    start_cat()
    c.send("\x1a")
    t.contains(t.prompt(c), r"Stopped")
    t.contains(t.type(c, "jobs"), r"Stopped.*cat")
    start_cat("fg")
    c.send("\x04")
    t.prompt(c)
    start_cat()
    c.send("\x1c")
    t.prompt(c)
    t.equal("status after ^\\", t.type(c, "echo $?"), "131\n")
    t.type(c, "sleep 1000 &")
    start("(echo go; sleep 2000)")
    c.send("\x1a")
    t.prompt(c)
    t.contains(t.type(c, "bg"), r"sleep 2000")
    text = t.type(c, "jobs")
    t.contains(text, r"Running +sleep 1000")
    t.contains(text, r"Running +\(.*sleep 2000")
    t.type(c, "kill %1 %2; wait 2>/dev/null")
    # A background job that reads from the terminal stops.
    t.type(c, "cat &")
    t.contains(t.type(c, "sleep 0.3; jobs"), r"Stopped.*cat")
    t.type(c, "kill -9 $!; wait 2>/dev/null")
    # ^C reaches all of a pipeline, and nothing else.
    t.type(c, "sleep 3000 &")
    start("(echo go >&2; sleep 1000) | cat | cat")
    c.send("\x03")
    t.prompt(c)
    t.contains(t.type(c, "jobs"), r"Running +sleep 3000")
    t.type(c, "kill $!; wait 2>/dev/null")
    t.equal("left over", t.type(c, "ps | grep -c '[s]leep'"), "0\n")
    leave(t, c, disk)


@scenario("console/line-editing")
def editing(t):
    "Canonical input: erase, kill, word erase, end of file, reprint; and raw mode, and echo off."
    disk, c = session(t)

    def cat(keys, want):
        c.send("cat\r")
        c.expect("cat\r*\n")
        c.send(keys + "\r")
        c.expect(re.escape(want) + "\r*\n" + re.escape(want) + "\r*\n" if want in keys else re.escape(want) + "\r*\n")
        c.send("\x04")
        t.prompt(c)

    cat("abX\x7fc", "abc")
    cat("wrong\x15right", "right")
    cat("one two\x17three", "one three")
    cat("a\x16\x03b", "a\x03b")
    c.send("cat\r")
    c.expect("cat\r*\n")
    c.send("part\x04")
    c.expect("partpart")
    c.send("\x04")
    t.prompt(c)
    t.contains(t.type(c, "stty -a"), r"(?s)speed .*icanon.*echo")
    t.equal("size", t.type(c, "stty rows 40 cols 100; stty size"), "40 100\n")
    c.send("stty -echo; read x; stty echo; echo \"<$x>\"\r")
    c.expect("\r*\n")
    c.send("secret\r")
    text = t.prompt(c)
    t.contains(text, r"<secret>")
    t.check("secret\n" not in text.replace("<secret>\n", ""), "the secret was echoed")
    # One key at a time, without a newline.
    c.send("stty -icanon min 1; k=$(dd bs=1 count=1 2>/dev/null); stty icanon; echo \"key $k\"\r")
    c.expect("\r*\n")
    c.send("q")
    t.contains(t.prompt(c), r"key q")
    # ^S holds the output, ^Q lets it go.
    c.send("\x13")
    c.send("echo held\r")
    i = c.expect(["held.*held", __import__("pexpect").TIMEOUT], timeout=2)
    t.equal("output while held", i, 1)
    c.send("\x11")
    c.expect("held\r*\n")
    t.prompt(c)
    # The shell's own history.
    t.type(c, "echo history")
    c.send(UP + "\r")
    t.contains(t.prompt(c), r"^history")
    leave(t, c, disk)


@scenario("console/vi")
def vi(t):
    "A session in busybox vi."
    disk, c = session(t)
    t.type(c, "cd /root; printf 'first\\nsecond\\nthird\\n' > text; stty rows 24 cols 80")
    c.send("vi text\r")
    c.expect(r"text.*1/3")
    c.send("jdd")               # the second line goes
    c.send("Gonew line\x1b")    # a new last one
    # A key right behind ESC would be read as an escape sequence: wait for command mode.
    c.expect(r"- text \[Modified\] 3/3")
    c.send("1GIvery ")          # words before the first
    c.expect(r"I text \[Modified\] 1/3")
    c.send("\x1b")
    c.expect(r"- text \[Modified\] 1/3")
    c.send(":%s/third/3rd/\r")
    c.send(":wq\r")
    t.prompt(c)
    t.equal("the edited file", t.type(c, "cat text"), "very first\n3rd\nnew line\n")
    leave(t, c, disk)


@scenario("console/logout")
def logout(t):
    "When the shell ends, init starts another; what it left running is no harm."
    disk, c = session(t)
    t.type(c, "sleep 5000 &")
    c.send("exit\r")
    c.expect("exit\r*\n")
    t.prompt(c)
    t.equal("new shell", t.type(c, "echo here"), "here\n")
    leave(t, c, disk)


@scenario("console/ends")
def ends(t):
    "reboot, poweroff -f, reboot -f, halt: each ends as it should, with a clean disk."
    for command in ("reboot", "poweroff -f", "reboot -f"):
        disk, c = session(t)
        t.type(c, "echo data > /root/data")
        c.send(command + "\r")
        t.equal(f"QEMU's exit status after {command}", t.await_end(c), 0)
        t.fsck(disk)


@scenario("console/power-off-in-use")
def power_off_in_use(t):
    "The power goes off orderly while a program has files and a directory that were removed: the disk is whole."
    disk, c = session(t)
    t.type(c, "mkdir /root/d; cd /root/d; seq 1 100000 > open; cp /bin/busybox busybox2; ./busybox2 sleep 1000 3<>open & sleep 0.2")
    t.type(c, "rm open busybox2; cd /root; rmdir d; sync")
    t.equal("still there", t.type(c, "ls -l /proc/$!/fd/3 | grep -c deleted"), "1\n")
    c.send("poweroff -f\r")
    t.equal("QEMU's exit status after poweroff", t.await_end(c), 0)
    t.fsck(disk)


@scenario("console/strace")
def strace(t):
    "strace of a command and what it starts, and of a process that runs already; its lines are in the log."
    disk, c = session(t)
    text = t.type(c, "strace sh -c '/bin/cat /etc/passwd >/dev/null; exit 5'; echo status $?")
    t.contains(text, r"\d+ execve\(\"/bin/cat\"")
    t.contains(text, r"\d+ open(at)?\(.*\"/etc/passwd\".*\) = \d+")
    t.contains(text, r"\d+ exit_group\(5\) = \?")
    t.contains(text, r"^status 5$")
    # A process that runs already: nothing before, nothing after.
    t.type(c, "(while :; do usleep 200000; done) & loop=$!")
    t.type(c, "dmesg -c >/dev/null")
    c.send("strace -p $loop\r")
    for _ in range(3):
        c.expect(r"\d+ (clone|fork|vfork|wait4|waitpid)\(.*\) = \d+\r*\n")
    # One that it has just started, and the wait for that, go on untraced.
    c.expect(r"\d+ clone\(.*\) = \d+\r*\n")
    c.send("\x03")
    t.prompt(c)
    t.equal("what is shown after ^C", t.type(c, "sleep 0.5"), "")
    t.type(c, "dmesg -c >/dev/null; sleep 0.5")
    t.equal("the log after ^C", t.type(c, "dmesg | grep -c '[0-9] [a-z0-9_]*('"), "0\n")
    t.type(c, "kill $loop; wait 2>/dev/null")
    t.contains(t.type(c, "strace -p 29999"), r"strace: 29999: No such file or directory")
    t.contains(t.type(c, "strace -p; echo status $?"), r"strace: -p needs an argument; try strace --help\r?\nstatus 2")
    leave(t, c, disk)


@scenario("console/slow-terminal")
def slow_terminal(t):
    "A terminal slower than the machine: what was written before the power went off arrives all the same."
    disk = t.disk()
    out, to_qemu = os.pipe()
    fcntl.fcntl(to_qemu, fcntl.F_SETPIPE_SZ, 4096)
    vm = subprocess.Popen([paths.VM, "--smp", str(t.smp), "--disk", disk, "--append", "panic=exit"], cwd=paths.ROOT,
                          stdin=subprocess.PIPE, stdout=to_qemu)
    os.close(to_qemu)
    text, typed, until = b"", False, time.monotonic() + 200
    try:
        while time.monotonic() < until and select.select([out], [], [], 60)[0] and (data := os.read(out, 64)):
            text += data
            if b"\n2000\r" in text:
                time.sleep(0.01)    # the speed of the line
            if not typed and re.search(PROMPT, text.decode("utf-8", "replace")):
                vm.stdin.write(b"seq 1 5000; poweroff -nf\r")
                vm.stdin.flush()
                typed = True
        t.equal("QEMU's exit status", vm.wait(timeout=10), 0)
    finally:
        vm.kill()
        vm.wait()
        vm.stdin.close()
        os.close(out)
    t.contains(text.decode().replace("\r", ""), r"(?s)^1\n2\n.*^4999\n5000\n")
    t.fsck(disk)


@scenario("console/panic")
def panicked(t):
    "A panic under panic=exit ends QEMU with 99, and the text on the console says what and where."
    disk = t.disk()
    c = t.console(disk, append="canary=panic")
    t.prompt(c)
    c.send("/tests/canary timeout\r")
    status = t.await_end(c)
    t.equal("QEMU's exit status", status, 99)
    with open(t.logs[0], encoding="utf-8", errors="replace") as f:
        text = f.read()
    t.contains(text, r"panic: canary: expected 1, found 2")
    t.contains(text, r"do_panic\+0x")


@scenario("console/paste")
def paste(t):
    "A long paste arrives whole."
    disk, c = session(t)
    c.send("cat > /root/pasted\r")
    c.expect("pasted\r*\n")
    lines = [f"line number {i} of a long paste" for i in range(300)]
    for line in lines:
        c.send(line + "\r")
        c.expect(re.escape(line))
    c.send("\x04")
    t.prompt(c)
    t.equal("lines", t.type(c, "wc -l < /root/pasted").strip(), "300")
    t.contains(t.type(c, "tail -1 /root/pasted"), r"number 299 of")
    leave(t, c, disk)


__all__ = ["Failure"]
