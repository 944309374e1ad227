# SPDX-License-Identifier: MIT
"""How long spinlocks are held, in instructions of the guest."""
from harness.scenario import scenario

# Of tests/programs/longhold.c.
CASES = """sleepers pollers group_handled group_ended group_stopped children orphans priorities table user queued descriptors
files_in_memory pipe thread_times thread_signals threads_end threads_stop"""


@scenario("holds/crowds", smp=(1,))
def crowds(t):
    "A thousand processes, threads, sleepers or pollers make no spinlock's hold, and no interrupt, longer than some instructions."
    disk = t.disk()
    m, agent = t.boot(disk, extra=["--icount"])
    t.run(agent, "/tests/longhold", *CASES.split(), cwd="/tmp/t", fresh=True, limit=600)
    t.finish(m, agent, disk)
