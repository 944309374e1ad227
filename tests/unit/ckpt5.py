# SPDX-License-Identifier: MIT
"""The tables of docs/ckpt.5 are those of `ckptool format`: ckpt5.py OUTPUT PAGE. A comment in the page says which table follows."""
import re
import sys


def printed(path):
    tables, rows = {}, None
    with open(path, encoding="ascii") as f:
        for line in f:
            if line[0] != " ":
                rows = tables[line.strip()] = []
            else:
                rows.append(tuple(line.split()))
    return tables


def documented(path):
    tables, rows = {}, None
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith('.\\" ckptool format: '):
                rows = tables[line.split(": ", 1)[1].strip()] = []
            elif line.startswith(".El"):
                rows = None
            elif rows is not None and re.match(r"\.It (\d|-)", line):
                rows.append(tuple(line[4:].split(" Ta ")[:3]))
    return tables


want, have = printed(sys.argv[1]), documented(sys.argv[2])
wrong = [name for name in {**want, **have} if want.get(name) != have.get(name)]
for name in wrong:
    for row in sorted(set(want.get(name, [])) ^ set(have.get(name, []))):
        print(f"{name}: only {'ckptool' if row in want.get(name, []) else 'ckpt(5)'} has: {' '.join(row)}")
sys.exit(f"ckpt(5) has not what `ckptool format` says: {', '.join(wrong)}" if wrong or len(want) < 20 else 0)
