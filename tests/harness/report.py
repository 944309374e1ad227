# SPDX-License-Identifier: MIT
"""Results for people (as they come), and for programs (build/tests/results.xml, in JUnit's form)."""
import json
import os
import resource
import shutil
import sys
import threading
import time
from xml.sax.saxutils import escape, quoteattr

from . import paths
from .verdict import MEANING, SKIP

TIMES = os.path.join(paths.OUT, "times.json")
SLOWEST = 10    # so many tests are named with their times
OFTEN = 30      # seconds between two words about what is left
CONTROL = {c: "?" for c in range(32) if c not in (9, 10)}


class Report:
    def __init__(self, verbose, command):
        self.verbose, self.again = verbose, command
        self.round = 0          # of several of the same tests; 0: there is one
        self.results = []
        self.began = self.told = time.monotonic()
        self.last = self.read_times()
        self.plan([], 1)
        self.lock = threading.Lock()
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def plan(self, names, jobs):
        """What a round consists of."""
        self.left, self.jobs = dict.fromkeys(names), jobs

    def paint(self, text, good):
        return f"\033[{32 if good else 31}m{text}\033[0m" if self.colour else text

    def rerun(self, result):
        names = result.again or [result.name]
        return "tests/run" + "".join(f" -k {n}" for n in names) + self.again

    def add(self, r):
        r.round, r.rerun = self.round, self.rerun(r)
        with self.lock:
            if self.round and not r.good:
                self.keep_logs(r)
            self.results.append(r)
            self.left.pop(r.name, None)
            self.tell(r)
            if time.monotonic() - self.told > OFTEN and self.left:
                self.told = time.monotonic()
                print(f"    {len(self.results)} done, {len(self.left)} left: about {self.minutes():.0f} min", flush=True)

    def minutes(self):
        """What the tests that are left may take: each as long as it took last time, else as those of its kind did."""
        known, kinds = dict(self.last), {}
        for r in self.results:
            kinds.setdefault(r.name.split("/")[0], []).append(r.seconds)
        usual = sum(r.seconds for r in self.results) / len(self.results)
        for name in self.left:
            times = kinds.get(name.split("/")[0])
            known.setdefault(name, sum(times) / len(times) if times else usual)
        before = sum(known.get(r.name, r.seconds) for r in self.results)
        slower = sum(r.seconds for r in self.results) / max(before, 1.0)
        return sum(known[name] for name in self.left) * slower / self.jobs / 60

    def keep_logs(self, r):
        """The next round begins the logs anew: those of a failure get names of their own."""
        for i, log in enumerate(r.logs):
            if os.path.exists(log):
                r.logs[i] = f"{log}.{self.round}"
                shutil.copyfile(log, r.logs[i])

    def tell(self, r):
        round_ = f" #{r.round}" if r.round else ""
        print(f"{self.paint(f'{r.verdict:<13}', r.good)} {r.name}{round_} ({r.seconds:.1f} s, cpu {r.cpu:.1f} s)"
              + (f": {r.detail}" if r.verdict == SKIP else ""), flush=True)
        if not r.good:
            print(f"    what it usually means: {MEANING[r.verdict]}")
            print("".join(f"    | {line}\n" for line in r.detail.splitlines()), end="")
            for log in r.logs:
                print(f"    log: {os.path.relpath(log, paths.ROOT)}")
            print(f"    again: {r.rerun}", flush=True)

    @staticmethod
    def read_times():
        """{test: the seconds that it took last}"""
        try:
            with open(TIMES, encoding="utf-8") as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def write_times(self):
        with open(TIMES, "w", encoding="utf-8") as f:
            json.dump({**self.last, **{r.name: round(r.seconds, 1) for r in self.results}}, f, indent=0)

    def write_junit(self, path):
        bad = sum(not r.good for r in self.results)
        skipped = sum(r.verdict == SKIP for r in self.results)
        with open(path, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0" encoding="UTF-8"?>\n')
            f.write(f'<testsuite name="reprise" tests="{len(self.results)}" failures="{bad}" skipped="{skipped}">\n')
            for r in sorted(self.results, key=lambda r: r.name):
                group, name = r.name.split("/", 1)
                f.write(f'<testcase classname={quoteattr(group)} name={quoteattr(name)} time="{r.seconds:.3f}">')
                detail = r.detail.translate(CONTROL)
                if r.verdict == SKIP:
                    f.write(f"<skipped message={quoteattr(detail)}/>")
                elif not r.good:
                    f.write(f"<failure type={quoteattr(r.verdict)} message={quoteattr(MEANING[r.verdict])}>"
                            f"{escape(detail)}\n{escape(r.rerun)}</failure>")
                f.write("</testcase>\n")
            f.write("</testsuite>\n")

    def tell_times(self):
        """Where the processors' time went: what is worth a look when the tests take too long."""
        print("\nMost processor time:")
        for r in sorted(self.results, key=lambda r: -r.cpu)[:SLOWEST]:
            print(f"{r.cpu:9.1f} s of {r.seconds:6.1f} s  {r.name}")
        wall, usage = time.monotonic() - self.began, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = usage.ru_utime + usage.ru_stime
        print(f"{used - sum(r.cpu for r in self.results):9.1f} s{'':13}compilers, the oracle, tools of the host")
        print(f"{used:9.1f} s of {wall:6.1f} s  all, on {os.cpu_count()} CPUs", flush=True)

    def finish(self):
        """What did not pass, again, where somebody looks who sees only the end; the last line; the exit status."""
        self.write_junit(os.path.join(paths.OUT, "results.xml"))
        self.write_times()
        if len(self.results) > SLOWEST:
            self.tell_times()
        failed = [r for r in self.results if not r.good]
        skipped = sum(r.verdict == SKIP for r in self.results)
        if failed and len(self.results) > 10:
            print("\nNot passed:")
            for r in failed:
                self.tell(r)
        print(f"{len(self.results) - len(failed) - skipped} passed, {len(failed)} failed"
              + (f", {skipped} skipped" if skipped else ""), flush=True)
        return 1 if failed else 0
