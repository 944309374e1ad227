# SPDX-License-Identifier: MIT
"""What the tools that measure share: kernel, disks, tables."""
import os
import subprocess

from . import paths

OUT = os.path.join(paths.BUILD, "bench")
ENV = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
MIB = 1 << 20


def kernel():
    """The kernel that is measured: REPRISE_KERNEL, or that of the tests."""
    path = os.environ.get("REPRISE_KERNEL", paths.KERNEL)
    return path if os.path.isabs(path) else os.path.join(paths.ROOT, path)


def full_file(name, mib):
    """A disk whose every block the host has already."""
    path = os.path.join(OUT, name)
    with open(path, "wb") as f:
        for _ in range(mib):
            f.write(b"\xa5" * MIB)
    return path


def file_system(path):
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", "4096", "-N", "256", "-E", "nodiscard", "-O",
                    "none,filetype,sparse_super,large_file,has_journal", "-J", "size=4", path], check=True, env=ENV)


def number(value):
    """Three digits that count."""
    return "-" if value is None else f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def aligned(lines, left=0):
    """A Markdown table of lines of words, the first `left` columns to the left; lines[0] is its head."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    rows = [lines[0], ["-" * w for w in widths]] + lines[1:]
    return "\n".join("| " + " | ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |"
                     for row in rows)
