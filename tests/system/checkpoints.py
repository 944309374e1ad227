# SPDX-License-Identifier: MIT
"""Checkpoint and recovery, through the commands and calls that users have; in one boot, over a reboot, over a power cut."""
import os
import re
import subprocess

from harness import paths, program
from harness.agent import Agent
from harness.scenario import Failure, scenario

KINDS = ["registers", "memory", "signals", "files", "identity", "twice", "in-handler"]
MAT = ["/bin/mat", "-n", "160"]
CKPTOOL = os.path.join(paths.BUILD, "host", "ckptool")


def filed(t, agent, *argv, cwd="/root", status=0, **kw):
    """Runs a program that is to be saved: its output goes to a file, since the agent's pipe has an end outside of it; what it printed."""
    t.sh(agent, f"mkdir -p {cwd}")
    out = t.run(agent, "/bin/busybox", "sh", "-c", '"$@" >out 2>&1 </dev/null; s=$?; cat out; exit $s', "sh", *argv,
                cwd=cwd, status=status, **kw)
    return out


def recovered(t, agent, image, cwd="/root", **kw):
    """Brings a process back; what it, and the command, printed."""
    text = t.run(agent, "/bin/recover", image, cwd=cwd, **kw)
    return text + t.sh(agent, f"cat {cwd}/out")


def leaves_nothing(t, agent, program_path, cwd="/root/x"):
    """Runs the cases of a program twice; the second time nothing more may be left than the first time."""
    agent.counts()      # the first one fills caches that the later ones find full
    counts = []
    for _ in range(2):
        filed(t, agent, program_path, cwd=cwd)
        t.sh(agent, f"rm -rf {cwd}")
        counts.append(agent.counts())
    grown = program.growth(*counts)
    t.check(not grown, f"left behind: {grown}")


def save(t, agent, kind, where="/root/c"):
    text = filed(t, agent, "/tests/ckpttest", kind, kind, cwd=where, name=f"save {kind}")
    t.contains(text, r"^saved$")


def bring_back(t, agent, kind, where="/root/c"):
    # "files" changes its directory before it saves itself under a relative name.
    image = "ckpt-files/files" if kind == "files" else kind
    text = recovered(t, agent, image, cwd=where, name=f"recover {kind}")
    t.contains(text, rf"^(recovered {kind}|saved again)$")


def one_kind(kind, smp=(2,)):
    @scenario(f"ckpt/{kind}", smp=smp)
    def run(t):
        "Saved and brought back in one boot, twice from one image; nothing is left in the kernel."
        disk = t.disk()
        m, agent = t.boot(disk)
        save(t, agent, kind)
        bring_back(t, agent, kind)
        counts = []
        for _ in range(3):
            t.sh(agent, "rm -rf /root/c")
            save(t, agent, kind)
            bring_back(t, agent, kind)
            t.sh(agent, "rm -rf /root/c")
            counts.append(agent.counts())
        grown = program.growth(counts[0], counts[1])
        again = program.growth(counts[1], counts[2])
        grown = {k: v for k, v in grown.items() if k in again}
        t.check(not grown, f"each save and recovery leaves behind: {grown}")
        t.finish(m, agent, disk)


for name in KINDS:
    one_kind(name, (1, 2, 4) if name in ("registers", "memory") else (2,))


@scenario("ckpt/reboot")
def reboot(t):
    "All kinds are saved, the machine is switched off and boots again, all come back."
    disk = t.disk()
    m, agent = t.boot(disk)
    for kind in KINDS:
        save(t, agent, kind, f"/root/{kind}")
    t.finish(m, agent, disk)
    m, agent = t.boot(disk)
    # Other processes have the old pids by now: the recovered one must not notice.
    t.sh(agent, "for i in 1 2 3 4 5 6 7 8; do sleep 0 & done; wait")
    for kind in KINDS:
        bring_back(t, agent, kind, f"/root/{kind}")
    t.finish(m, agent, disk)


@scenario("ckpt/power-cut")
def power_cut(t):
    "All kinds are saved, the power goes at once, the machine boots again, all come back."
    disk = t.disk()
    m, agent = t.boot(disk)
    for kind in KINDS:
        save(t, agent, kind, f"/root/{kind}")
    t.cut(m)
    m, agent = t.boot(disk)
    for kind in KINDS:
        bring_back(t, agent, kind, f"/root/{kind}")
    t.finish(m, agent)


