# SPDX-License-Identifier: MIT
"""A directory of the host in the running machine: tools/vm --share, mounted by `mount -t 9p host /host`."""
import hashlib
import os

from harness import paths
from harness.scenario import scenario

CKPTOOL = os.path.join(paths.BUILD, "host", "ckptool")
MIB = 1 << 20


def write(path, data, mode=0o644):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def boot(t, disk, folder, **kw):
    """A machine with the folder at /host."""
    m, agent = t.boot(disk, extra=["--share", folder], **kw)
    t.sh(agent, "mount -t 9p host /host")
    return m, agent


def shared(t):
    folder = t.file("shared")
    os.mkdir(folder)
    return folder


@scenario("share/files", smp=(1, 2, 4))
def files(t):
    "Files both ways, small and large, with their modes; links; directories of many names; what the host changes is seen at once."
    disk, folder = t.disk(), shared(t)
    big = os.urandom(MIB + 12345) * 4
    write(folder + "/big", big, 0o640)
    os.makedirs(folder + "/deep/er")
    write(folder + "/deep/er/one", b"from the host\n")
    os.symlink("deep/er/one", folder + "/link")
    m, agent = boot(t, disk, folder)
    t.equal("a small one", t.sh(agent, "cat /host/deep/er/one /host/link"), "from the host\n" * 2)
    t.equal("modes", t.sh(agent, "stat -c '%a %s %F' /host/big /host/deep /host/link; readlink /host/link"),
            f"640 {len(big)} regular file\n755 {os.stat(folder + '/deep').st_size} directory\n777 11 symbolic link\ndeep/er/one\n")
    t.equal("a large file", t.sh(agent, "md5sum < /host/big").split()[0], hashlib.md5(big).hexdigest())
    t.sh(agent, "cp /host/big /root/big; cp /root/big /host/back; chmod 604 /host/back; ln -s back /host/sym; ln /host/back /host/hard")
    t.check(read(folder + "/back") == big and read(folder + "/hard") == big, "a large file is another one on the host")
    t.equal("mode on the host", os.stat(folder + "/back").st_mode & 0o7777, 0o604)
    t.equal("link on the host", os.readlink(folder + "/sym"), "back")
    # The host writes on, and the machine reads on.
    t.sh(agent, "echo one > /host/log; echo two >> /host/log")
    with open(folder + "/log", "a", encoding="ascii") as f:
        f.write("three\n")
    t.equal("after the host's write", t.sh(agent, "cat /host/log; echo four >> /host/log; wc -l < /host/log"), "one\ntwo\nthree\n4\n")
    t.equal("on the host", read(folder + "/log"), b"one\ntwo\nthree\nfour\n")
    write(folder + "/log", b"x")
    t.equal("cut by the host", t.sh(agent, "cat /host/log; stat -c %s /host/log"), "x1\n")
    # Many names.
    os.mkdir(folder + "/many")
    for i in range(700):
        write(f"{folder}/many/a-name-of-some-length-{i}", b"")
    t.equal("names", t.sh(agent, "ls /host/many | sort -u | wc -l; rm /host/many/*[02468]; ls /host/many | wc -l").split(), ["700", "350"])
    t.equal("on the host", len(os.listdir(folder + "/many")), 350)
    t.sh(agent, "mv /host/many /host/deep/few; rm -r /host/deep /host/hard; mkdir -m 700 /host/new; umount /host")
    t.equal("left", sorted(os.listdir(folder)), ["back", "big", "link", "log", "new", "sym"])
    t.equal("mode of the new one", os.stat(folder + "/new").st_mode & 0o7777, 0o700)
    t.finish(m, agent, disk)


@scenario("share/errors")
def errors(t):
    "Errors are the host's; a folder is mounted once; without one there is none."
    disk, folder = t.disk(), shared(t)
    write(folder + "/file", b"x")
    os.makedirs(folder + "/full/sub")
    m, agent = boot(t, disk, folder)
    for command, text in (("cat /host/none", "No such file or directory"), ("mkdir /host/file", "File exists"),
                          ("rmdir /host/full", "Directory not empty"), ("cat /host/file/x", "Not a directory"),
                          ("mv /host/full /host/full/sub/x", "Invalid argument"), ("mknod /host/dev c 1 3", "Operation not permitted"), ("mkfifo /host/pipe", "Operation not permitted"),
                          (f"touch /host/{'n' * 256}", "File name too long"), ("rm /host/full", "is a directory"),
                          ("mount -t 9p host /mnt", "Device or resource busy"), ("mount -t 9p other /mnt", "No such device"),
                          ("cd /host; umount /host", "Device or resource busy")):
        t.contains(t.sh(agent, f"({command}) 2>&1 && echo no error; true"), text + r"\s*$")
    t.equal("an empty target", t.sh(agent, "mkdir /host/empty; mv -T /host/full /host/empty; ls /host; umount /host"), "empty\nfile\n")
    t.equal("without the folder", t.sh(agent, "ls /host; mount -t 9p host /mnt && ls /mnt; umount /mnt"), "empty\nfile\n")
    t.finish(m, agent, disk)
    m, agent = t.boot(disk)
    t.contains(t.sh(agent, "mount -t 9p host /host 2>&1; true"), "No such device")
    t.finish(m, agent, disk)


