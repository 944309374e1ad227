# SPDX-License-Identifier: MIT
"""Follows every path through every function, and notes which locks are held where.

A function is looked at once, as if nothing were held at its start; what it does is kept as a summary:

    outcomes   what it returns, the locks that it then holds more, and those that it has released
    takes      each lock that it or a callee takes, and each sleep, with the locks that it had released by then

A caller that holds a lock is judged by the summaries of its callees. A value that decides which way a path goes, and that the
path itself has set (a constant, a null pointer, what a "returns it locked" function returned), is remembered, so that
`if (!p) return` does not seem to leave with p's lock held. Functions with a flag such as KM_NOWAIT are looked at once for
each constant that they are called with.
"""
import re
from collections import namedtuple

from .kernel import CAST, NAME, last_name

Take = namedtuple("Take", "lock rank nested released")  # lock None: a sleep
Outcome = namedtuple("Outcome", "value held released")
State = namedtuple("State", "held released facts")

SLEEP, INTR = "(sleep)", "interrupts off"
# Whoever copies from or to user memory may take a page fault, and that the lock of the address space.
USER_COPIES, PAGE_FAULT = "mm/usercopy.c", ("a_lock", 9)
NONZERO = "nonzero"
MAX_STATES = 96
MAX_CONST = 64  # larger ones are sizes

MASK = re.compile(r"^(\S+) & (\d+)$")
BINARY = re.compile(r"^(\S+) ([&|^]|<<|>>) (\S+)$")
ARITHMETIC = {"&": int.__and__, "|": int.__or__, "^": int.__xor__,
              "<<": lambda a, b: a << (b & 31), ">>": lambda a, b: a >> (b & 31)}
COMPARE = re.compile(r"^(\S+) (==|!=|<|<=|>|>=) (\S+)$")
POINTER = re.compile(r"^&?(\w+)->")
NUMBER = re.compile(r"^(-?\d+)B?$")

LOCK = {"spin_lock": False, "spin_lock_nested": True, "mutex_lock": False, "mutex_lock_nested": True,
        "rw_read_lock": False, "rw_write_lock": False}
UNLOCK = {"spin_unlock", "mutex_unlock", "rw_read_unlock", "rw_write_unlock"}
TRYLOCK = {"spin_trylock", "mutex_trylock"}
QUIET = {"spin_held", "mutex_held", "rw_write_held", "rw_any_held", "rw_downgrade", "panic", "panic_trap"}


class Summary:
    def __init__(self):
        self.outcomes, self.takes, self.unclear = frozenset(), {}, frozenset()

    def add(self, take, where):
        """The less a path has released, the more its caller may hold: such a path speaks for the others."""
        if take in self.takes:
            return
        for other in list(self.takes):
            if other[:3] == take[:3]:
                if other.released <= take.released:
                    return
                if take.released <= other.released:
                    del self.takes[other]
        self.takes[take] = where


def compare(left, op, right):
    """True, False, or None where the values do not tell."""
    if left == NONZERO or right == NONZERO:
        other = right if left == NONZERO else left
        return {"==": False, "!=": True}.get(op) if other == 0 else None
    if left is None or right is None:
        return None
    return {"==": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
            ">": left > right, ">=": left >= right}[op]