@scenario("ckpt/computation", smp=(1, 2))
def computation(t):
    "A computation checkpoints itself five times, the power goes in the middle; recovered, its result is that of an undisturbed run."
    disk = t.disk()
    m, agent = t.boot(disk)
    for argv in (MAT, ["/bin/cellular", "-s", "200", "-g", "60"]):
        plain = t.contains(t.run(agent, *argv), r"^result (\w+)$").group(1)
        text = filed(t, agent, *argv, "-c", "/root/c", "-k", "5")
        t.equal("result with checkpoints", t.contains(text, r"^result (\w+)$").group(1), plain)
        t.equal("checkpoints", len(re.findall(r"^checkpoint at", text, re.M)), 5)
        t.check("no checkpoint" not in text, text)
        text = recovered(t, agent, "c")
        t.equal("result of the recovered one", t.contains(text, r"^result (\w+)$").group(1), plain)
        # Now cut the power after the third checkpoint.
        # The file is emptied first: what an earlier run has printed there must not count.
        script = (': >out; "$@" >>out 2>&1 </dev/null & while [ "$(grep -c stopped out)" -lt 3 ]; do sleep 0.02; done; '
                  'echo three; wait')
        agent.begin(["/bin/busybox", "sh", "-c", script, "sh", *argv, "-c", "/root/cut", "-k", "5"], cwd="/root", limit=1000)
        while b"three" not in agent.output:
            t.check(agent.event()[0] != "exit", f"it ended: {agent.output}")
        t.cut(m)
        m, agent = t.boot(disk)
        text = recovered(t, agent, "cut")
        t.equal("result after the power cut", t.contains(text, r"^result (\w+)$").group(1), plain)
    t.finish(m, agent)


@scenario("ckpt/forked")
def forked(t):
    "Forked checkpoints: the process goes on meanwhile; the images are whole."
    disk = t.disk()
    m, agent = t.boot(disk)
    plain = t.contains(t.run(agent, *MAT), r"^result (\w+)$").group(1)
    text = filed(t, agent, *MAT, "-f", "-c", "/root/f", "-k", "3")
    t.equal("result", t.contains(text, r"^result (\w+)$").group(1), plain)
    t.check("no checkpoint" not in text or "busy" in text, text)
    text = recovered(t, agent, "f")
    t.equal("result of the recovered one", t.contains(text, r"^result (\w+)$").group(1), plain)
    t.finish(m, agent, disk)


@scenario("ckpt/transparent")
def transparent(t):
    "tckpt of a process that knows nothing of it, asleep and at work; recovered after its death and after a reboot."
    disk = t.disk()
    m, agent = t.boot(disk)
    plain = t.contains(t.run(agent, "/bin/mat", "-n", "400", limit=300), r"^result (\w+)$").group(1)
    text = t.sh(agent, "cd /root; /bin/mat -n 400 > out 2>&1 < /dev/null & p=$!; while ! grep -q '20 %' out; do sleep 0.02; done;"
                       "tckpt -w $p mid || exit 9; kill -9 $p; wait $p; cat out")
    t.contains(text, r"stopped")
    text = t.run(agent, "/bin/recover", "mid", cwd="/root")
    # Its output goes on in the file that it had open.
    t.equal("result", t.contains(t.sh(agent, "cat /root/out"), r"^result (\w+)$").group(1), plain)
    text = t.sh(agent, "cd /root; sleep 2 > slept 2>&1 < /dev/null & sleep 0.2; tckpt -w $! nap && wait $! && echo slept > slept; cat slept")
    t.contains(text, r"^slept$")
    t.finish(m, agent, disk)
    m, agent = t.boot(disk)
    t.run(agent, "/bin/recover", "mid", cwd="/root")
    t.equal("result", t.contains(t.sh(agent, "tail -1 /root/out"), r"^result (\w+)$").group(1), plain)
    t.finish(m, agent, disk)


@scenario("ckpt/periodic")
def periodic(t):
    "ckptrun: an unmodified program under periodic checkpoints survives a power cut."
    disk = t.disk()
    m, agent = t.boot(disk)
    argv = ["/bin/mat", "-n", "400"]
    plain = t.contains(t.run(agent, *argv, limit=300), r"^result (\w+)$").group(1)
    # What ckptrun says goes to the agent, what the program says to its file.
    agent.begin(["/bin/ckptrun", "-v", "-i", "0.3", "p", "--", "/bin/sh", "-c", "exec mat -n 400 > out 2>&1"], cwd="/root", limit=1000)
    while b"checkpoint 2 after" not in agent.output:
        t.check(agent.event()[0] != "exit", f"it ended: {agent.output}")
    t.cut(m)
    m, agent = t.boot(disk)
    t.contains(t.sh(agent, "ls /root"), r"^p_ckpt$")
    t.run(agent, "/bin/recover", "p", cwd="/root", limit=300)
    t.equal("result", t.contains(t.sh(agent, "cat /root/out"), r"^result (\w+)$").group(1), plain)
    t.finish(m, agent)


