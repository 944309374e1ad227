# SPDX-License-Identifier: MIT
"""Checkpoints of whole trees: a process with its descendants, and what is between them."""
from harness.scenario import scenario

# Begins in /root with nothing on its standard descriptors that ends elsewhere; ready when the file "ready" is there.
START = ("cd /root; rm -f ready go out; {{ {body}; }} >out 2>&1 </dev/null & p=$!; "
         "while ! [ -e ready ]; do sleep 0.02; done; ")
TAKE = "tckpt -t -w {flags} $p tree || exit 9; "


def run_tree(t, body, want, flags="", go=True, smp_cut=True):
    """The tree of `body` is saved when it is ready, goes on, and is brought back from the image after a power cut: the same end."""
    disk = t.disk()
    m, agent = t.boot(disk)
    text = t.sh(agent, START.format(body=body) + TAKE.format(flags=flags) + (": >go; " if go else "") + "wait $p; cat out",
                limit=120)
    t.contains(text, want)
    t.sh(agent, "cd /root; rm -f go; : >out; sync")
    t.cut(m)
    m, agent = t.boot(disk)
    t.sh(agent, "cd /root; recover -b tree >pid || exit 9; " + (": >go; " if go else "") +
         "while kill -0 $(cat pid) 2>/dev/null; do sleep 0.05; done", limit=120)
    t.contains(t.sh(agent, "cat /root/out"), want)
    t.finish(m, agent, disk)


WAIT = "while ! [ -e go ]; do sleep 0.02; done"


@scenario("tree/pipeline", smp=(1, 2))
def pipeline(t):
    "A shell's pipeline, with bytes in its pipes, some not yet read: no byte is lost or doubled."
    run_tree(t, f"{{ i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); [ $i = 150 ] && {{ : >ready; {WAIT}; }}; done; }} "
                "| cat | sort -n -k2 | uniq | wc -l", r"^300$")


@scenario("tree/forked")
def forked(t):
    "The same, forked: the pipeline goes on while it is being written."
    run_tree(t, f"{{ i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); [ $i = 150 ] && {{ : >ready; {WAIT}; }}; done; }} "
                "| cat | sort -n -k2 | uniq | wc -l", r"^300$", flags="-f")


@scenario("tree/wait")
def wait(t):
    "A shell that waits for its children gets their exit codes; a zombie is kept until it is waited for."
    run_tree(t, f"sh -c 'exit 3' & a=$!; sh -c '{WAIT}; exit 7' & b=$!; sleep 0.2; : >ready; {WAIT}; wait $a; echo a $?; wait $b; echo b $?",
             r"(?s)^a 3.*^b 7$")


@scenario("tree/exec-image")
def exec_image(t):
    "An image is run like a program: the shell's child becomes what it holds, under its own pid."
    disk = t.disk()
    m, agent = t.boot(disk)
    plain = t.contains(t.run(agent, "/bin/mat", "-n", "160"), r"^result (\w+)$").group(1)
    t.sh(agent, "cd /root; mat -n 160 -c half -k 1 >out 2>&1 </dev/null; chmod u+x half_ckpt")
    t.contains(t.sh(agent, "cd /root; ./half_ckpt & p=$!; wait $p; echo status $?"), r"^status 0$")
    t.equal("result", t.contains(t.sh(agent, "tail -n 1 /root/out"), r"^result (\w+)$").group(1), plain)
    t.contains(t.sh(agent, "cd /root; cp half_ckpt bad_ckpt; printf x | dd of=bad_ckpt bs=1 seek=900 conv=notrunc 2>/dev/null; "
                           "./bad_ckpt; echo status $?"), r"^status 12[67]$")
    t.finish(m, agent, disk)


@scenario("tree/self-contained")
def self_contained(t):
    "CKPT_SELF: the image comes back where neither the program nor the files that it read or wrote are."
    disk, other = t.disk(), t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, "mkdir /root/home; cp /bin/busybox /root/home/busybox; seq 1000 >/root/home/numbers")
    t.sh(agent, "cd /root/home; ./busybox sh -c 'read a; read b; : >ready; while ! [ -e /root/go ]; do sleep 0.05; done; "
                "echo sum $((a+b)); while read n; do s=$((s+n)); done; echo rest $s' <numbers >out 2>&1 & "
                "p=$!; while ! [ -e ready ]; do sleep 0.02; done; tckpt -t -S -w $p /root/all || exit 9; : >/root/go; wait $p; cat out")
    plain = t.sh(agent, "cat /root/home/out")
    t.contains(plain, r"(?s)sum 3.*rest 500497")
    t.finish(m, agent, disk)
    # Only the image goes to the other disk.
    image, commands = t.file("all_ckpt"), t.file("commands")
    t.host(t.tool("debugfs"), "-R", f"dump /root/all_ckpt {image}", disk)
    with open(commands, "w", encoding="ascii") as f:
        f.write(f"cd root\nwrite {image} all_ckpt\nsif all_ckpt uid 0\nsif all_ckpt mode 0100600\n")
    t.host(t.tool("debugfs"), "-w", "-f", commands, other)
    m, agent = t.boot(other)
    t.sh(agent, "cd /root; mkdir home; : >go; recover all")
    t.equal("its output", t.sh(agent, "cat /root/home/out"), plain)
    t.finish(m, agent, other)


