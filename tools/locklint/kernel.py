# SPDX-License-Identifier: MIT
"""What the analysis knows about the kernel as a whole: the ranks, the locks and their ranks, who may be behind a pointer
to a function.

A lock is known by the name of its variable or field (p_lock, pidlock, sq_lock): the fields of a structure have a prefix of
their own, and where two files use one name, the file decides.
"""
import re

from . import gimple

ENUM = re.compile(r"^\s*(LR_\w+)(?:\s*=\s*(\w+))?\s*,?", re.M)
STATIC_LOCK = re.compile(r"(?:struct spinlock (\w+)(?:\[[^\]]*\])? =|\.(\w+) =) SPINLOCK_INIT\(\"[^\"]*\", (LR_\w+)( - 1)?\)")
FIELD_IS = re.compile(r"\.(\w+) = &?(\w+)\b(?=\s*[,}])")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
INITS = {"spin_init": 2, "mutex_init": 2, "rw_init": 2}
# Which argument is called later, in an interrupt.
INTERRUPT = {"callout_init": 1, "irq_register": 2}
CAST = re.compile(r"^\([^()]*\) ?")
NAME = re.compile(r"^[A-Za-z_][\w]*(\.[\w]*\d\w*)?$")


def last_name(expr):
    """p_lock of `&p->p_lock`, sq_lock of `&sleepqs[_1].sq_lock`, the variable's own name of a variable."""
    expr = CAST.sub("", expr).lstrip("&*")
    expr = re.sub(r"\[[^\]]*\]", "", expr)
    return re.split(r"->|\.", expr)[-1] if not expr.startswith("D.") or "->" in expr else expr


