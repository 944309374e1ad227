# SPDX-License-Identifier: MIT
"""Disks that are full, damaged, or lose their power."""
import random
import re

from harness.scenario import Failure, scenario
from harness.verdict import HANG, MachineEnd

FSFUZZ_ROUNDS = 120


def sample_tree(t):
    """A small image with something of everything."""
    root = t.file("sample")
    t.host("mkdir", "-p", root + "/dir/sub/deeper", root + "/empty")
    t.host("sh", "-c", f"cd {root}; echo hello > hello; seq 1 3000 > dir/numbers; head -c 300000 /dev/zero | tr '\\0' x > big;"
           f"ln -s hello link; ln -s {'long' * 30} longlink; ln hello dir/hard; for i in $(seq 1 60); do echo $i > dir/sub/file-$i; done")
    image = t.small_disk(2, "sample.img", opts=["-d", root, "-N", "128"])
    return image


def with_second(t, image, **kw):
    """A machine whose root is /dev/vda and whose second disk is /dev/vdb."""
    disk = t.disk()
    m, agent = t.boot(disk, extra=["--disk", image], **kw)
    return disk, m, agent


def fuzz(seed):
    @scenario(f"disk/fuzz{seed}", limit=900)
    def run(t):
        "Damaged file systems are mounted, walked and written: no panic, no hang, no leak."
        image = sample_tree(t)
        scratch = t.file("scratch.img")
        t.host("cp", image, scratch)
        disk, m, agent = with_second(t, scratch)
        t.sh(agent, "cat /dev/vdb > /tmp/sample.img")
        args = ["/tests/fsfuzz", "/dev/vdb", "/tmp/sample.img", "/mnt"]
        t.run(agent, *args, "1", "3", limit=300)
        before = agent.counts()
        agent.counts()
        t.run(agent, *args, str(seed), str(FSFUZZ_ROUNDS), limit=600)
        agent.counts()
        from harness.program import growth
        grown = {k: v for k, v in growth(before, agent.counts()).items() if v > 20}
        t.check(not grown, f"after {FSFUZZ_ROUNDS} damaged file systems more is alive: {grown}")
        t.finish(m, agent, disk)


for number in (11, 22, 33):
    fuzz(number)


@scenario("disk/direct")
def direct(t):
    "O_DIRECT on a disk: what the cache and others' memory see of it; bad addresses; the end of the disk."
    raw = t.file("raw.img")
    with open(raw, "wb") as f:
        f.truncate(12 << 20)
    disk, m, agent = with_second(t, raw)
    counts = []
    for _ in range(3):
        t.contains(t.run(agent, "/tests/direct", "/dev/vdb"), r"^direct: all right$")
        counts.append(agent.counts())
    from harness.program import growth
    grown, again = growth(counts[0], counts[1]), growth(counts[1], counts[2])
    grown = {k: v for k, v in grown.items() if k in again}
    t.check(not grown, f"each run leaves behind: {grown}")
    t.finish(m, agent, disk)


# What to change in the superblock (offset in it, bytes) and whether mounting must be refused.
SUPERBLOCKS = [
    ("bad magic", 56, b"\0\0", True),
    ("no blocks", 4, b"\0\0\0\0", True),
    ("too many blocks", 4, b"\xff\xff\xff\xff", True),
    ("no inodes", 0, b"\0\0\0\0", True),
    ("huge block size", 24, b"\x1e\0\0\0", True),
    ("no blocks per group", 32, b"\0\0\0\0", True),
    ("no inodes per group", 40, b"\0\0\0\0", True),
    ("too many inodes per group", 40, b"\xff\xff\xff\x7f", True),
    ("inode size 0", 88, b"\0\0", True),
    ("inode size 3000", 88, b"\xb8\x0b", True),
    ("unknown incompatible feature", 96, b"\x02\x80\0\0", True),
    ("journal to be replayed", 96, b"\x06\0\0\0", True),
    ("unknown read-only feature", 100, b"\x03\0\x80\0", True),
    ("first block 7", 20, b"\x07\0\0\0", True),
    ("revision 99", 76, b"\x63\0\0\0", True),
    ("errors recorded", 58, b"\x02\0", False),
]


