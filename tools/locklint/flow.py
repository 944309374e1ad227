# SPDX-License-Identifier: MIT
"""The whole kernel: each function is walked (walk.py) until no summary changes any more."""
import re

from .kernel import CAST, NAME
from .walk import COMPARE, MASK, MAX_CONST, NONZERO, NUMBER, Summary, Walk, names_read


class Flow:
    def __init__(self, kernel, cuts=()):
        self.kernel, self.cuts, self.cut = kernel, cuts, set()
        self.summaries, self.users = {}, {}
        self.unknown, self.found = set(), {}
        self.decides, self.reads = {}, {}
        self.tests = {}
        self.flags = self.find_flags()
        self.work = {}

    def deciding(self, key):
        """The local names whose values may decide a branch, or are returned."""
        if key not in self.decides:
            fn, names = self.kernel.functions[key], set()
            for block in fn.blocks.values():
                for stmt in block.stmts:
                    if stmt.op == "if":
                        names |= {CAST.sub("", stmt.args[0]), CAST.sub("", stmt.args[2])}
                    elif stmt.op == "return" and stmt.src:
                        names.add(stmt.src)
                    elif stmt.op == "call":
                        for callee in self.kernel.callees(fn, stmt):
                            names |= {a for i, a in enumerate(stmt.args) if i in self.flags[callee]}
            self.decides[key] = self.sources(fn, names) | set(fn.params)
        return self.decides[key]

    def uses_from(self, fn):
        """{block: the names that it, or a block behind it, reads}."""
        if fn.key not in self.reads:
            reads = {n: names_read(b) for n, b in fn.blocks.items()}
            changed = True
            while changed:
                changed = False
                for n, b in fn.blocks.items():
                    for to in b.succs:
                        if to in reads and not reads[to] <= reads[n]:
                            reads[n] |= reads[to]
                            changed = True
            self.reads[fn.key] = reads
        return self.reads[fn.key]

    @staticmethod
    def sources(fn, names):
        work = list(names)
        while work:
            for src in fn.defs.get(work.pop(), []):
                parts = re.findall(r"[\w.]+", src) if isinstance(src, str) else \
                    list(src.args[:1]) if src.fn == "__builtin_expect" else []
                for part in parts:
                    if part not in names:
                        names.add(part)
                        work.append(part)
        return names

    def find_flags(self):
        """{key: positions of the parameters that decide as flags or by being null, there or in a callee}."""
        flags = {}
        for key, fn in self.kernel.functions.items():
            tested = self.tested(fn)
            flags[key] = {i for i, p in enumerate(fn.params) if p in tested}
            self.tests[key] = frozenset(flags[key])
        changed = True
        while changed:
            changed = False
            for key, fn in self.kernel.functions.items():
                for block in fn.blocks.values():
                    for stmt in block.stmts:
                        if stmt.op == "call" and self.pass_on(flags, key, fn, stmt):
                            changed = True
        return flags

    def pass_on(self, flags, key, fn, stmt):
        callee = self.kernel.find(fn, stmt.fn)
        new = set()
        for i, arg in enumerate(stmt.args) if callee else ():
            if i in flags[callee] and NAME.match(arg):
                new |= {fn.params.index(p) for p in fn.params if p in self.sources(fn, {arg})}
        new -= flags[key]
        flags[key] |= new
        return bool(new)

    @staticmethod
    def tested(fn):
        names = set()
        for block in fn.blocks.values():
            for stmt in block.stmts:
                if stmt.op == "if" and NUMBER.match(stmt.args[2]) and stmt.args[1] in ("==", "!="):
                    names.add(CAST.sub("", stmt.args[0]))
        for name in list(names):
            for src in fn.defs.get(name, []):
                if isinstance(src, str):
                    m = MASK.match(src) or COMPARE.match(src)
                    names.add(CAST.sub("", m.group(1) if m else src.lstrip("~")))
        return names

    def constants(self, key, values):
        """The values of those arguments that decide something in the callee, the others as None."""
        flags, tests = self.flags[key], self.tests[key]
        consts = tuple(v if (v == NONZERO and i in tests) or (isinstance(v, int) and i in flags and 0 <= v < MAX_CONST) else None for i, v in enumerate(values))
        return consts if any(v is not None for v in consts) else ()

    def names_of_param(self, fn, expr):
        """Locks that callers give to fn in this parameter."""
        name, found = CAST.sub("", expr), set()
        if name in fn.params:
            at = fn.params.index(name)
            for caller, arg in self.flow_args().get((fn.unit, fn.name, at), ()):
                found |= self.kernel.names_of(caller, arg)
        return found

    def flow_args(self):
        if not hasattr(self, "args"):
            self.args = {}
            for fn in self.kernel.functions.values():
                for block in fn.blocks.values():
                    for stmt in block.stmts:
                        if stmt.op == "call":
                            for key in self.kernel.callees(fn, stmt):
                                for i, arg in enumerate(stmt.args):
                                    self.args.setdefault((*key, i), []).append((fn, arg))
        return self.args

    def summary_of(self, what, user):
        self.users.setdefault(what, set()).add(user)
        if what not in self.summaries:
            self.summaries[what] = Summary()
            self.look(what)
        return self.summaries[what]

    def look(self, what):
        new, old = Walk(self, *what).run(), self.summaries[what]
        if new.outcomes != old.outcomes or new.takes.keys() != old.takes.keys():
            self.summaries[what] = new
            self.work.update((u, None) for u in self.users.get(what, ()) if u)

    def run(self):
        """Until no summary changes any more. A recursive function begins with an empty one."""
        for key in self.kernel.functions:
            self.summary_of((key, ()), None)
        while self.work:
            what = next(iter(self.work))
            del self.work[what]
            self.look(what)

    def report(self, fn, line, lock, take, via):
        self.found.setdefault((fn.file, fn.name, line, lock, take.lock), (take, via))
