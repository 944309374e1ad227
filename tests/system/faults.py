# SPDX-License-Identifier: MIT
"""Whatever fails during a checkpoint or a recovery harms nobody: each allocation, disk read and disk write in turn.

FAULT_STEP=N tries every Nth failure only (1: all of them); the default is a sample.
"""
import os
import re
import zlib

from harness.scenario import Failure, scenario

STEP = int(os.environ.get("FAULT_STEP", "0"))
# Every how many-th, in a sample.
SAMPLE = {"alloc": 23, "read": 5, "write": 4}
OPS = ["self", "tckpt", "forked", "recover"]
DISK_MIB = 12


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
