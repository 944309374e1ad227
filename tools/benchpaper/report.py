# SPDX-License-Identifier: MIT
"""The table of all runs, as text, CSV and JSON."""
import csv
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass

from harness import paths
from harness.bench import MIB, OUT, aligned, kernel, number

from .rows import METHODS, paper

# Overhead of ten forked checkpoints by the kernel, in percent: with two CPUs, and with one.
GOALS = {"mat": (0.5, 1.0), "cellular": (2.0, 4.0)}
HEAD = ["program", "size", "method", "time s", "overhead s", "overhead %", "spread %", "stopped %", "stopped ms", "durable ms", "image MiB",
        "copied pages", "paper: overhead %"]
ABOUT = """
time        median of the rounds, from the beginning of the work to its end
overhead    of the median, over that without checkpoints; overhead below the spread is none that was measured
spread      longest run less the shortest, in percent of the median
stopped %   the sum of all times for which the program stood still, in percent of the time without checkpoints
stopped, durable, image, copied    of one checkpoint, the median: for how long the program stood still, from the request until the
            image was on the disk, its size, pages copied on write meanwhile (the kernel counts them)
paper       Hong et al., UnixWare on a Pentium, 166 MHz; ? where the scan of its table is uncertain"""


@dataclass
class Facts:
    """What was measured, and on what."""
    settings: list
    rows: list
    options: list
    load: float
    linux: bool

    def lines(self):
        yield f"kernel   {os.path.relpath(kernel(), paths.ROOT)}, {time.strftime('%F %T')}"
        yield f"host     {platform.machine()}, {os.cpu_count()} CPUs, load {self.load:.1f} at most; the machine is emulated by QEMU (TCG)"
        yield "rounds   " + ", ".join(f"{s.name}: {s.rounds}" for s in self.settings)
        if self.options:
            yield "library  " + "; ".join(self.options)
        yield "results  " + ("compared with those of Linux" if self.linux else "not compared with those of Linux")
        if self.load > os.cpu_count():
            yield "The host was busy: its other work is in all real times. What counts then are the instructions."


def median(values):
    return statistics.median(values) if values else None


def summarize(row, method, runs, base):
    """One line of the table."""
    seconds = [r["seconds"] for r in runs]
    time_s = median(seconds)
    checkpoints = [c for r in runs for c in r["checkpoints"]]
    line = {"program": row.program, "size": row.size, "method": method, "time": time_s,
            "overhead": time_s - base, "percent": (time_s - base) / base * 100, "spread": (max(seconds) - min(seconds)) / time_s * 100,
            "stopped_percent": median([sum(c["stopped"] for c in r["checkpoints"]) for r in runs]) / base * 100}
    for key in ("stopped", "durable", "bytes", "copied"):
        line[key] = median([c[key] for c in checkpoints])
    if not method.startswith("kernel"):
        line["copied"] = None       # a program cannot see that
    return line


def summary(settings, rows, runs):
    """{key of a setting: lines}"""
    numbers = paper()
    table = {}
    for s in settings:
        table[s.key] = []
        for row in rows:
            mine = {m: [r for r in runs if (r["setting"], r["row"], r["method"]) == (s.key, row.name, m)] for m in METHODS}
            base = median([r["seconds"] for r in mine["none"]])
            for m in METHODS:
                line = summarize(row, m, mine[m], base)
                line["paper"] = numbers.get((row.name, m))
                line["rate"] = row.bytes / MIB / base
                table[s.key].append(line)
    return table


def in_paper(line):
    known = line["paper"]
    return "-" if not known else number(known["percent"]) + ("?" if known["uncertain"] else "")


def cells(line):
    ms = [None if line[k] is None else line[k] * 1000 for k in ("stopped", "durable")]
    size = None if line["bytes"] is None else line["bytes"] / MIB
    return [line["program"], line["size"], line["method"]] + [
        number(v) for v in (line["time"], line["overhead"], line["percent"], line["spread"], line["stopped_percent"], *ms, size,
                            line["copied"])] + [in_paper(line)]


def same_row(lines, line, method):
    return next(x for x in lines if (x["program"], x["size"], x["method"]) == (line["program"], line["size"], method))


def judge(setting, percent, limit, *measured):
    """In a word: is the figure within the limit? No word when the runs differ by more than what is between the two."""
    if setting.rounds == 1 and not setting.icount:
        return "not to be told from one round"
    spread = max(x["spread"] for x in measured)
    if spread > abs(percent - limit):
        return f"not to be told: the runs differ by {number(spread)} %"
    return "met" if percent <= limit else "MISSED"


def verdicts(facts, table):
    for s in facts.settings:
        lines = table[s.key]
        for line in (x for x in lines if x["method"].startswith("kernel")):
            name = f"{s.name}: {line['program']} {line['size']}, {line['method']}"
            rival = same_row(lines, line, line["method"].replace("kernel", "library"))
            if line["method"] == "kernel-forked":
                goal = GOALS[line["program"]][0 if s.smp > 1 else 1]
                yield f"{name}: overhead {line['percent']:.2f} %; the aim is {goal} %: " \
                    + judge(s, line["percent"], goal, line, same_row(lines, line, "none"))
            behind = (line["time"] / rival["time"] - 1) * 100
            yield f"{name}: {abs(behind):.2f} % {'ahead of' if behind <= 0 else 'behind'} the library; the aim is to be ahead: " \
                + judge(s, behind, 0, line, rival)


def ratios(facts, table):
    """Memory of a program by its run time, here and in the paper: why the same checkpoint is a larger part of a shorter run."""
    lines = [["row", "MiB", "MiB for each second"] + ["the paper's"]]
    for row in facts.rows:
        line = next(x for x in table[facts.settings[0].key] if (x["program"], x["size"]) == (row.program, row.size))
        base = line["paper"]["base"] if line["paper"] else None
        lines.append([row.name, number(row.bytes / MIB), number(line["rate"]), number(row.bytes / MIB / base if base else None)])
    return aligned(lines, 1)


def as_text(facts, table, wrong):
    parts = ["The paper's experiment: ten checkpoints in each run\n\n" + "\n".join(facts.lines())]
    for s in facts.settings:
        title = s.name + (" (2 ns each; RAM disk)" if s.icount else ", real time, virtio disk")
        parts.append(f"{title}\n\n" + aligned([HEAD] + [cells(line) for line in table[s.key]], 3))
    parts.append(ABOUT.strip())
    parts.append("Memory of the program by its run time\n\n" + ratios(facts, table))
    parts.append("\n".join(list(verdicts(facts, table)) + wrong))
    return "\n\n".join(parts)


def write(facts, table, runs, wrong):
    """Writes the three files; the text."""
    text = as_text(facts, table, wrong)
    with open(os.path.join(OUT, "table1.txt"), "w", encoding="utf-8") as f:
        f.write(text + "\n")
    with open(os.path.join(OUT, "table1.json"), "w", encoding="utf-8") as f:
        json.dump({"facts": list(facts.lines()), "table": table, "runs": runs}, f, indent=1)
    with open(os.path.join(OUT, "table1.csv"), "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["setting", "program", "size", "method", "time_s", "overhead_s", "overhead_pct", "spread_pct", "stopped_pct", "stopped_s",
                      "durable_s", "bytes", "copied_pages", "paper_overhead_pct"])
        for key, lines in table.items():
            for x in lines:
                out.writerow([key, x["program"], x["size"], x["method"], x["time"], x["overhead"], x["percent"], x["spread"],
                              x["stopped_percent"], x["stopped"], x["durable"], x["bytes"], x["copied"],
                              x["paper"]["percent"] if x["paper"] else ""])
    return text