@scenario("disk/superblocks")
def superblocks(t):
    "Each kind of nonsense in a superblock: refused with one line, or mounted (read-only where it must be)."
    image = sample_tree(t)
    with open(image, "rb") as f:
        good = f.read()
    disk, m, agent = with_second(t, image)
    for what, at, data, refuse in SUPERBLOCKS:
        agent.put("/tmp/sb", good[1024:1024 + at] + data + good[1024 + at + len(data):2048])
        before = len(m.log_text())
        out = agent.sh("dd if=/tmp/sb of=/dev/vdb bs=1024 seek=1 conv=notrunc 2>/dev/null; sync;"
                       "mount -t ext2 /dev/vdb /mnt || exit 7; cat /mnt/hello; touch /mnt/new; echo touched $?; umount /mnt")
        text, log = out.output.decode(), m.log_text()[before:]
        if refuse:
            t.check(out.status == 7 << 8, f"{what}: expected a refusal, found: {out.ended()}\n{text}")
            t.check(re.search(r"ext2", log), f"{what}: refused without a line in the kernel's log")
        elif out.status == 0:
            t.contains(text, r"^hello$")
            if "read-only" in what:
                t.check("touched 0" not in text, f"{what}: it could be written")
    t.finish(m, agent, disk)


@scenario("disk/damaged-root")
def damaged_root(t):
    "A damaged root disk: read-only with one line, or refused with one."
    disk = t.disk()
    with open(disk, "r+b") as f:
        f.seek(1024 + 56)
        f.write(b"\0\0")
    c = t.console(disk)
    t.equal("exit status", t.await_end(c), 99)
    with open(t.logs[0], encoding="utf-8", errors="replace") as f:
        t.contains(f.read(), r"(?i)ext2.*(magic|superblock)")


@scenario("disk/read-only")
def read_only(t):
    "A disk that cannot be written: everything can be read, every change gets EROFS, nothing is written."
    image = sample_tree(t)
    with open(image, "rb") as f:
        before = f.read()
    disk, m, agent = with_second(t, image)
    text = t.sh(agent, "mount -t ext2 -o ro /dev/vdb /mnt; cat /mnt/hello; cd /mnt; for c in 'touch x' 'rm hello' 'mkdir d' 'mv big b' 'ln hello h' "
                "'chmod 600 big' 'rmdir none' 'mv none x' 'touch big' 'truncate -s 0 big' 'ln -s a b' 'rmdir empty'; do $c 2>&1 | grep -q 'Read-only file system' || echo \"NOT $c\"; done;"
                "su user -c 'touch -r hello big; chmod 600 big; rm hello' 2>&1 | grep -c 'Read-only file system'; ls -lR >/dev/null; cd /; umount /mnt")
    t.equal("output", text, "hello\n3\n")
    t.finish(m, agent, disk)
    with open(image, "rb") as f:
        t.check(f.read() == before, "something was written to a file system mounted read-only")


@scenario("disk/full")
def full(t):
    "A full disk: ENOSPC in every way, and all room comes back."
    small = t.small_disk(4)
    disk, m, agent = with_second(t, small)
    t.sh(agent, "mount -t ext2 /dev/vdb /mnt")
    t.run(agent, "/tests/diskfull", "/mnt", limit=300)
    t.sh(agent, "umount /mnt")
    t.finish(m, agent, disk)
    t.fsck(small)


@scenario("disk/big")
def big(t):
    "A file of more than 64 MiB, with double indirect blocks, and one full of holes."
    large = t.small_disk(200)
    disk, m, agent = with_second(t, large)
    t.sh(agent, "mount -t ext2 /dev/vdb /mnt")
    t.run(agent, "/tests/bigfile", "80", cwd="/mnt", limit=900)
    t.sh(agent, "umount /mnt")
    t.finish(m, agent, disk)
    t.fsck(large)