class Walk:
    """One function, with the constants that it is called with."""

    def __init__(self, flow, key, consts):
        self.flow, self.kernel = flow, flow.kernel
        self.fn, self.consts = flow.kernel.functions[key], consts
        self.key = (key, consts)
        self.summary = Summary()
        self.kept = flow.deciding(key) if any(c is not None for c in consts) or self.touches_locks() else frozenset()

    def touches_locks(self):
        """Does it hold something anywhere? If not, its paths need not be told apart."""
        for block in self.fn.blocks.values():
            for stmt in block.stmts:
                if stmt.op != "call":
                    continue
                if stmt.fn in LOCK or stmt.fn in UNLOCK or stmt.fn in TRYLOCK or stmt.fn == "intr_push_off":
                    return True
                for key in self.kernel.callees(self.fn, stmt):
                    summary = self.flow.summary_of((key, ()), self.key)
                    if any(o.held or o.released for o in summary.outcomes):
                        return True
        return False

    # --- values ---

    def value(self, expr, facts):
        expr = CAST.sub("", expr)
        number = NUMBER.match(expr)
        if number:
            return int(number.group(1))
        if expr.startswith("&"):
            return NONZERO
        return dict(facts).get(expr)

    def value_of(self, src, facts):
        binary, comparison = BINARY.match(src), COMPARE.match(src)
        if binary:
            left, op, right = binary.groups()
            left, right = self.value(left, facts), self.value(right, facts)
            both = isinstance(left, int) and isinstance(right, int)
            return ARITHMETIC[op](left, right) if both else None
        if comparison:
            left, op, right = comparison.groups()
            known = compare(self.value(left, facts), op, self.value(right, facts))
            return None if known is None else int(known)
        if src.startswith("~"):
            value = self.value(src[1:], facts)
            return int(value == 0) if value in (0, 1) else None
        return self.value(src, facts)

    def learn(self, facts, name, value):
        """`facts` with one more, and without what it replaces."""
        facts = frozenset(f for f in facts if f[0] != name)
        return facts | {(name, value)} if value is not None and name in self.kept else facts

    def infer(self, facts, left, op, right, taken):
        """What a branch that was taken, or not, says about its operands, and about those they were computed from."""
        left = CAST.sub("", left)
        limit = self.value(right, facts)
        if not NAME.match(left) and not left.startswith("D."):
            return facts
        equal = op == "==" if taken else op == "!="
        unequal = op == "!=" if taken else op == "=="
        if equal and limit is not None:
            facts = self.learn(facts, left, limit)
        elif (unequal or (taken and op in "<>")) and limit == 0:
            facts = self.learn(facts, left, NONZERO)
        if limit == 0 and (equal or unequal):
            facts = self.infer_source(facts, left, unequal)
        return facts

    def infer_source(self, facts, name, truth):
        sources = self.fn.defs.get(name, [])
        if len(sources) != 1:
            return facts
        src = sources[0]
        if not isinstance(src, str):
            return self.infer(facts, src.args[0], "!=", "0", truth) if src.fn == "__builtin_expect" else facts
        comparison = COMPARE.match(src)
        if comparison:
            return self.infer(facts, *comparison.groups(), truth)
        if src.startswith("~"):
            return self.infer(facts, src[1:], "!=", "0", not truth)
        if NAME.match(CAST.sub("", src)):
            return self.infer(facts, src, "!=", "0", truth)
        return facts

    # --- locks ---

    def lock_named(self, expr):
        """The lock behind an argument of spin_lock and its like: its name, with the rank."""
        names = self.kernel.names_of(self.fn, expr) or self.flow.names_of_param(self.fn, expr)
        ranked = sorted((n for n in names if self.kernel.rank_of(n, self.fn.unit) is not None))
        if not ranked:
            self.flow.unknown.add((self.fn.file, self.fn.name, expr))
            return None
        if len(ranked) > 1:
            return ("|".join(ranked), self.kernel.rank_of(ranked[0], self.fn.unit))
        return (ranked[0], self.kernel.rank_of(ranked[0], self.fn.unit))

    def note_take(self, state, take, line, via):
        """One acquisition, here or in a callee, judged against what this path holds."""
        if not state.held and not state.released:
            self.summary.add(take, (line, via))
            return
        self.judge(state.held - take.released, take, line, via)
        self.summary.add(Take(take.lock, take.rank, take.nested,
                              state.released | (take.released - state.held)), (line, via))

    def judge(self, held, take, line, via):
        for lock in held:
            name, rank = lock
            if lock[0] == INTR:
                wrong = take.rank < self.kernel.first_spin
            elif take.lock == SLEEP:
                wrong = rank >= self.kernel.first_spin
            else:
                wrong = rank > take.rank or (rank == take.rank and not take.nested)
            if wrong:
                self.flow.report(self.fn, line, lock, take, via)

    def take(self, state, lock, nested, line, check=True):
        if lock is None:
            return state
        if check:
            self.note_take(state, Take(lock[0], lock[1], nested, frozenset()), line, None)
        if lock in state.released and lock not in state.held:
            return state._replace(released=state.released - {lock})
        return state._replace(held=state.held | {lock})

    def release(self, state, lock):
        if lock is None:
            return state
        if lock in state.held:
            return state._replace(held=state.held - {lock})
        return state._replace(released=state.released | {lock})

    def sleep_on(self, state, stmt):
        """sleep(chan, lock, ...), sleep_mutex(chan, mutex, ...): without the lock while it sleeps."""
        value = self.value(stmt.args[1], state.facts)
        lock = None if value == 0 else self.lock_named(stmt.args[1])
        asleep = self.release(state, lock)
        self.note_take(asleep, Take(SLEEP, -1, False, frozenset()), stmt.line, None)
        return self.take(asleep, lock, False, stmt.line)

    # --- statements ---

    def call(self, state, stmt):
        fn = stmt.fn
        if fn in LOCK:
            taken = self.take(state, self.lock_named(stmt.args[0]), LOCK[fn], stmt.line)
            return [taken._replace(facts=self.infer(taken.facts, stmt.args[0], "!=", "0", True))]
        if fn in UNLOCK:
            return [self.release(state, self.lock_named(stmt.args[0]))]
        if fn in TRYLOCK:
            lock = self.lock_named(stmt.args[0])
            got = self.take(state, lock, False, stmt.line, check=False)
            return [self.returned(got, stmt, 1), self.returned(state, stmt, 0)]
        if fn in ("sleep", "sleep_mutex"):
            return [self.returned(self.sleep_on(state, stmt), stmt, None)]
        if fn == "assert_may_sleep":
            self.note_take(state, Take(SLEEP, -1, False, frozenset()), stmt.line, None)
            if self.fn.unit == USER_COPIES:
                self.note_take(state, Take(*PAGE_FAULT, False, frozenset()), stmt.line, None)
            return [state]
        if fn == "intr_push_off":
            return [self.take(state, (INTR, 0), True, stmt.line, check=False)]
        if fn == "intr_pop_off":
            return [self.release(state, (INTR, 0))]
        if fn == "__builtin_expect":
            return [self.returned(state, stmt, self.value(stmt.args[0], state.facts))]
        if fn in QUIET:
            return [self.returned(state, stmt, None)]
        return self.call_other(state, stmt)

    def returned(self, state, stmt, value):
        return state._replace(facts=self.learn(state.facts, stmt.dst, value)) if stmt.dst else state

    def call_other(self, state, stmt):
        keys = self.kernel.callees(self.fn, stmt)
        if not keys:
            return [self.returned(state, stmt, None)]
        states = []
        for key in keys:
            if (self.fn.name, key[1]) in self.flow.cuts:
                self.flow.cut.add((self.fn.name, key[1]))
                states.append(self.returned(state, stmt, None))
                continue
            consts = self.flow.constants(key, [self.value(a, state.facts) for a in stmt.args])
            summary = self.flow.summary_of((key, consts), self.key)
            for take in summary.takes:
                self.note_take(state, take, stmt.line, (key, consts))
            states += [self.returned(self.apply(state, o), stmt, o.value) for o in summary.outcomes]
        return list(dict.fromkeys(states))

    def apply(self, state, outcome):
        for lock in sorted(outcome.released):
            state = self.release(state, lock)
        for lock in outcome.held:
            state = self.take(state, lock, True, 0, check=False)
        return state

    def step(self, state, stmt):
        if stmt.op == "call":
            return self.call(state, stmt)
        if stmt.op == "set":
            facts = state.facts
            pointer = POINTER.match(stmt.src)  # what is followed is not null
            if pointer and self.value(pointer.group(1), facts) is None:
                facts = self.learn(facts, pointer.group(1), NONZERO)
            return [state._replace(facts=self.learn(facts, stmt.dst, self.value_of(stmt.src, facts)))]
        if stmt.op == "return":
            value = self.value(stmt.src, state.facts) if stmt.src else None
            self.outcomes.add(Outcome(value, state.held, state.released))
        return [state]

    def leave(self, block, state):
        """[(next block, state)] at the end of a block."""
        last = block.stmts[-1] if block.stmts else None
        if last and last.op == "if" and len(block.branch) == 2:
            left, op, right = last.args
            known = compare(self.value(left, state.facts), op, self.value(right, state.facts))
            return [(to, state._replace(facts=self.infer(state.facts, left, op, right, taken)))
                    for to, taken in zip(block.branch, (True, False)) if known in (None, taken)]
        return [(to, state) for to in block.succs if to in self.fn.blocks]

    def run(self):
        self.outcomes, self.uses = set(), self.flow.uses_from(self.fn)
        facts = frozenset((n, v) for n, v in zip(self.fn.params, self.consts) if v is not None)
        start = State(frozenset(), frozenset(), facts)
        first = min(self.fn.blocks)
        seen, work = {first: {start}}, [(first, start)]
        while work:
            number, state = work.pop()
            states = [state]
            for stmt in self.fn.blocks[number].stmts:
                states = [s for old in states for s in self.step(old, stmt)]
            for state in states:
                for to, after in self.leave(self.fn.blocks[number], state):
                    used = self.uses[to]
                    after = after._replace(facts=frozenset(f for f in after.facts if f[0] in used))
                    there = seen.setdefault(to, set())
                    if len(there) >= MAX_STATES:
                        after = after._replace(facts=frozenset())
                    if after not in there:
                        there.add(after)
                        work.append((to, after))
        self.summary.outcomes = merge(self.outcomes)
        self.summary.unclear = unclear(self.outcomes)
        return self.summary


def names_read(block):
    names = set()
    for stmt in block.stmts:
        for text in (*stmt.args, stmt.src or ""):
            names.update(re.findall(r"[\w.]+", text))
    return names


def merge(outcomes):
    """
    One outcome for each value, and only one if the values do not tell their locks apart. Where the same value comes with
    different locks, those count that are there in any case.
    """
    effects = {}
    for o in outcomes:
        effects.setdefault(o.value, []).append(o)
    merged = {v: Outcome(v, frozenset.intersection(*(o.held for o in os)), frozenset.intersection(*(o.released for o in os)))
              for v, os in effects.items()}
    if len(merged) > 1 and len({o[1:] for o in merged.values()}) == 1:
        return frozenset([next(iter(merged.values()))._replace(value=None)])
    return frozenset(merged.values())


def unclear(outcomes):
    """The locks that are held, or released, at the end with some paths only, for one value that is returned."""
    effects = {}
    for o in outcomes:
        effects.setdefault(o.value, []).append(o)
    found = set()
    for same in effects.values():
        for part in ([o.held for o in same], [o.released for o in same]):
            found |= frozenset.union(*part) - frozenset.intersection(*part)
    return found