@scenario("tree/can")
def can(t):
    "ckptinfo --can: every obstacle of a running process, without stopping it; nothing is left behind."
    disk = t.disk()
    m, agent = t.boot(disk)
    runs = "until grep -qx sleep /proc/$p/comm; do :; done; "
    start = "cd /root; sleep 100 >out 2>&1 </dev/null & p=$!; " + runs
    t.contains(t.sh(agent, start + "ckptinfo --can $p; echo $?; kill $p"), r"(?s)can be saved.*^0$")
    # What a restart of the machine takes away is no obstacle, and is said.
    start = "cd /root; sleep 100 >/tmp/out 2>&1 </dev/null & p=$!; " + runs
    text = t.sh(agent, start + "ckptinfo --can $p; echo $?; ckptinfo --can -S $p; tckpt -w $p x 2>&1; tckpt -w -S $p /tmp/x 2>&1; kill $p")
    t.contains(text, r"(?s)can be saved\n[^\n]*/tmp/out lies in memory[^\n]*-S[^\n]*\n0\n.*can be saved\n[^\n]*/tmp/out lies in memory[^\n]*\n.*"
                     r"/tmp/x_ckpt lies in memory")
    start = "cd /root; cat /dev/zero | sleep 100 >out 2>&1 & p=$!; " + runs
    t.contains(t.sh(agent, start + "ckptinfo --can $p; echo $?; kill $p"), r"(?s)an end in another process.*^1$")
    start = "cd /root; { sleep 100 & sleep 99; } >out 2>&1 </dev/null & p=$!; " + runs
    text = t.sh(agent, start + "ckptinfo --can $p; echo $?; ckptinfo --can -t $p; echo $?; killall sleep; wait")
    t.contains(text, r"(?s)its child, process \d+, would be missing.*^1$.*can be saved.*^0$")
    t.finish(m, agent, disk)


# The ordinary test programs, and at every how many-th call they are saved and brought back in place; the second number is of the whole
# campaign. Where it is large, thousands of processes are made.
EVERY = {"fork": (11, 5), "exec": (11, 1), "badelf": (11, 5), "session": (0, 997), "pty": (11, 1), "ptyjob": (11, 1), "signal": (11, 5),
         "sigfault": (11, 1), "timer": (11, 3), "fpu": (11, 3), "thread": (11, 3), "futex": (11, 1), "race": (0, 11),
         "limits": (11, 11), "mmap": (61, 11), "mmapfile": (61, 11), "file": (11, 1), "dir": (11, 2), "meta": (11, 1),
         "perm": (11, 3), "lock": (11, 1), "pipe": (11, 11), "procfs": (11, 1), "badptr": (0, 61)}


def every_call(name, which, smp=(2,), full=False):
    @scenario(name, smp=smp, limit=3600, full=full)
    def run(t):
        "The ordinary test programs pass while they are saved and brought back in place again and again."
        disk = t.disk()
        m, agent = t.boot(disk)
        for program, numbers in EVERY.items():
            if numbers[which]:
                t.run(agent, "/tests/every", str(numbers[which]), "/tests/" + program, cwd="/root/" + program, fresh=True, limit=900)
        t.finish(m, agent, disk)


every_call("ckpt/every-call", 0)
every_call("full/every-call", 1, smp=(1, 2, 4), full=True)


# A member of the family has 24 MiB, of which the children have changed little; the machine has less than five times that.
LARGE, SMALL = 24 << 20, 104
# What is free when no cache holds anything. The family begins in an empty directory.
COW = """
cd /root/cow
free() { sync; echo drop >/proc/reprise/control; sed -n 's/^frames.free *//p' /proc/reprise/counts; }
await() { while ! [ -s $1 ] || ! grep -q "$2" $1; do kill -0 $p || exit 8; sleep 0.05; done; }
"""


def cow_family(t, flags, cut):
    """A family that shares its memory copy-on-write: the image has it once, and so have the processes that come back from it."""
    disk = t.disk()
    m, agent = t.boot(disk, mem=SMALL)
    text = t.sh(agent, "mkdir /root/cow;" + COW +
                "echo a $(free); /tests/st-cow large >out 2>&1 </dev/null & p=$!; await out ready; echo b $(free); "
                f"tckpt -t -w {flags} $p one || exit 9; killall -9 st-cow; wait; sync; echo size $(stat -c %s one_ckpt)", limit=300)
    before, while_there = (int(t.contains(text, rf"^{k} (\d+)$").group(1)) for k in "ab")
    size = int(t.contains(text, r"^size (\d+)$").group(1))
    t.check(LARGE < size < LARGE * 5 // 4, f"the image of {LARGE} bytes and little more has {size}")
    if cut:
        t.cut(m)
        m, agent = t.boot(disk, mem=SMALL)
    text = t.sh(agent, COW + "echo a $(free); recover -b one >pid || exit 9; p=$(cat pid); echo b $(free); "
                "tckpt -t -w $p two || exit 9; : >go; while kill -0 $p 2>/dev/null; do sleep 0.05; done; cat out; "
                "echo size $(stat -c %s two_ckpt)", limit=300)
    after, back = (int(t.contains(text, rf"^{k} (\d+)$").group(1)) for k in "ab")
    t.contains(text, r"^ok$")
    t.equal("the size of its next image", int(t.contains(text, r"^size (\d+)$").group(1)), size)
    used, again = before - while_there, after - back
    t.check(abs(again - used) < used // 20, f"the family had {used} frames, and has {again}")
    t.finish(m, agent, disk)


@scenario("tree/common-pages", smp=(1, 2))
def common_pages(t):
    "Pages that a family shares are in the image once, and shared again; in a machine that has not room for all of them apart."
    cow_family(t, "", cut=True)


@scenario("tree/common-pages-forked")
def common_pages_forked(t):
    "The same, forked, and brought back where it ran."
    cow_family(t, "-f", cut=False)
