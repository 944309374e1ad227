# SPDX-License-Identifier: MIT
"""Whatever fails during a checkpoint or a recovery harms nobody: each allocation, disk read and disk write in turn.

A sample of them belongs to `make check`. The whole campaign: FAULT_STEP=1 tests/run -k faults/ (every Nth failure only: FAULT_STEP=N).
"""
import os
import subprocess
import zlib

from harness import program
from harness.scenario import scenario

STEP = int(os.environ.get("FAULT_STEP", "0"))
KINDS = ["alloc", "warm", "read"]
OPS = [tree + op for tree in ("", "tree-") for op in ("self", "tckpt", "forked", "recover")]
DISK_MIB = 12
WRITES_MAX = 500
# The sample: operation, kind, and which ones: the first and every how many-th.
SAMPLE = [("tckpt", "alloc", 6, 29), ("tree-self", "warm", 17, 43), ("tree-forked", "alloc", 9, 61), ("tree-recover", "alloc", 29, 97),
          ("tckpt", "read", 2, 3), ("recover", "read", 3, 3)]
SAMPLE_WRITES = [2, 11]


def second_disk(t, journal):
    """An empty file system on a disk of its own: a failed write must not take the root along."""
    return t.small_disk(DISK_MIB, "vdb.img", opts=["-j", "-J", "size=4"] if journal else [])


def go_through(t, agent, op, kind, first, step):
    text = t.run(agent, "/tests/ckptfault", op, kind, "/mnt", str(first), str(step), limit=2500)
    t.contains(text, rf"^{op} {kind}: \d+ faults, \d+ refused, none is left$")


def one_by_one(op, kind):
    @scenario(f"faults/{op}-{kind}", limit=3000)
    def run(t):
        "One failure after the other, in one boot; what is left is counted after each."
        disk, vdb = t.disk(), second_disk(t, True)
        m, agent = t.boot(disk, extra=["--disk", vdb])
        t.sh(agent, "mount -t ext2 /dev/vdb /mnt")
        go_through(t, agent, op, kind, 1, STEP)
        t.sh(agent, "umount /mnt")
        t.finish(m, agent, disk)
        t.fsck(vdb)


def repaired(t, disk):
    """A copy of the disk as e2fsck -p leaves it, which must need nobody's help."""
    copy = t.file("copy.img")
    t.host("cp", "--sparse=always", disk, copy)
    done = subprocess.run([t.tool("e2fsck"), "-p", "-f", copy], capture_output=True, text=True)
    t.check(done.returncode in (0, 1), f"e2fsck -p needs help:\n{done.stdout}{done.stderr}")
    t.fsck(copy)
    return copy


def image_on(t, disk):
    """The image's checksum."""
    t.host(t.tool("debugfs"), "-R", f"dump image_ckpt {t.file('image')}", disk)
    with open(t.file("image"), "rb") as f:
        return zlib.crc32(f.read())


class Writes:
    """The campaign of one operation, on one kind of file system."""

    def __init__(self, t, op, journal):
        self.t, self.op = t, op
        self.disk, self.vdb = t.disk(), second_disk(t, journal)
        self.m, self.agent = t.boot(self.disk, extra=["--disk", self.vdb])
        t.sh(self.agent, "cat /dev/vdb > /tmp/fresh")
        self.counts = None

    def fail(self, n):
        """The nth write fails; what the program said, and what is alive now that was not before."""
        t, agent = self.t, self.agent
        t.sh(agent, "cat /tmp/fresh > /dev/vdb && mount -t ext2 /dev/vdb /mnt", limit=200)
        text = t.run(agent, "/tests/ckptfault", self.op, "write", "/mnt", str(n), "1", str(n), limit=200)
        t.sh(agent, "umount /mnt")
        copy = repaired(t, self.vdb)
        how, now, before = t.contains(text, r"^(\w+), image (\w+), before (\w+)").groups()
        good = [now] if how == "done" else [now, before]
        found = f"{image_on(t, copy):08x}"
        t.check(found in good, f"the image after write {n} failed: expected {' or '.join(good)}, found {found}\n{text}")
        # The kernel itself can do without the repair.
        check = "check-self" if "self" in self.op else "check"
        t.sh(agent, f"mount -t ext2 /dev/vdb /mnt && /tests/ckptfault {check} /mnt && umount /mnt", limit=200)
        before, self.counts = self.counts, agent.counts()
        return text, program.growth(before or self.counts, self.counts)

    def run(self, numbers):
        """These writes, one after the other; True if there were no more."""
        for n in numbers:
            text, grown = self.fail(n)
            for _ in range(2):
                if grown:
                    text, again = self.fail(n)
                    grown = {k: v for k, v in grown.items() if k in again}
            self.t.check(not grown, f"write {n} left behind: {grown}\n{text}")
            if "none is left" in text:
                return True
        return False


def writes(op, journal):
    @scenario(f"faults/{op}-write-{'journal' if journal else 'plain'}", limit=3000)
    def run(t):
        "After each failed write the disk is as after a power cut: repaired without help, and the image on it is whole."
        w = Writes(t, op, journal)
        t.check(w.run(range(1, WRITES_MAX, STEP)), "no end of it")
        t.finish(w.m, w.agent, w.disk)


@scenario("faults/sample")
def sample(t):
    "Some of all kinds, in one boot."
    w = Writes(t, "tckpt", True)
    t.sh(w.agent, "mount -t ext2 /dev/vdb /mnt")
    for row in SAMPLE:
        go_through(t, w.agent, *row)
    t.sh(w.agent, "umount /mnt")
    t.fsck(w.vdb)
    w.run(SAMPLE_WRITES)
    t.finish(w.m, w.agent, w.disk)


for one in OPS if STEP else []:
    for what in KINDS:
        one_by_one(one, what)
for one in [op for op in OPS if "recover" not in op] if STEP else []:
    writes(one, True)
    writes(one, False)
