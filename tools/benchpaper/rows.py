# SPDX-License-Identifier: MIT
"""The rows of the table, the methods, and the paper's own numbers."""
import csv
import os
import re

METHODS = ["none", "library", "library-forked", "kernel", "kernel-forked"]
# The names of the paper's table.
PAPER_METHOD = {"library": "libckpt-seq", "library-forked": "libckpt-forked", "kernel": "kckpt-seq", "kernel-forked": "kckpt-forked"}
# The paper's sizes, and a run of the automaton that is long enough to measure on a machine of today.
ROWS = ["mat-500", "mat-615", "mat-1020", "mat-1500", "cellular-1024x15", "cellular-1024x30", "cellular-2048x15", "cellular-2048x30",
        "cellular-1024x300"]
QUICK = ["mat-500", "cellular-1024x30"]
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "table1.csv")
CELL_WORK = 20      # multiplications of mat that one cell of one generation costs, about


class Row:
    """A program and its size."""

    def __init__(self, name):
        m = re.fullmatch(r"(mat)-(\d+)|(cellular)-(\d+)x(\d+)", name)
        if not m:
            raise ValueError(f"{name}: expected mat-SIZE or cellular-SIZExGENERATIONS")
        self.name = name
        self.program, self.size = name.split("-")
        numbers = [int(n) for n in self.size.split("x")]
        self.arguments = [str(n) for n in numbers]
        if self.program == "mat":
            self.work, self.bytes = numbers[0] ** 3, 3 * 8 * numbers[0] ** 2
        else:
            self.work, self.bytes = CELL_WORK * numbers[0] ** 2 * numbers[1], 2 * numbers[0] ** 2


def paper():
    """{(row, method): what the paper has}: seconds, seconds without checkpoints, overhead in percent, whether it is uncertain."""
    with open(TABLE, encoding="utf-8") as f:
        lines = [line for line in f if not line.startswith("#")]
    names = {v: k for k, v in PAPER_METHOD.items()}
    found = {}
    for line in csv.DictReader(lines):
        key = f"{line['program']}-{line['size']}", names.get(line["method"], line["method"])
        found[key] = {"seconds": float(line["time_s"]), "base": float(line["base_s"]), "percent": float(line["overhead_pct"]),
                      "uncertain": line["note"] == "uncertain"}
    return found
