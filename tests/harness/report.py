# SPDX-License-Identifier: MIT
"""Results for people (as they come), and for programs (build/tests/results.xml, in JUnit's form)."""
import os
import shutil
import sys
import threading
from xml.sax.saxutils import escape, quoteattr

from . import paths
from .verdict import MEANING, SKIP

CONTROL = {c: "?" for c in range(32) if c not in (9, 10)}


class Report:
    def __init__(self, verbose, command):
        self.verbose, self.again = verbose, command
        self.round = 0          # of several of the same tests; 0: there is one
        self.results = []
        self.lock = threading.Lock()
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

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
            self.tell(r)

    def keep_logs(self, r):
        """The next round begins the logs anew: those of a failure get names of their own."""
        for i, log in enumerate(r.logs):
            if os.path.exists(log):
                r.logs[i] = f"{log}.{self.round}"
                shutil.copyfile(log, r.logs[i])

    def tell(self, r):
        round_ = f" #{r.round}" if r.round else ""
        print(f"{self.paint(f'{r.verdict:<13}', r.good)} {r.name}{round_} ({r.seconds:.1f} s)"
              + (f": {r.detail}" if r.verdict == SKIP else ""), flush=True)
        if not r.good:
            print(f"    what it usually means: {MEANING[r.verdict]}")
            print("".join(f"    | {line}\n" for line in r.detail.splitlines()), end="")
            for log in r.logs:
                print(f"    log: {os.path.relpath(log, paths.ROOT)}")
            print(f"    again: {r.rerun}", flush=True)

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

    def finish(self):
        """What did not pass, again, where somebody looks who sees only the end; the last line; the exit status."""
        self.write_junit(os.path.join(paths.OUT, "results.xml"))
        failed = [r for r in self.results if not r.good]
        skipped = sum(r.verdict == SKIP for r in self.results)
        if failed and len(self.results) > 10:
            print("\nNot passed:")
            for r in failed:
                self.tell(r)
        print(f"{len(self.results) - len(failed) - skipped} passed, {len(failed)} failed"
              + (f", {skipped} skipped" if skipped else ""), flush=True)
        return 1 if failed else 0
