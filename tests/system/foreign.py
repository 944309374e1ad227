# SPDX-License-Identifier: MIT
"""Disks that this kernel and Linux use by turns.

mke2fs makes them, Linux in the virtual machine fills them, and from then on each kernel checks what the other one left and changes
it (tests/programs/foreign.c); e2fsck judges after each turn.
"""
from harness import paths
from harness.agent import Agent
from harness.machine import LinuxMachine
from harness.scenario import scenario

MIB = 1 << 20
AT_ONCE = 5             # disks of one machine
HANG = (200.0, 60.0)    # Linux's boot says nothing to us
# name, MiB, how many files, mke2fs's options
SHORT = [
    ("ext2, 1 KiB", 24, 600, "-t ext2 -b 1024 -I 128"),
    ("ext3, 4 KiB", 48, 600, "-t ext3 -b 4096 -I 256"),
]
FULL = [
    ("ext2, 1 KiB, 256", 32, 2400, "-t ext2 -b 1024 -I 256"),
    ("ext2, 2 KiB", 32, 2400, "-t ext2 -b 2048 -I 128"),
    ("ext2, 4 KiB", 64, 2400, "-t ext2 -b 4096 -I 256"),
    ("ext2, 4 KiB, 128", 64, 6000, "-t ext2 -b 4096 -I 128"),
    ("ext3, 1 KiB", 64, 2400, "-t ext3 -b 1024 -I 128"),
    ("ext3, 2 KiB", 64, 2400, "-t ext3 -b 2048 -I 256"),
    ("ext3, 4 KiB", 192, 6000, "-t ext3 -b 4096 -I 256 -J size=64"),
    ("ext3, 1 KiB, large journal", 200, 2400, "-t ext3 -b 1024 -I 256 -J size=80"),
    ("no features", 64, 2400, "-t ext2 -b 4096 -O none"),
    ("revision 0", 32, 1200, "-t ext2 -b 1024 -r 0"),
    ("small groups", 32, 1200, "-t ext2 -b 1024 -O ^resize_inode -g 1024"),
    ("hash legacy", 32, 2400, "-t ext3 -b 1024 -I 256"),
    ("hash tea", 32, 2400, "-t ext2 -b 1024 -I 256"),
    ("8 GiB", 8192, 6000, "-t ext3 -b 4096 -I 256"),
    ("1 GiB of 1 KiB", 1024, 2400, "-t ext2 -b 1024 -I 128"),
]


def make(t, rows):
    """The disks' images."""
    images = []
    for i, (name, mib, _, options) in enumerate(rows):
        path = t.file(f"foreign{i}.img")
        with open(path, "wb") as f:
            f.truncate(mib * MIB)
        t.host(t.tool("mke2fs"), "-q", "-F", "-E", "nodiscard", *options.split(), path)
        if name.startswith("hash "):
            t.host(t.tool("tune2fs"), "-E", "hash_alg=" + name.split()[1], path)
        images.append(path)
    return images


def attach(images):
    return [word for path in images for word in ("--disk", path)]


def linux(t, images):
    """Linux with the disks as /dev/vdb and so on."""
    m = LinuxMachine(f"{t.name}-linux", t.disk("linux.img"), extra=attach(images), hang=HANG).start()
    t.machines.append(m)
    agent = Agent(m)
    agent.ready()
    return m, agent


def turn(t, agent, rows, kind, verbs):
    """Does `verbs` on each disk, mounted on /mnt."""
    for i, (name, _, files, options) in enumerate(rows):
        fstype = ("ext3" if "ext3" in options else "ext2") if kind == "linux" else "ext2"
        lines = [f"mount -t {fstype} /dev/vd{chr(ord('b') + i)} /mnt || exit 9"]
        lines += [f"FOREIGN_FILES={files} /tests/foreign {v.replace('DIR', '/mnt')} || exit 8" for v in verbs]
        text = t.sh(agent, "\n".join(lines + ["umount /mnt || exit 7"]), limit=600)
        t.equal(f"{name}: lines of success", text.count("foreign: all right\n"), len(verbs))


def judge(t, rows, images, who):
    for (name, *_), path in zip(rows, images):
        wrong = None
        try:
            t.fsck(path)
        except Exception as e:   # pylint: disable=broad-except
            wrong = e
        t.check(wrong is None, f"{name}, after {who}: {wrong}")


def by_turns(t, rows):
    images = make(t, rows)
    m, agent = linux(t, images)
    turn(t, agent, rows, "linux", ["fill DIR", "attrs DIR", "check DIR 1"])
    agent.poweroff()
    m.stop()
    judge(t, rows, images, "Linux")
    disk = t.disk()
    m, agent = t.boot(disk, extra=attach(images))
    turn(t, agent, rows, "here", ["check DIR 1", "change DIR 1", "check DIR 2"])
    t.finish(m, agent, disk)
    judge(t, rows, images, "this kernel")
    m, agent = linux(t, images)
    turn(t, agent, rows, "linux", ["check DIR 2", "change DIR 2", "check DIR 3"])
    log = t.sh(agent, "dmesg | grep -i 'ext4-fs \\(error\\|warning\\)' || true")
    t.equal("Linux's complaints", log, "")
    agent.poweroff()
    m.stop()
    judge(t, rows, images, "Linux again")
    disk = t.disk()
    m, agent = t.boot(disk, extra=attach(images))
    turn(t, agent, rows, "here", ["check DIR 3", "change DIR 3", "change DIR 4", "check DIR 5"])
    t.finish(m, agent, disk)
    judge(t, rows, images, "this kernel again")


@scenario("disk/foreign", limit=900, oracle=True)
def short(t):
    "Two disks that Linux and this kernel use by turns."
    t.need(paths.VMLINUZ)
    by_turns(t, SHORT)


def some(number, rows):
    @scenario(f"disk/foreign-all{number}", limit=3000, oracle=True, full=True)
    def run(t):
        "Many disks, of all kinds and sizes, that Linux and this kernel use by turns."
        t.need(paths.VMLINUZ)
        by_turns(t, rows)


for first in range(0, len(FULL), AT_ONCE):
    some(first // AT_ONCE + 1, FULL[first:first + AT_ONCE])


@scenario("disk/foreign-cut", limit=900, oracle=True)
def cut(t):
    "The power goes while Linux has files in its journal: here it is replayed, and what fsync promised is there."
    t.need(paths.VMLINUZ)
    rows = [("ext3, 1 KiB", 32, 600, "-t ext3 -b 1024 -I 128"), ("ext3, 4 KiB", 48, 600, "-t ext3 -b 4096 -I 256")]
    images = make(t, rows)
    m, agent = linux(t, images)
    for i in range(len(rows)):
        t.sh(agent, f"mkdir /tmp/m{i}; mount -t ext3 /dev/vd{chr(ord('b') + i)} /tmp/m{i} && "
             f"/tests/foreign fill /tmp/m{i} && /tests/foreign durable /tmp/m{i} 60 && /tests/foreign change /tmp/m{i} 1", limit=600)
    t.cut(m)
    disk = t.disk()
    m, agent = t.boot(disk, extra=attach(images))
    turn(t, agent, rows, "here", ["find DIR 60"])
    t.contains(m.log_text(), r"journal replayed: [1-9]")
    t.finish(m, agent, disk)
    judge(t, rows, images, "the replay")
