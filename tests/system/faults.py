# SPDX-License-Identifier: MIT
"""Whatever fails during a checkpoint or a recovery harms nobody: each allocation, disk read and disk write in turn.

FAULT_STEP=N tries every Nth failure only (1: all of them); the default is a sample.
"""
import os
import subprocess
import zlib

from harness import program
from harness.scenario import scenario

STEP = int(os.environ.get("FAULT_STEP", "0"))
# Every how many-th, in a sample.
SAMPLE = {"alloc": 23, "read": 5, "write": 4}
OPS = ["self", "tckpt", "forked", "recover"]
DISK_MIB = 12
WRITES_MAX = 500


def step_of(kind):
    return STEP or SAMPLE[kind]


def second_disk(t, journal):
    """An empty file system on a disk of its own: a failed write must not take the root along."""
    return t.small_disk(DISK_MIB, "vdb.img", opts=["-j", "-J", "size=4"] if journal else [])


def one_by_one(op, kind):
    @scenario(f"faults/{op}-{kind}", limit=3000)
    def run(t):
        "One failure after the other, in one boot; what is left is counted after each."
        disk, vdb = t.disk(), second_disk(t, True)
        m, agent = t.boot(disk, extra=["--disk", vdb])
        t.sh(agent, "mount -t ext2 /dev/vdb /mnt")
        text = t.run(agent, "/tests/ckptfault", op, kind, "/mnt", "1", str(step_of(kind)), limit=2500)
        t.contains(text, rf"^{op} {kind}: \d+ faults, \d+ refused, none is left$")
        t.sh(agent, "umount /mnt")
        t.finish(m, agent, disk)
        t.fsck(vdb)


for one in OPS:
    one_by_one(one, "alloc")
    one_by_one(one, "read")


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
        check = "check-self" if self.op == "self" else "check"
        t.sh(agent, f"mount -t ext2 /dev/vdb /mnt && /tests/ckptfault {check} /mnt && umount /mnt", limit=200)
        before, self.counts = self.counts, agent.counts()
        return text, program.growth(before or self.counts, self.counts)

    def run(self, step):
        for n in range(1, WRITES_MAX, step):
            text, grown = self.fail(n)
            for _ in range(2):
                if grown:
                    text, again = self.fail(n)
                    grown = {k: v for k, v in grown.items() if k in again}
            self.t.check(not grown, f"write {n} left behind: {grown}\n{text}")
            if "none is left" in text:
                break
        self.t.check("none is left" in text, "no end of it")
        self.t.finish(self.m, self.agent, self.disk)


def writes(op, journal):
    @scenario(f"faults/{op}-write-{'journal' if journal else 'plain'}", limit=3000)
    def run(t):
        "After each failed write the disk is as after a power cut: repaired without help, and the image on it is whole."
        Writes(t, op, journal).run(step_of("write"))


for one in OPS[:3]:
    writes(one, True)
    writes(one, False)