@scenario("ckpt/opens-on-the-host")
def on_host(t):
    "The image on the host: readelf, gdb and ckptool understand it."
    disk = t.disk()
    m, agent = t.boot(disk)
    save(t, agent, "memory")
    t.finish(m, agent, disk)
    image = t.file("memory_ckpt")
    t.host(t.tool("debugfs"), "-R", f"dump /root/c/memory_ckpt {image}", disk)
    elf = t.host(t.tool("readelf"), "-hln", image)
    t.contains(elf, r"CORE \(Core file\)")
    t.contains(elf, r"NT_PRSTATUS")
    t.contains(elf, r"KCKPT")
    t.contains(elf, r"LOAD .*0x08048000")
    exe = os.path.join(paths.PROGRAMS, "ckpttest")
    gdb = t.host(t.tool("gdb"), "-q", "-nx", "-batch", exe, image, "-ex", "bt", "-ex", "info threads", "-ex", "info registers eip",
                 "-ex", "print image", "-ex", "frame function memory", "-ex", "print heap[100]", status=None)
    t.contains(gdb, r"^#\d+ .*\bckpt \(")
    t.contains(gdb, r"^#\d+ .*\bmain \(argc=3")
    t.contains(gdb, r"\* 1 ")
    t.contains(gdb, r'= 0x[0-9a-f]+ "memory"')
    t.contains(gdb, r"= 104 'h'")
    if os.path.exists(CKPTOOL):
        t.host(CKPTOOL, "verify", image)
        t.contains(t.host(CKPTOOL, "info", image), r"(?i)lwp|segment")


@scenario("ckpt/refused", smp=(1, 2))
def refused(t):
    "What cannot be saved or brought back gets an errno; nothing is left behind."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, "chmod 755 /root")
    filed(t, agent, "/tests/ckpttest", cwd="/root/x")
    t.sh(agent, "rm -rf /root/x")
    # Nobody else may recover the image, nor checkpoint another's process.
    save(t, agent, "registers", "/root/c")
    t.sh(agent, "chmod 755 /root; ls -l /root/c/registers_ckpt")
    t.contains(t.sh(agent, "ls -l /root/c/registers_ckpt"), r"^-rw------- ")
    t.run(agent, "/bin/recover", "/root/c/registers", status=125, uid=1000)
    t.sh(agent, "sleep 100 & p=$!; busybox su -s /bin/sh nobody -c \"tckpt $p /tmp/theirs\" && exit 1; kill $p; exit 0")
    for prog in ("ckpttest", "ckptrights"):
        leaves_nothing(t, agent, "/tests/" + prog)
    t.finish(m, agent, disk)


@scenario("ckpt/changed-files", smp=(1, 2))
def changed_files(t):
    "What became of the files of a process between its checkpoint and its recovery: which change is refused, and which is none."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, "chmod 755 /root")
    for cwd in ("/root/x", "/tmp/x"):
        leaves_nothing(t, agent, "/tests/ckptfile", cwd)
    t.finish(m, agent, disk)


@scenario("ckpt/changed-before-a-cut")
def changed_before_a_cut(t):
    "After a power cut a file that was written in place is told, however little of that had reached the disk; one that grew is not."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, "cd /root; seq 1 2000 >db; seq 1 2000 >fresh; seq 1 2000 >log")
    held = "sh -c 'exec 3<>{0}; while :; do sleep 1000; done' >{0}.out 2>&1 </dev/null & p=$!; until [ -e /proc/$p/fd/3 ]; do :; done; " \
           "tckpt -t -w $p /root/{0}; kill $p"
    for name in ("db", "fresh", "log"):
        t.sh(agent, "cd /root; " + held.format(name))
    # One whose contents are on the disk, one that was changed at the last moment.
    t.sh(agent, "cd /root; printf X | dd of=db bs=1 seek=100 conv=notrunc 2>/dev/null; sync; seq 1 100 >>log; sync; "
                "printf X | dd of=fresh bs=1 seek=100 conv=notrunc 2>/dev/null")
    t.cut(m)
    m, agent = t.boot(disk)
    for name in ("db", "fresh"):
        t.run(agent, "/bin/recover", "-b", f"/root/{name}", status=125)
        t.contains(m.log_text(), rf"/root/{name} has been changed")
    t.contains(t.sh(agent, "recover -b /root/log"), r"^\d+$")
    t.contains(t.sh(agent, "recover -b -c /root/db"), r"^\d+$")
    t.sh(agent, "killall sh sleep; exit 0")
    t.finish(m, agent)


