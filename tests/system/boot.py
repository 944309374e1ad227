# SPDX-License-Identifier: MIT
"""Machines of all sizes, command lines of all kinds."""
import os
import re

from harness import paths
from harness.scenario import scenario

WORK = "seq 1 2000 | sort -rn | head -1; ls -R /proc/self >/dev/null; cat /proc/cpuinfo | grep -c ^processor; free | head -2 | tail -1"


def try_machine(t, mem=256, smp=None, cpus=None, extra=(), append=""):
    disk = t.disk()
    m, agent = t.boot(disk, mem=mem, smp=smp, extra=extra, append=append)
    text = t.sh(agent, WORK)
    t.contains(text, r"^2000$")
    if cpus:
        t.contains(text, rf"^{cpus}$")
    t.run(agent, "/tests/fork", cwd="/var/tmp/t", fresh=True)
    t.finish(m, agent, disk)
    return text


def memory_size(mib):
    @scenario(f"boot/mem{mib}")
    def run(t):
        used = int(try_machine(t, mem=mib).split("Mem:")[1].split()[0])
        want = min(mib, 896) * 1024
        t.check(want * 85 // 100 <= used <= want, f"of {mib} MiB the kernel counts {used} KiB")


for size in (32, 48, 64, 129, 512, 896, 1024, 3000):
    memory_size(size)


def cpu_count(n):
    @scenario(f"boot/cpus{n}")
    def run(t):
        try_machine(t, smp=n, cpus=n)


for count in (1, 3, 8):
    cpu_count(count)


def cpu_model(model):
    @scenario(f"boot/cpu-{model}")
    def run(t):
        try_machine(t, extra=["--cpu", model])


for name in ("pentium3", "qemu32", "Haswell"):
    cpu_model(name)


@scenario("boot/limits")
def limits(t):
    "mem= and maxcpus= on the command line."
    text = try_machine(t, mem=512, smp=4, append="mem=100M maxcpus=2", cpus=2)
    t.check(int(text.split("Mem:")[1].split()[0]) <= 100 * 1024, "mem=100M was not heeded")


@scenario("boot/shell-in-32MiB")
def small(t):
    "The shell and its commands run in 32 MiB."
    disk = t.disk()
    c = t.console(disk, mem=32)
    t.prompt(c)
    t.equal("sum", t.type(c, "seq 1 10000 | sort -n | tail -1"), "10000\n")
    t.contains(t.type(c, "tar cf - /etc | gzip | wc -c"), r"^\d+$")
    c.send("poweroff\r")
    t.equal("exit status", t.await_end(c), 0)
    t.fsck(disk)


@scenario("boot/odd-command-lines")
def odd_lines(t):
    "Nobody is harmed by nonsense on the command line."
    for line in ("=", "====", '"', 'a="b c', "init", "root", "mem=", "mem=0", "mem=99999999999999999999", "maxcpus=-1", "maxcpus=0",
                 "console=nowhere", "panic=never", "x" * 500, "y=" + "z" * 900, " ".join(f"k{i}=v" for i in range(120)),
                 "canary=nonsense", "debug " * 50, "\x01\x7f"):
        m = t.machine(t.disk(), append=line)
        from harness.agent import Agent
        agent = Agent(m)
        # The kernel may say no to what makes no sense, in one clear line: but it must not crash or hang.
        if line in ("root", "mem=0", "mem=") and not wait_ready(agent):
            t.contains(m.log_text(), r"(?i)expected|mem=|root")
            m.stop()
            continue
        if line not in ("root", "mem=0", "mem="):
            agent.ready()
        t.sh(agent, "true")
        m.stop()


def wait_ready(agent):
    from harness.verdict import MachineEnd
    try:
        agent.ready()
        return True
    except MachineEnd:
        return False


def stops(name, pattern, run=None, **kw):
    """A machine that cannot start says why, in one line, and panics or stands still: it does not reset itself."""
    @scenario(f"boot/stops-{name}")
    def stop(t):
        run_it(t, pattern, **(run(t) if run else {}), **kw)


def run_it(t, pattern, disk=None, panics=True, **kw):
    m = t.machine(disk, **kw)
    wait_for(m, r"end of panic" if panics else pattern)
    text = m.log_text()
    m.stop()
    t.equal(f"lines with /{pattern}/", len(re.findall(pattern, text, re.M)), 1)
    return text


def wait_for(m, pattern):
    while not m.ends(0.2) and not re.search(pattern, m.log_text(), re.M) and not m.progress.stuck():
        pass


def zeros(t):
    """A disk with no file system."""
    path = t.file("zeros.img")
    with open(path, "wb") as f:
        f.truncate(8 << 20)
    return {"disk": path}


for cpu, lacks in (("486", "TSC"), ("pentium", "CMOV"), ("qemu32,-cmov", "CMOV"), ("qemu32,-sse", "SSE"), ("qemu32,-fxsr", "FXSR")):
    stops(f"cpu-{cpu}", rf"^Reprise: this CPU is too old: it has no {lacks}; .* is needed\.\r?$", panics=False, extra=["--cpu", cpu])
stops("mem2", r"^Reprise: this machine has too little memory for the kernel; give it 32 MiB or more\.\r?$", panics=False, mem=2)
stops("no-disk", r"^panic: expected a disk with the root file system, found no disk: give the machine a virtio disk; root= on")
stops("no-such-disk", r"^panic: expected a disk with the root file system, found no vdz: ", run=lambda t: {"disk": t.disk()}, append="root=/dev/vdz")
stops("no-ext2", r"^panic: expected an ext2 root file system on vda, found something else; root= on", run=zeros)
stops("cpus16", r"^cpus: the machine has 16, and 8 of them are used: the kernel's limit\r?$", smp=16)
stops("init-exits", r"^panic: init \(pid 1\) expected to live, found exited with status 1\r?$", run=lambda t: {"disk": t.disk()}, init="/bin/false")
stops("init-faults", r"^panic: init \(pid 1\) expected to live, found killed by signal 11 \(SIGSEGV\) at address 00000010, eip [0-9a-f]{8} esp [0-9a-f]{8}\r?$",
      run=lambda t: {"disk": t.disk()}, init="/tests/loglines")


@scenario("boot/mem4")
def mem4(t):
    "The shell runs in 4 MiB."
    disk = t.disk()
    c = t.console(disk, mem=4)
    t.prompt(c)
    t.equal("sum", t.type(c, "echo $((6 * 7))"), "42\n")
    c.send("poweroff\r")
    t.equal("exit status", t.await_end(c), 0)
    t.fsck(disk)


@scenario("boot/no-root")
def no_root(t):
    "Without a disk, or with a root= that is not there: one clear line, and QEMU's status of a panic."
    for disk, append in ((None, ""), (t.disk(), "root=/dev/vdz")):
        c = t.console(disk, append=append)
        t.equal("exit status", t.await_end(c), 99)
    with open(t.logs[0], encoding="utf-8", errors="replace") as f:
        t.contains(f.read(), r"(?i)panic: .*root")


@scenario("boot/no-init")
def no_init(t):
    "An init= that is not there falls back to the usual programs, or ends in one clear line."
    m = t.machine(t.disk(), init="/no/such/program")
    while not m.ends(0.2) and "# " not in m.log_text() and not m.progress.stuck():
        pass
    t.contains(m.log_text(), r"(?i)/no/such/program|# $")


@scenario("boot/shell-as-init")
def shell_as_init(t):
    "init=/bin/sh: the old way into a broken system."
    disk = t.disk()
    c = t.console(disk, append="init=/bin/sh")
    t.prompt(c)
    t.equal("sum", t.type(c, "echo $((6 * 7)) $$"), "42 1\n")
    c.send("sync; poweroff -f\r")
    t.equal("exit status", t.await_end(c), 0)
    t.fsck(disk)


@scenario("boot/iso")
def iso(t):
    "From the CD by GRUB, without any disk: a shell on a root file system in memory."
    t.need(paths.ISO)
    c = t.console(None, iso=True)
    t.prompt(c, timeout=180)
    t.equal("write", t.type(c, "echo works > /root/x && cat /root/x"), "works\n")
    t.contains(t.type(c, "mount"), r"ram0 on / type ext2|/dev/ram0")
    c.send("poweroff\r")
    t.equal("exit status", t.await_end(c), 0)


@scenario("boot/iso-again")
def iso_again(t):
    "The same kernel and root file system make the same CD, whenever and wherever."
    t.need(paths.ISO)
    again = t.file("again.iso")
    t.host(os.path.join(paths.ROOT, "tools", "mkiso"), paths.KERNEL, os.path.join(paths.BUILD, "cd.img"), again)
    t.host("cmp", paths.ISO, again)


@scenario("boot/again")
def again(t):
    "What one boot writes, the next one finds; ten times."
    disk = t.disk()
    for i in range(10):
        m, agent = t.boot(disk)
        text = t.sh(agent, f"cat /root/count 2>/dev/null; echo {i} >> /root/count")
        t.equal("count", text.split(), [str(n) for n in range(i)])
        t.finish(m, agent, disk)
