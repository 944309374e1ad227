# SPDX-License-Identifier: MIT
"""Every state that a process can be in (tests/programs/states), in every mode of tests/programs/stdrive.c.

`make check` takes all states in the modes that find most, and a sample in the others; `make check-full` the whole matrix.
"""
from harness import program
from harness.scenario import scenario
from harness.states import Run

MODES = ["none", "continue", "recover", "forked", "self", "repeat", "chain", "beside", "canonical"]
ALL = {"recover", "forked", "canonical"}
# One of each kind: for the modes that are not tried with all of them.
SAMPLE = ["regs/sse", "regs/general", "memory/big_with_holes", "memory/file_private", "memory/memfd", "signals/queued", "signals/in_handler",
          "timers/itimers", "timers/nanosleep", "timers/timer_armed", "files/offsets", "files/shared_offset", "files/removed", "locks/both",
          "pipes/full", "pipes/blocked_write", "terminals/typed_lines", "threads/ids", "threads/mutex", "threads/different_calls", "ids/pid",
          "ids/groups", "tree/generations", "tree/zombies", "tree/shared_memory", "tree/stopped", "moving/maps", "moving/threads",
          "moving/pipe_between", "clone/memory"]
# While the original is there, nobody else can have its locks, its named pipes, and the number of its terminal. Families, or single states.
ALONE = {"beside": ["locks", "terminals", "pipes/fifo", "pipes/fifo_both_ways", "pipes/fifo_between", "clone/record_locks"]}
ON_MANY_CPUS = ["cow", "threads", "moving", "tree", "pipes", "clone"]


def one_mode(name, title, mode, names=(), options=(), smp=(2,), full=False, under=()):
    @scenario(name, smp=smp, limit=3600, full=full)
    def run(t):
        r = Run(t, mode, names, options, title, under)
        r.all_on(t.disk())
        r.judge()
    run.__doc__ = f"Each state, mode {title}."


def reboot(name, names=(), smp=(2,), full=False):
    @scenario(name, smp=smp, limit=3600, full=full)
    def run(t):
        "All are saved and killed, the power goes, the machine boots again, others have their ids, all come back."
        disk = t.disk()
        r = Run(t, "save", names, title="reboot")
        m, agent = t.boot(disk)
        r.drive(agent, "save")
        saved = dict(r.outcomes)
        t.cut(m)
        m, agent = t.boot(disk)
        r.drive(agent, "restore", fresh=False)
        # What was not saved cannot be brought back: how that failed stays.
        r.outcomes.update((n, o) for n, o in saved.items() if o != "wrote")
        t.finish(m, agent, disk)
        r.judge()


for one in MODES:
    if one in ALL:
        one_mode(f"states/{one}", one, one)
    elif one != "none":
        one_mode(f"states/{one}", one, one, [n for n in SAMPLE if not {n, n.split("/")[0]} & set(ALONE.get(one, []))])
    one_mode(f"full/{one}", one, one, ["-" + name for name in ALONE.get(one, [])], smp=(1, 2, 4), full=True)
for one, option in (("tree", "-t"), ("job", "-j")):
    one_mode(f"states/{one}", one, "recover", SAMPLE, [option])
    one_mode(f"full/{one}", one, "recover", options=[option], smp=(1, 2, 4), full=True)
# Undisturbed, but for a checkpoint and a recovery in place at every so many calls, of the driver too.
one_mode("states/every", "every", "none", SAMPLE, under=["/tests/every", "7"])
one_mode("full/every", "every", "none", smp=(1, 2, 4), full=True, under=["/tests/every", "3"])
one_mode("states/cpus", "recover", "recover", ON_MANY_CPUS, smp=(1, 4))
reboot("states/reboot")
reboot("full/reboot", smp=(1, 2, 4), full=True)


@scenario("states/leaks", limit=3600)
def leaks(t):
    "Saved, killed and brought back again and again: nothing stays behind in the kernel."
    disk = t.disk()
    m, agent = t.boot(disk)
    counts = []
    for _ in range(6):
        for mode in ("recover", "forked"):
            r = Run(t, mode, SAMPLE)
            r.drive(agent, mode)
        t.sh(agent, "rm -rf /var/tmp/states")
        counts.append(agent.counts())
    grown = [program.growth(a, b) for a, b in zip(counts[1:], counts[2:])]
    always = {k: v for k, v in grown[0].items() if all(k in g for g in grown)}
    t.check(not always, f"each round leaves behind: {always}")
    t.finish(m, agent, disk)