@scenario("disk/out-of-memory")
def out_of_memory(t):
    "Memory runs out in every way, in a small machine; afterwards nothing is missing."
    disk = t.disk()
    m, agent = t.boot(disk, mem=48)
    agent.counts()
    for _ in range(2):
        before = agent.counts()
        t.run(agent, "/tests/oom", cwd="/var/tmp/t", fresh=True, limit=900)
        t.sh(agent, "rm -rf /var/tmp/t")
        after = agent.counts()
    from harness.program import growth
    grown = {k: v for k, v in growth(before, after).items() if v > 8} if before else {}
    t.check(not grown, f"after running out of memory more is alive: {grown}")
    t.finish(m, agent, disk)


# Power cuts. The moment is chosen by what the program has said, not by the clock.

def run_until(agent, argv, word, n):
    """Starts a program that never ends, and returns when it has said "word N" for a number >= n."""
    agent.begin(argv, limit=100000)
    text, last = "", -1
    while last < n:
        kind, payload = agent.event()
        if kind == "exit":
            raise Failure(f"{argv[0]} ended: {text[-500:]}")
        if kind == "out":
            text += payload.decode()
            found = re.findall(rf"^{word} (\d+)$", text, re.M)
            last = int(found[-1]) if found else -1
            text = text[-200:]
    return last


def repair(t, disk):
    """e2fsck -p, as a machine does after a power cut: it must need nobody's help."""
    exe = t.tool("e2fsck")
    import subprocess
    done = subprocess.run([exe, "-p", "-f", disk], capture_output=True, text=True)
    t.check(done.returncode in (0, 1), f"e2fsck -p needs help:\n{done.stdout}{done.stderr}")
    t.fsck(disk)


@scenario("power/fsync", smp=(1, 2), limit=900)
def power_fsync(t):
    "Files that fsync has promised are whole after a power cut, whenever it comes."
    disk = t.disk()
    rng = random.Random(1)
    for cut in range(5):
        m, agent = t.boot(disk)
        last = run_until(agent, ["/tests/powercut", "fsync", f"/root/p{cut}"], "durable", rng.randrange(5, 120))
        t.cut(m)
        repair(t, disk)
        m, agent = t.boot(disk)
        t.run(agent, "/tests/powercut", "check-fsync", f"/root/p{cut}", str(last))
        t.sh(agent, f"rm -r /root/p{cut}")
        t.finish(m, agent, disk)


@scenario("power/replace", limit=900)
def power_replace(t):
    "A file replaced by rename is the old one or the new one, whole."
    disk = t.disk()
    rng = random.Random(2)
    for cut in range(5):
        m, agent = t.boot(disk)
        last = run_until(agent, ["/tests/powercut", "replace", f"/root/r{cut}"], "replaced", rng.randrange(5, 120))
        t.cut(m)
        repair(t, disk)
        m, agent = t.boot(disk)
        t.run(agent, "/tests/powercut", "check-replace", f"/root/r{cut}", str(last))
        t.finish(m, agent, disk)


@scenario("power/storm", limit=900)
def power_storm(t):
    "Names change wildly, nothing is synced, the power goes: the disk is repaired without help, and works."
    disk = t.disk()
    rng = random.Random(3)
    for cut in range(5):
        m, agent = t.boot(disk)
        run_until(agent, ["/tests/powercut", "storm", f"/root/s{cut}", str(cut)], "storm", rng.randrange(200, 3000))
        t.cut(m)
        repair(t, disk)
        m, agent = t.boot(disk)
        t.sh(agent, "ls -lR /root >/dev/null; rm -rf /root/s* /lost+found/*; echo ok")
        t.finish(m, agent, disk)


@scenario("power/unrepaired")
def power_unrepaired(t):
    "The next boot comes up on the disk as the cut left it, without a repair in between."
    disk = t.disk()
    for cut in range(3):
        m, agent = t.boot(disk)
        run_until(agent, ["/tests/powercut", "storm", f"/root/u{cut}", str(cut)], "storm", 1000)
        t.cut(m)
    m, agent = t.boot(disk)
    t.sh(agent, "ls -lR /root >/dev/null; echo alive")
    t.cut(m)


__all__ = ["HANG", "MachineEnd"]
