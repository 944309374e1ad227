# SPDX-License-Identifier: MIT
"""How long spinlocks are held, in instructions of the guest."""
from harness.scenario import scenario


@scenario("holds/crowds", smp=(1,))
def crowds(t):
    "A thousand processes, threads, sleepers or pollers make no spinlock's hold, and no interrupt, longer than some instructions."
    disk = t.disk()
    m, agent = t.boot(disk, extra=["--icount"])
    t.run(agent, "/tests/longhold", cwd="/tmp/t", fresh=True, limit=600)
    t.finish(m, agent, disk)
