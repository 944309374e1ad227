# SPDX-License-Identifier: MIT
"""Reads what gcc says about a source file with -fdump-tree-cfg-lineno: the functions as blocks of simple statements.

A statement has at most one operation or one call, so that a few patterns read all of them:

    _1 = &p->p_lock;          spin_lock (_1);          if (_2 != 0)  goto <bb 3>; else goto <bb 4>;
"""
import re
from dataclasses import dataclass, field

PLACE = re.compile(r"\[([^\[\]:\s]+):(\d+):\d+[^\[\]]*\] ?")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
HEAD = re.compile(r"^;; Function (\S+) \(")
SUCCS = re.compile(r"^;; (\d+) succs \{([ \d]*)\}")
BLOCK = re.compile(r"^\s*<bb (\d+)> ")
GOTO = re.compile(r"^\s*goto <bb (\d+)>")
IF = re.compile(r"^if \((.*) (==|!=|<|<=|>|>=) (.*)\)$")
CALL = re.compile(r"^(?:(.+?) = )?([\w.$]+) \((.*)\);$")
SET = re.compile(r"^(.+?) = (.+);$")
RETURN = re.compile(r"^return(?: (.*))?;$")


@dataclass
class Stmt:
    """op is "call" (dst, fn, args), "set" (dst, src), "if" (args: left, operator, right) or "return" (src)."""
    op: str
    line: int
    dst: str = None
    fn: str = None
    args: tuple = ()
    src: str = None


@dataclass
class Block:
    number: int
    stmts: list = field(default_factory=list)
    succs: list = field(default_factory=list)
    branch: list = field(default_factory=list)  # of an `if`: where to, true and false


@dataclass
class Function:
    name: str
    file: str
    params: list
    blocks: dict
    defs: dict  # local name -> [what is assigned to it: an expression, or a Stmt that calls]
    outs: dict  # local name -> the calls that are given its address
    line: int = 0

    @property
    def key(self):
        return (self.file, self.name)


def split_args(text):
    """The arguments of a call, at its outer commas."""
    args, depth, start = [], 0, 0
    for i, c in enumerate(text):
        if c in "([{<":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1] != "-"):
            depth -= 1
        elif c == "," and depth == 0:
            args.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip()
    return tuple(args + [last]) if last else ()


def read_stmt(text, line):
    """One line of a block, or None if it says nothing about locks: labels, predictions, assembly."""
    m = IF.match(text)
    if m:
        return Stmt("if", line, args=m.groups())
    m = RETURN.match(text)
    if m:
        return Stmt("return", line, src=m.group(1))
    m = CALL.match(text)
    if m:
        return Stmt("call", line, dst=m.group(1), fn=m.group(2), args=split_args(m.group(3)))
    m = SET.match(text)
    if m:
        return Stmt("set", line, dst=m.group(1), src=m.group(2))
    return None


def params_of(line):
    """The names of the parameters in the line that begins a function's body."""
    inside = line[line.index(" (") + 2:line.rindex(")")]
    names = [re.findall(r"\w+", a) for a in split_args(inside)]
    return [n[-1] for n in names if n and n != ["void"]]


class Reader:
    def __init__(self, source):
        self.source, self.found, self.fn, self.block = source, [], None, None

    def begin(self, name):
        self.fn = Function(name, self.source, None, {}, {}, {})
        self.block, self.succs = None, {}

    def end(self):
        fn = self.fn
        for number, succs in self.succs.items():
            if number in fn.blocks:
                fn.blocks[number].succs = succs
        for block in fn.blocks.values():
            for stmt in block.stmts:
                if stmt.dst:
                    fn.defs.setdefault(stmt.dst, []).append(stmt if stmt.op == "call" else stmt.src)
                for arg in stmt.args if stmt.op == "call" else ():
                    if arg.startswith("&"):
                        fn.outs.setdefault(arg[1:], []).append(stmt)
        self.found.append(fn)
        self.fn = None

    def statement(self, raw):
        m = PLACE.search(raw)
        line = int(m.group(2)) if m else 0
        if m and not self.fn.line:
            self.fn.line, self.fn.file = line, m.group(1)
        goto = GOTO.match(PLACE.sub("", raw))
        if goto:
            self.block.branch.append(int(goto.group(1)))
            return
        text = PLACE.sub("", TEXT.sub('""', raw)).strip()
        stmt = read_stmt(text, line)
        if stmt:
            self.block.stmts.append(stmt)

    def line(self, raw):
        m = HEAD.match(raw)
        if m:
            self.begin(m.group(1))
            return
        if not self.fn:
            return
        m = SUCCS.match(raw)
        if m:
            self.succs[int(m.group(1))] = [int(n) for n in m.group(2).split()]
        elif raw.startswith("}"):
            self.end()
        elif self.fn.params is None:
            if raw.startswith("{"):
                self.fn.params = params_of(self.head)
            self.head = raw
        else:
            m = BLOCK.match(raw)
            if m:
                self.block = self.fn.blocks.setdefault(int(m.group(1)), Block(int(m.group(1))))
            elif self.block is not None and raw.strip():
                self.statement(raw)


def read(source, dump):
    """The functions that gcc saw in one source file."""
    reader = Reader(source)
    with open(dump, errors="replace") as lines:
        for raw in lines:
            reader.line(raw.rstrip("\n"))
    return reader.found