class Kernel:
    def __init__(self, sources, dump_of, lock_header="kernel/lib/lock.h"):
        self.ranks = self.read_ranks(lock_header)
        self.rank_names = {}
        for name, rank in self.ranks.items():
            self.rank_names.setdefault(rank, name)
        self.first_spin = self.ranks["LR_SPIN"]
        self.locks = {}      # name -> {file: rank}
        self.functions = {}  # (file, name) -> Function
        self.by_name = {}    # name -> [Function]
        self.targets = {}    # field or variable -> names of functions that it may point to
        self.stores = {}     # field -> expressions stored there
        self.handlers = set()
        self.reached = {}
        for source in sources:
            self.read_source(source, gimple.read(source, dump_of(source)))
        self.read_uses()
        self.reached = {}

    @staticmethod
    def read_ranks(header):
        with open(header) as f:
            text = COMMENT.sub("", f.read())
        ranks, value = {}, -1
        for name, given in ENUM.findall(text[text.index("enum lock_rank"):text.index("LR_COUNT")]):
            value = (int(given) if given.isdigit() else ranks[given]) if given else value + 1
            ranks[name] = value
        return ranks

    def read_source(self, source, functions):
        with open(source) as f:
            text = COMMENT.sub("", f.read())
        for var, field, rank, less in STATIC_LOCK.findall(text):
            self.locks.setdefault(var or field, {})[source] = self.ranks[rank] - (1 if less else 0)
        for field, target in FIELD_IS.findall(text):
            self.targets.setdefault(field, set()).add((source, target))
        for fn in functions:
            fn.unit = source
            self.functions[(source, fn.name)] = fn
            self.by_name.setdefault(fn.name, []).append(fn)

    def read_uses(self):
        for fn in self.functions.values():
            for block in fn.blocks.values():
                for stmt in block.stmts:
                    self.read_use(fn, stmt)

    def read_use(self, fn, stmt):
        if stmt.op == "call" and stmt.fn in INITS and NAME.match(last_name(stmt.args[0])):
            names = self.names_of(fn, stmt.args[0])
            rank = stmt.args[INITS[stmt.fn]]
            if rank.isdigit():
                for name in names:
                    self.locks.setdefault(name, {})[fn.unit] = int(rank)
        if stmt.op == "call" and stmt.fn in INTERRUPT:
            target = stmt.args[INTERRUPT[stmt.fn]]
            if self.find(fn, target):
                self.handlers.add(self.find(fn, target))
        if stmt.op == "call":
            self.read_arguments(fn, stmt)
        if stmt.op == "set" and ("->" in stmt.dst or "." in stmt.dst.replace("D.", "")):
            src = CAST.sub("", stmt.src).lstrip("&")
            if self.find(fn, src):
                self.targets.setdefault(last_name(stmt.dst), set()).add((fn.unit, src))
            self.stores.setdefault(last_name(stmt.dst), []).append((fn, stmt.src))

    def read_arguments(self, fn, stmt):
        """A function that is given to another one may be called through that one's parameter."""
        for i, arg in enumerate(stmt.args):
            key = self.find(fn, arg) if NAME.match(arg) and arg not in fn.defs and arg not in fn.params else None
            if key:
                self.targets.setdefault((stmt.fn, i), set()).add(key)

    def names_of(self, fn, expr, depth=0):
        """The names of the locks that an expression may point to."""
        if expr.startswith("&"):
            return {last_name(expr)}
        if depth > 6 or not NAME.match(CAST.sub("", expr)):
            return {last_name(expr)} if last_name(expr) in self.locks else set()
        found = set()
        expr = CAST.sub("", expr)
        for src in fn.defs.get(expr, []):
            if isinstance(src, str):
                found |= self.names_of_source(fn, src, depth)
            else:
                for callee in self.callees(fn, src):
                    found |= self.names_returned(callee, depth)
        for stmt in fn.outs.get(expr, []):
            at = stmt.args.index("&" + expr)
            for callee in self.callees(fn, stmt):
                other = self.functions[callee]
                for src in other.defs.get("*" + other.params[at], []) if at < len(other.params) else []:
                    found |= self.names_of_source(other, src, depth)
        return found

    def names_of_source(self, fn, src, depth):
        if src.startswith("&") or NAME.match(CAST.sub("", src)):
            return self.names_of(fn, src, depth + 1)
        found = set()
        for other, stored in self.stores.get(last_name(src), []):
            found |= self.names_of(other, stored, depth + 1)
        return found

    def names_returned(self, key, depth):
        fn, found = self.functions[key], set()
        for block in fn.blocks.values():
            for stmt in block.stmts:
                if stmt.op == "return" and stmt.src:
                    found |= self.names_of(fn, stmt.src, depth + 1)
        return found

    def rank_of(self, name, file):
        files = self.locks.get(name, {})
        if file in files:
            return files[file]
        ranks = {r for f, r in files.items() if f.split("/")[0] == file.split("/")[0]} or set(files.values())
        return ranks.pop() if len(ranks) == 1 else None

    def find(self, fn, name):
        """The key of the function that this name means in fn's file, or None."""
        if (fn.unit, name) in self.functions:
            return (fn.unit, name)
        others = self.by_name.get(name)
        return (others[0].unit, name) if others else None

    def callees(self, fn, stmt):
        """The functions that a call may reach."""
        what = (fn.unit, fn.name, stmt.fn)
        if what not in self.reached:
            self.reached[what] = self.find_callees(fn, stmt)
        return self.reached[what]

    def find_callees(self, fn, stmt):
        direct = self.find(fn, stmt.fn)
        if direct and stmt.fn not in fn.defs and stmt.fn not in fn.params:
            return [direct]
        found = set()
        if stmt.fn in fn.params:
            found |= self.targets.get((fn.name, fn.params.index(stmt.fn)), set())
        for src in fn.defs.get(stmt.fn, []):
            if isinstance(src, str):
                found |= {self.key_of(t) for t in self.targets.get(last_name(src), set())}
        return sorted(k for k in found if k)

    def key_of(self, target):
        if target in self.functions:
            return target
        others = self.by_name.get(target[1])
        return (others[0].unit, target[1]) if others else None
