# SPDX-License-Identifier: MIT
"""Chooses tests, makes work items of them, runs several at a time.

A work item is a unit test, a scenario, or a batch of programs that share a boot. Each uses at most one machine
at a time, so there are never more than `jobs` machines, and the one with Linux if the oracle is one.
"""
import os
import queue
import threading
import traceback

from . import oracle, paths
from .program import Batch, LinuxBatch
from .verdict import ERROR, Result

BATCH = 24      # programs in one boot, when there are more than enough for all workers


class Runner:
    def __init__(self, options, report):
        self.smp = options.smp
        self.given = options.append
        self.seed = None        # of the kernel's random delays
        self.states = options.state
        self.extra = ["--icount"] if options.icount else []
        self.icount = options.icount
        self.keep = options.keep
        self.full = options.full
        self.oracle = oracle.make(options.oracle, keep=not options.on_host)
        self.hang = (options.hang, options.hang) if options.hang else None
        self.jobs = options.jobs
        self.on_host = options.on_host
        self.report = report
        self.lock = threading.Lock()

    @property
    def append(self):
        """What every kernel finds on its command line."""
        return self.given if self.seed is None else f"{self.given} jitter={self.seed}"

    @property
    def patience(self):
        """How many times slower the machines are than usual."""
        return (10 if self.seed is not None else 1) * (5 if self.icount else 1)

    def batches(self, programs):
        """Programs by kind of machine, in batches of about equal size."""
        kinds = {}
        for t in programs:
            kinds.setdefault((self.smp or t.smp or 2, t.mem), []).append(t)
        for (smp, _), tests in sorted(kinds.items()):
            n = max(-(-len(tests) // BATCH), min(self.jobs, len(tests) // 6), 1)
            for i in range(n):
                yield Batch(tests[i * len(tests) // n:(i + 1) * len(tests) // n], smp)

    def items(self, tests):
        programs = [t for t in tests if t.kind == "prog"]
        rest = [t for t in tests if t.kind != "prog"]
        if self.on_host:
            return [LinuxBatch(programs)]
        # Which scenarios take long, their limits tell: these first, so that none is alone at the end.
        scenarios = sorted((t for t in rest if t.kind != "unit"), key=lambda t: (not t.oracle, -t.limit))
        return [t for t in rest if t.kind == "unit"] + list(self.batches(programs)) + scenarios

    def account(self, item, why):
        """Every test of an item has a verdict, whatever became of the item."""
        have = {r.name for r in self.report.results[self.before:]}
        for name in [t.name for t in getattr(item, "tests", [item])]:
            if name not in have:
                self.report.add(Result(name, ERROR, why))

    def work(self, todo):
        while True:
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            why = "it ended without a verdict"
            try:
                for result in item.run(self):
                    self.report.add(result)
            except Exception:  # pylint: disable=broad-except
                why = traceback.format_exc(limit=-5)
            self.account(item, why)
            self.leave_oracle(item)

    def leave_oracle(self, item):
        """Its machine ends with the last item that may ask it."""
        with self.lock:
            self.askers -= self.asks(item)
            last = self.asks(item) and self.askers == 0
        if last and self.oracle:
            self.oracle.stop()

    @staticmethod
    def asks(item):
        return bool(getattr(item, "oracle", False))

    def run(self, tests):
        for d in (paths.LOGS, paths.WORK):
            os.makedirs(d, exist_ok=True)
        self.before = len(self.report.results)
        items = list(self.items(tests))
        self.report.plan([t.name for t in tests], self.jobs)
        self.askers = sum(map(self.asks, items))
        if self.oracle and not self.on_host:
            self.oracle.ask_early([t for t in tests if t.kind == "prog" and t.oracle])
        todo = queue.Queue()
        for item in items:
            todo.put(item)
        threads = [threading.Thread(target=self.work, args=(todo,), daemon=True) for _ in range(self.jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if self.oracle:
            self.oracle.stop()
        for item in items:
            self.account(item, "the worker that was to run it died")
