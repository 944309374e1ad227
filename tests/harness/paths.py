# SPDX-License-Identifier: MIT
"""Where things are in the tree."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
OUT = os.path.join(BUILD, "tests")
LOGS = os.path.join(OUT, "logs")
WORK = os.path.join(OUT, "work")
KERNEL = os.path.join(BUILD, "kernel.elf")
DISK = os.path.join(BUILD, "disk.img")
ISO = os.path.join(BUILD, "reprise.iso")
VMLINUZ = os.path.join(BUILD, "linux", "vmlinuz")
INITRD = os.path.join(BUILD, "linux", "initrd")
VM = os.path.join(ROOT, "tools", "vm")
PROGRAMS = os.path.join(BUILD, "user", "tests")
BUSYBOX = os.path.join(BUILD, "user", "busybox", "bin", "busybox")
SCRIPTS = os.path.join(ROOT, "tests", "scripts")
UNIT = os.path.join(ROOT, "tests", "unit")


def slug(name):
    """A test's name as a file name."""
    return name.replace("/", "-").replace("@", "-at-").replace(" ", "_")


def log_of(name):
    """What the console of a test's machines prints."""
    return os.path.join(LOGS, slug(name) + ".console")


def forget(path):
    if os.path.exists(path):
        os.unlink(path)


def copy_sparse(src, dst):
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", src, dst], check=True)
    os.chmod(dst, 0o644)
    return dst


def tail(path, lines=40):
    try:
        with open(path, "rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - 65536))
            text = f.read().decode("utf-8", "replace").replace("\r", "")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
