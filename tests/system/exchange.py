# SPDX-License-Identifier: MIT
"""Files between the host and the machine: tools/disk, for a disk that is not running."""
import os

from harness import paths
from harness.scenario import scenario

TOOL = os.path.join(paths.ROOT, "tools", "disk")


def write(path, data, mode=0o644):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def numbers(n):
    return "".join(f"{i}\n" for i in range(n)).encode()


class Tool:
    """tools/disk with one image."""

    def __init__(self, t, image):
        self.t, self.image = t, image

    def run(self, *args, status=0):
        return self.t.host(TOOL, "--disk", self.image, *args, status=status)

    def refused(self, text, *args):
        self.t.equal(" ".join(args), self.run(*args, status=1), f"disk: {text}\n")


@scenario("disk/tool")
def tool(t):
    "tools/disk: files and directories both ways, modes and owners, what it refuses; the disk stays clean, and the machine sees all."
    image = t.disk()
    d = Tool(t, image)
    os.makedirs(t.file("tree/deep/er"))
    write(t.file("tree/deep/er/one"), numbers(30000), 0o600)
    write(t.file("tree/run"), b"#!/bin/sh\necho it runs\n", 0o755)
    os.symlink("deep/er/one", t.file("tree/link"))
    write(t.file("two words"), b"spaced\n", 0o640)
    d.run("put", t.file("tree"), "/usr/tree")
    d.run("put", t.file("two words"))
    d.run("mkdir", "/var/here")
    d.run("put", t.file("two words"), "/usr/bin/../tree/renamed")
    t.contains(d.run("ls", "/usr/tree"), r"^-rwxr-xr-x +0 +0 +23 run$")
    t.contains(d.run("ls", "/usr/tree"), r"^lrwxrwxrwx .* link -> deep/er/one$")
    t.contains(d.run("ls", "/root"), r"^-rw-r----- +0 +0 +7 two words$")
    t.fsck(image)
    m, agent = t.boot(image)
    t.equal("what the machine runs", t.sh(agent, "/usr/tree/run; cat '/root/two words' /usr/tree/renamed"), "it runs\nspaced\nspaced\n")
    t.equal("what the machine reads", t.sh(agent, "tail -1 /usr/tree/link; ls -ld /var/here | cut -c1-10"), "29999\ndrwxr-xr-x\n")
    for command in (["ls"], ["get", "/etc/hostname"], ["put", t.file("two words")], ["rm", "/etc/hostname"]):
        d.refused(f"{image}: a running machine uses this disk; power it off first", *command)
    t.sh(agent, "seq 1 200000 > /root/result; chown 5:6 /root/result; chmod 604 /root/result; sync")
    t.finish(m, agent, image)
    t.equal("a file of the machine", d.run("get", "/root/result", t.file("result")), "")
    t.equal("its end", read(t.file("result"))[-7:], b"200000\n")
    t.equal("its mode", os.stat(t.file("result")).st_mode & 0o7777, 0o604)
    t.equal("to standard output", d.run("get", "/etc/hostname", "-"), "reprise\n")
    d.run("get", "/usr/tree", t.file("copy"))
    t.equal("a tree, out again", t.host("diff", "-r", t.file("tree"), t.file("copy"), status=1), f"Only in {t.file('copy')}: renamed\n")
    t.equal("a file of the tree", read(t.file("copy/deep/er/one")), numbers(30000))
    t.equal("a link of the tree", os.readlink(t.file("copy/link")), "deep/er/one")
    d.run("put", t.file("two words"), "/root/result")
    t.contains(d.run("ls", "/root/result"), r"^-rw-r----- +5 +6 +7 result$")
    t.fsck(image)


@scenario("disk/tool-refusals")
def refusals(t):
    "tools/disk: what it cannot do, it says in one line, and changes nothing."
    image = t.disk()
    d = Tool(t, image)
    write(t.file("file"), b"x")
    d.refused("/none: no such file on the disk", "get", "/none")
    d.refused("/none: no such file on the disk", "ls", "none")
    d.refused("/etc/hostname: not a directory", "ls", "/etc/hostname/x")
    d.refused("/none: no such directory on the disk", "put", t.file("file"), "/none/x")
    d.refused("/none: no such directory on the disk", "put", t.file("file"), "/none/")
    d.refused(f"{t.file('absent')}: no such file", "put", t.file("absent"))
    d.refused("/etc: it is there already", "mkdir", "/etc")
    d.refused("/etc: the directory is not empty; -r removes it with all in it", "rm", "/etc")
    d.refused("/: the root of the disk cannot be removed", "rm", "-r", "/")
    other = Tool(t, t.file("absent.img"))
    other.refused(f"{other.image}: no such image; `make disk` builds it", "ls")
    other = Tool(t, t.file("file"))
    other.refused(f"{other.image}: not an ext2 file system", "ls")
    # A disk that is full: the file that was there stays.
    write(t.file("large"), os.urandom(1 << 20) * 100)
    d.run("put", t.file("file"), "/root/file")
    d.refused("/root/file: Could not allocate block in ext2 filesystem", "put", t.file("large"), "/root/file")
    d.refused("/root/large: Could not allocate block in ext2 filesystem", "put", t.file("large"))
    t.equal("after that", d.run("ls", "/root").split()[-1], "file")
    t.equal("its contents", d.run("get", "/root/file", "-"), "x")
    t.fsck(image)
    d.run("rm", "/root/file")
    d.run("rm", "-r", "/var")
    t.check(" var" not in d.run("ls"), "/var is still there")
    t.fsck(image)


@scenario("disk/tool-power-cut")
def power_cut(t):
    "tools/disk: a disk whose machine lost its power is brought into order first, and nothing that was synced is lost."
    image = t.disk()
    d = Tool(t, image)
    m, agent = t.boot(image)
    t.sh(agent, "echo kept > /root/kept; sync")
    t.cut(m)
    said = d.run("get", "/root/kept", "-")
    t.equal("what was synced", said, f"kept\ndisk: {image} was not unmounted; e2fsck -p has brought it into order\n")
    t.equal("the second time", d.run("get", "/root/kept", "-"), "kept\n")
    t.fsck(image)
