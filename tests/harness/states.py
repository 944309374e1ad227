# SPDX-License-Identifier: MIT
"""The states of tests/programs/states under tests/programs/stdrive.c: what came of each in each mode."""
import re

from .verdict import TIMEOUT, Failure, MachineEnd

PLACE = "/var/tmp/states"
LINE = re.compile(r"^(ok|FAIL|refused|n/a|wrote) ([\w-]+/\w+)(?:: (.*))?$", re.M)
MACHINES = 5        # a kernel that dies of every state need not do so for all of them
LIMIT = 200         # seconds of the machine's own time for one state (agent.Budget)

# What cannot be saved, and is refused with an errno and a line in the log, in every mode that saves: patterns of names. One that is not refused
# any more must leave the list.
REFUSED = []

# All that was seen in this run: {(mode, CPUs): {state: outcome}}, for the table.
SEEN = {}


def expected(name, outcome):
    """Is this what should come of it?"""
    if any(re.fullmatch(pattern, name) for pattern in REFUSED):
        return outcome in ("refused", "n/a")
    return outcome in ("ok", "n/a")


class Run:
    """All states, or those that names say, in one mode, on machines of one scenario."""

    def __init__(self, t, mode, names=(), options=(), title=None, under=()):
        self.t, self.mode, self.options = t, mode, list(options)
        self.under = list(under)    # the command that runs the driver
        self.names = list(t.runner.states or names)
        self.title = title or mode
        self.outcomes, self.why = {}, {}

    def parse(self, text):
        for outcome, name, why in LINE.findall(text):
            self.outcomes[name] = outcome
            self.why[name] = why

    def drive(self, agent, mode, options=(), fresh=True):
        """One run of the driver. Raises MachineEnd, or Failure, with what was seen until then parsed."""
        try:
            out = agent.run([*self.under, "/tests/stdrive", *self.options, *options, mode, *self.names], cwd=PLACE, fresh=fresh, limit=LIMIT,
                            name=f"states {self.title}")
        finally:
            self.parse(agent.output.decode("utf-8", "replace"))
        if out.timeout:
            raise Failure(f"it does not end\n{out.where}", TIMEOUT)
        if out.status >> 8 > 1 or out.status & 0x7f:
            raise Failure(f"stdrive {mode}: {out.ended()}\n{out.output.decode('utf-8', 'replace')[-1500:]}\n{out.where}")

    def all_on(self, disk):
        """Drives all of them; a machine that dies takes one state with it, the others go on on the next."""
        options, names = [], None
        for _ in range(MACHINES):
            m, agent = self.t.boot(disk)
            if names is None:
                out = agent.run(["/tests/stdrive", "list", *self.names])
                names = [line.split()[0] for line in out.output.decode().splitlines()]
            try:
                self.drive(agent, self.mode, options)
                self.t.finish(m, agent, disk)
                return
            except (MachineEnd, Failure) as e:
                if isinstance(e, Failure) and e.verdict != TIMEOUT:
                    raise
                m.stop()
                left = [n for n in names if n not in self.outcomes]
                if not left:
                    raise
                self.outcomes[left[0]], self.why[left[0]] = e.verdict, str(e)
                options = ["-a", left[0]]
        raise Failure(f"{MACHINES} machines died or stood still in mode {self.title}:\n" + "\n".join(self.failures()))

    def failures(self):
        return [f"{o} {n}: {self.why[n]}" for n, o in self.outcomes.items() if not expected(n, o)]

    def judge(self):
        """Remembers all outcomes for the table; fails for what is neither good nor known."""
        SEEN.setdefault((self.title, self.t.smp), {}).update(self.outcomes)
        bad = self.failures()
        self.t.check(self.outcomes, "the driver named no state")
        if bad:
            name = bad[0].split()[1].rstrip(":")
            raise Failure(f"{len(bad)} of {len(self.outcomes)} states, mode {self.title}:\n" + "\n".join(bad)
                          + f"\non the machine: mkdir -p {PLACE}; cd {PLACE}; {' '.join([*self.under, '/tests/stdrive', *self.options, self.mode, name])}")


def table():
    """state x mode, for people."""
    columns = sorted(SEEN, key=lambda c: (c[1], list(SEEN).index(c)))
    names = sorted({n for seen in SEEN.values() for n in seen})
    width = max(map(len, names), default=0)
    lines = [f"{'':{width}}  {'  '.join(f'{mode}/{smp}' for mode, smp in columns)}"]
    for n in names:
        cells = [f"{SEEN[c].get(n, ''):{len(f'{c[0]}/{c[1]}')}}" for c in columns]
        lines.append(f"{n:{width}}  {'  '.join(cells)}".rstrip())
    for c in columns:
        seen = list(SEEN[c].values())
        lines.append(f"{c[0]} with {c[1]} CPU{'s' * (c[1] > 1)}: "
                     + ", ".join(f"{seen.count(o)} {o}" for o in sorted(set(seen))))
    return "\n".join(lines)
