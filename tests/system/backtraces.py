# SPDX-License-Identifier: MIT
"""gdb on images: the callers and the variables of a program that was saved asleep in the C library, at work, or by itself."""
import os
import re

from harness import paths
from harness.scenario import scenario

MUSL_CC = os.path.join(paths.BUILD, "user", "musl-cc")
SOURCE = os.path.join(paths.ROOT, "tests", "programs", "asleep.c")
MUSL = os.path.join(paths.BUILD, "user", "musl")
PREFIX = "i686-linux-gnu-"
# Started, asleep (at work: R) and saved by another process; then ended. No output of
# the program before may be taken for this program's: the shell's child has not executed it yet.
SAVE = """rm -f out; /root/asleep {kind} >out 2>&1 </dev/null & p=$!
until grep -qs ready out && grep -q '^State:.{state}' /proc/$p/status; do :; done
tckpt -w $p {kind} && kill -9 $p"""


def compiled(t):
    program = t.file("asleep")
    t.host(MUSL_CC, "-g", SOURCE, "-o", program)
    return program


def saved(t, agent, kind):
    """The image of the program, on the host."""
    if kind == "self":
        t.sh(agent, "/root/asleep self self >out 2>&1 </dev/null", cwd="/root", name=kind)
    else:
        state = "R" if kind == "compute" else "S"
        t.sh(agent, SAVE.format(kind=kind, state=state), cwd="/root", name=kind)
    image = t.file(kind + "_ckpt")
    with open(image, "wb") as f:
        f.write(agent.get(f"/root/{kind}_ckpt"))
    return image


def gdb(t, program, image, *commands):
    words = [word for command in commands for word in ("-ex", command)]
    return t.host(t.tool("gdb"), "-q", "-nx", "-batch", program, image, *words, status=None)


def shows_the_program(t, text, kind):
    """main and its arguments, the function that called, and the variable of the one between."""
    function = "ckpt" if kind == "self" else "in_" + kind
    t.contains(text, rf"^#\d+ .*\b{function} \(")
    t.contains(text, r"^#\d+ .*\brest \(kind=0x[0-9a-f]+ <kinds")
    t.contains(text, rf"^#\d+ .*\bmain \(argc={3 if kind == 'self' else 2}, argv=0x[0-9a-f]+\)")
    t.contains(text, rf"^\$1 = {1000 + len(kind)}$")
    t.contains(text, rf'^\$2 = 0x[0-9a-f]+ "{kind}"$')
    t.check("??" not in text, f"{kind}: a frame without a function:\n{text}")


@scenario("gdb/images")
def images(t):
    "bt, and print of a variable, for each way to be asleep."
    program = compiled(t)
    m, agent = t.boot(t.disk())
    with open(program, "rb") as f:
        agent.put("/root/asleep", f.read(), 0o755)
    kinds = t.sh(agent, "/root/asleep -k").split()
    t.check(len(kinds) >= 15, f"kinds: {kinds}")
    for kind in kinds:
        text = gdb(t, program, saved(t, agent, kind), "bt", "frame function rest", "print local", "print kind->name")
        shows_the_program(t, text, kind)
        if kind == "qsort":
            t.contains(text, r"(?s)\bcompare \(.*\bqsort \(.*\bin_qsort \(")
        if kind == "handler":
            t.contains(text, r"(?s)\bon_signal \(sig=10\).*<signal handler called>.*\bin_handler \(")
    text = gdb(t, program, t.file("threads_ckpt"), "thread apply all bt")
    for name in ("pthread_cond_wait", "read", "poll", "sleep"):
        t.contains(text, rf"^#\d+ .*\bin_{name} \(\)[^\n]*\n#\d+ .*\bworker \(arg=0x[0-9a-f]+ <calls")
    t.contains(text, r"\bmain \(argc=2")
    t.check("??" not in text, f"a frame without a function:\n{text}")
    t.finish(m, agent)


def contents(t, archive):
    """What an archive's objects bring into a program: code, data and relocations, by object and section."""
    text = t.host(PREFIX + "objdump", "-s", "-r", archive)
    out, name, skip = [], None, False
    for line in text.splitlines():
        if m := re.match(r"(\S+):     file format", line):
            name = m.group(1)
        elif m := re.match(r"(?:Contents of section (.*):|RELOCATION RECORDS FOR \[(.*)\]:)$", line):
            section = m.group(1) or m.group(2)
            # The nop before __restore.
            skip = section == ".debug_frame" or (name, section) == ("restore.lo", ".text")
            if not skip:
                out.append((name, line))
        elif not skip and line and not line.startswith(("In archive", "OFFSET")):
            out.append((name, line))
    return out


@scenario("gdb/library")
def library(t):
    "tools/addcfi changes no code, no data and no relocation; nearly all functions have call-frame information."
    before = os.path.join(MUSL, "debian", "libc.a")
    after = os.path.join(MUSL, "usr", "lib", "i386-linux-musl", "libc.a")
    old, new = contents(t, before), contents(t, after)
    t.check(len(old) > 10000, f"{len(old)} lines of contents")
    different = [pair for pair in zip(old, new) if pair[0] != pair[1]][:5]
    t.check(len(old) == len(new) and not different, f"changed: {different}")
    code = t.host(PREFIX + "objdump", "-d", "--no-show-raw-insn", after)
    code = " ".join(code[code.index("\nrestore.lo:"):].split("file format")[1].split())
    t.contains(code, r">: 0: nop 0+1 <__restore>: 1: pop %eax 2: mov \$0x77,%eax 7: int \$0x80 "
               r"0+9 <__restore_rt>: 9: mov \$0xad,%eax e: int \$0x80")
    text = t.host(os.path.join(paths.ROOT, "tools", "addcfi"), "-v", PREFIX, before, t.file("again.a"))
    m = re.search(r"^(\d+) functions have call-frame information, (\d+) have none$", text, re.M)
    t.check(m and int(m.group(1)) > 2700 and int(m.group(2)) < 20, text)
    with open(after, "rb") as f, open(t.file("again.a"), "rb") as g:
        t.check(f.read() == g.read(), "made again, the library is another one")