@scenario("share/programs", limit=1200)
def programs(t):
    "The tests of files, mappings, locks and execution, there: what they say of any file system holds."
    disk, folder = t.disk(), shared(t)
    m, agent = boot(t, disk, folder)
    for name in ("mmapfile", "lock", "exec"):
        t.run(agent, f"/tests/{name}", cwd="/host/t", fresh=True, limit=600)
    t.run(agent, "/tests/dir", "make_and_remove", "hard_links", "symbolic_links", "rename_files", "rename_directories", "rename_noreplace",
          "at_calls", "small_buffers_and_errors", "link_counts_of_directories", cwd="/host/t", fresh=True, limit=300)
    if os.geteuid() == 0:       # only then may the host's user give files away
        t.sh(agent, "mkdir /host/g; chgrp 77 /host/g; chmod 2777 /host/g; mkdir /host/g/d; echo > /host/g/f")
        t.run(agent, "/bin/busybox", "mkdir", "/host/g/mine", uid=1000)
        t.equal("in a directory of a group", t.sh(agent, "cd /host/g; stat -c '%u %g %a' d f mine"), "0 77 2755\n0 77 644\n1000 77 2755\n")
    t.sh(agent, "rm -rf /host/t /host/g; cp /bin/busybox /host/prog; cp /host/prog /host/busybox")
    t.equal("a program there", t.sh(agent, "/host/busybox echo runs; umount /host && echo unmounted"), "runs\nunmounted\n")
    t.finish(m, agent, disk)


@scenario("share/removed")
def removed(t):
    "A file that is open stays when its name goes; nothing is left of the folder in memory after umount."
    disk, folder = t.disk(), shared(t)
    m, agent = boot(t, disk, folder)
    t.equal("read back", t.sh(agent, "exec 3<> /host/gone; echo kept >&3; rm /host/gone; echo more >&3; cat /proc/self/fd/3; ls /host"),
            "kept\nmore\n")
    work = "for i in 1 2 3 4 5 6 7 8 9; do cp /bin/busybox /host/b$i; /host/b$i true; done; ls -lR /host > /dev/null; rm /host/b*; umount /host"
    t.sh(agent, work)
    before = agent.counts()
    t.sh(agent, f"mount -t 9p host /host; {work}")
    from harness.program import growth
    grown = growth(before, agent.counts())
    t.check(not grown, f"after umount more is alive: {grown}")
    t.finish(m, agent, disk)


@scenario("share/checkpoint")
def checkpoint(t):
    "An image saved there opens on the host; a program with a file open there is recovered, also after a restart; a changed file is refused."
    t.need(CKPTOOL)
    disk, folder = t.disk(), shared(t)
    m, agent = boot(t, disk, folder)
    plain = t.contains(t.run(agent, "/bin/mat", "-n", "400", limit=300), r"^result (\w+)$").group(1)
    t.sh(agent, "cd /root; mat -n 400 > /host/out 2>&1 < /dev/null & p=$!; while ! grep -q '20 %' /host/out; do sleep 0.02; done;"
                "tckpt -w $p /host/mid || exit 9; kill -9 $p")
    t.host(CKPTOOL, "verify", folder + "/mid_ckpt")
    t.contains(t.host(CKPTOOL, "info", folder + "/mid_ckpt"), r"/host/out")
    t.run(agent, "/bin/recover", "/host/mid", cwd="/root", limit=300)
    t.equal("result", t.contains(read(folder + "/out").decode(), r"^result (\w+)$").group(1), plain)
    t.finish(m, agent, disk)
    m, agent = boot(t, disk, folder)
    t.run(agent, "/bin/recover", "/host/mid", cwd="/root", limit=300)
    t.equal("result after a restart", t.contains(read(folder + "/out").decode(), r"^result (\w+)$").group(1), plain)
    os.unlink(folder + "/out")
    t.contains(t.sh(agent, "cd /root; recover /host/mid 2>&1 && echo recovered; dmesg | grep ckpt: | tail -1"), r"/host/out")
    t.finish(m, agent, disk)


@scenario("share/shell")
def shell(t):
    "init mounts the folder at /host, and a machine without one has an empty /host."
    disk, folder = t.disk(), shared(t)
    write(folder + "/hello", b"hello\n")
    for options, want in ((["--share", folder], "hello\n"), ([], "")):
        c = t.console(disk, *options)
        t.prompt(c)
        t.equal("in /host", t.type(c, "cat /host/*" if options else "ls /host"), want)
        c.send("poweroff\r")
        t.equal("exit status", t.await_end(c), 0)
        t.fsck(disk)
