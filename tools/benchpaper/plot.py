# SPDX-License-Identifier: MIT
"""The plots: overhead by method beside the paper's, and the time line of one run."""
import os

from harness.bench import OUT

from .rows import METHODS

COLOURS = {"library": "#c54", "library-forked": "#e98", "kernel": "#27a", "kernel-forked": "#2a7"}
WIDTH = 0.1


def save(fig, name):
    fig.tight_layout()
    for ending in ("svg", "png"):
        fig.savefig(os.path.join(OUT, f"{name}.{ending}"), dpi=120)


def bars(ax, place, lines, methods):
    """The bars of one row: ours in full colour, the paper's hatched beside it."""
    for i, m in enumerate(methods):
        line = next(x for x in lines if x["method"] == m)
        x = place + (2 * i - len(methods)) * WIDTH
        ax.bar(x, max(line["percent"], 0), WIDTH, color=COLOURS[m], label=m if place == 0 else None)
        if line["paper"]:
            ax.bar(x + WIDTH, line["paper"]["percent"], WIDTH, color="white", edgecolor=COLOURS[m], hatch="////",
                   label=f"{m}, the paper" if place == 0 else None)


def overhead(pyplot, facts, setting, lines):
    fig, ax = pyplot.subplots(figsize=(3 + 1.6 * len(facts.rows), 5))
    for place, row in enumerate(facts.rows):
        bars(ax, place, [x for x in lines if (x["program"], x["size"]) == (row.program, row.size)], METHODS[1:])
    ax.set_xticks(range(len(facts.rows)), [row.name for row in facts.rows], fontsize=8)
    ax.set_ylabel("overhead of ten checkpoints, %")
    ax.set_yscale("symlog", linthresh=1)
    ax.set_title(setting.name)
    ax.legend(fontsize=7, ncol=2, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    save(fig, f"table1-{setting.key}")
    pyplot.close(fig)


def time_line(pyplot, facts, setting, runs):
    """One run of the row with the most memory by each method: where it stood still, and until when its image was written."""
    row = max(facts.rows, key=lambda r: r.bytes)
    fig, ax = pyplot.subplots(figsize=(9, 3))
    for place, m in enumerate(METHODS[1:]):
        run = next(r for r in runs if (r["setting"], r["row"], r["method"]) == (setting.key, row.name, m))
        ax.barh(place, run["seconds"], height=0.15, color="#ccc")
        for c in run["checkpoints"]:
            ax.barh(place, c["durable"], left=c["at"], height=0.4, color=COLOURS[m], alpha=0.4)
            ax.barh(place, c["stopped"], left=c["at"], height=0.7, color=COLOURS[m])
    ax.set_yticks(range(len(METHODS) - 1), METHODS[1:])
    ax.set_xlabel("seconds; tall: the program stands still; pale: until the image is on the disk")
    ax.set_title(f"{row.name}, {setting.name}", fontsize=9)
    save(fig, f"timeline-{setting.key}")
    pyplot.close(fig)


def write(facts, table, runs):
    try:
        import matplotlib
    except ImportError:
        print("tools/bench-paper: matplotlib is not installed, so there are no plots")
        return
    matplotlib.use("agg")
    from matplotlib import pyplot
    for setting in facts.settings:
        overhead(pyplot, facts, setting, table[setting.key])
        time_line(pyplot, facts, setting, runs)