@scenario("ckpt/other-disk")
def other_disk(t):
    "Saved on a root file system in memory, which is then copied to a disk, and brought back from there: a file is known by its file system's UUID."
    t.need(paths.ISO)
    disk = t.disk()
    c = t.console(None, "--disk", disk, iso=True)
    t.prompt(c, timeout=180)
    t.type(c, "cd /root; setsid sleep 1000 </dev/null >out 2>&1 & until pidof sleep; do :; done")
    t.contains(t.type(c, "tckpt -w $(pidof sleep) /root/x && echo it is sav''ed"), r"it is saved")
    t.contains(t.type(c, "sync; dd if=/dev/ram0 of=/dev/vda bs=64k 2>/dev/null && echo cop''ied"), r"copied")
    c.send("poweroff -f\r")
    t.equal("exit status", t.await_end(c), 0)
    # The root file system of the CD has no agent.
    c = t.console(disk)
    t.prompt(c)
    t.contains(t.type(c, "mount"), r"(?m)^/dev/vda on / ")
    t.contains(t.type(c, "recover -b /root/x && echo it is ba''ck"), r"it is back")
    c.send("poweroff -f\r")
    t.equal("exit status", t.await_end(c), 0)
    t.fsck(disk)


@scenario("ckpt/roots")
def roots(t):
    "Whoever asks, is saved or brings back may have a root of his own (chroot); names lead where they lead, also renamed or through links."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, "chmod 755 /root")
    for cwd in ("/root/x", "/tmp/x"):
        leaves_nothing(t, agent, "/tests/ckptroot", cwd)
    t.finish(m, agent, disk)


@scenario("ckpt/time", smp=(1, 2))
def times(t):
    "Timers, clocks, pending signals and what is just ending, across checkpoints."
    disk = t.disk()
    m, agent = t.boot(disk)
    leaves_nothing(t, agent, "/tests/ckpttime")
    t.finish(m, agent, disk)


@scenario("ckpt/large")
def large(t):
    "Many runs of pages, to an ext2 disk and to memory; on a disk without room for a second image the old one stays, whole."
    small, disk = t.small_disk(40, "work.img", opts=["-J", "size=4", "-O", "has_journal"]), t.disk()
    m, agent = t.boot(disk, extra=["--disk", small])
    t.sh(agent, "mkdir /tmp/m; mount -t tmpfs none /tmp/m; mount -t ext2 /dev/vdb /mnt")
    for where in ("/mnt", "/tmp/m"):
        t.contains(t.run(agent, "/tests/ckptbench", "-n", "2", "1", "16", cwd=where), r"^16-recover ")
    # 25 MiB: there is room for the first image, of a forked checkpoint, but not for the sequential one beside it.
    t.contains(t.run(agent, "/tests/ckptbench", "-n", "1", "25", cwd="/mnt", status=1), r"that is saved: status 1c00$")
    t.equal("what is on the disk", t.sh(agent, "cd /mnt; echo *_ckpt*").strip(), "bench_ckpt")
    t.run(agent, "/bin/recover", "bench", cwd="/mnt")
    t.sh(agent, "test -s /mnt/bench-recover; umount /mnt; umount /tmp/m")
    t.finish(m, agent, disk)
    t.fsck(small)


def fuzz(seed):
    @scenario(f"ckpt/fuzz{seed}", limit=900)
    def run(t):
        "Damaged images: refused, or a process without more rights; no panic, no hang, no leak."
        disk = t.disk()
        m, agent = t.boot(disk)
        save(t, agent, "registers")
        t.run(agent, "/tests/ckptfuzz", "registers", "1", "20", cwd="/root/c", limit=300)
        counts = []
        for i in range(2):
            t.run(agent, "/tests/ckptfuzz", "registers", str(seed + i), "150", cwd="/root/c", limit=600)
            counts.append(agent.counts())
        grown = {k: v for k, v in program.growth(*counts).items() if v > 20}
        t.check(not grown, f"left behind after 150 damaged images: {grown}")
        t.finish(m, agent, disk)


for number in (100, 200):
    fuzz(number)


@scenario("ckpt/demo", limit=900)
def demo(t):
    "tools/demo, the whole story, unattended."
    exe = os.path.join(paths.ROOT, "tools", "demo")
    t.need(exe)
    done = subprocess.run([exe], cwd=paths.ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Failure(done.stdout[-3000:] + done.stderr[-2000:])
    t.contains(done.stdout, r"(?i)same result")


__all__ = ["Agent"]
