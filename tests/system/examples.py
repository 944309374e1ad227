# SPDX-License-Identifier: MIT
"""The examples of user/examples, and the first program of README and ckpt(2), do what their comments say."""
import os
import re

from harness import paths
from harness.scenario import scenario

WHERE = "/usr/share/examples"
FREESTANDING = r"""
#include <reprise/ckpt.h>

static void say(const char *text, int length)
{
	reprise_call(4, 1, (long)text, length); /* write */
}

void _start(void)
{
	if (ckpt("mine", 1u << 31) != -22) /* EINVAL */
		say("no error\n", 9);
	switch (ckpt("mine", 0)) {
	case 0: say("saved\n", 6); break;
	case 1: say("I am back\n", 10); break;
	}
	reprise_call(1, 0, 0, 0); /* exit */
}
"""
MUSL_CC = os.path.join(paths.BUILD, "user", "musl-cc")


def first_program(t, page, start, end):
    """The C program that a page shows."""
    with open(os.path.join(paths.ROOT, page)) as f:
        text = f.read()
    m = re.search(start + r"\n(.*?)\n" + end, text, re.S | re.M)
    t.check(m, f"{page}: no program found")
    return re.sub(r"^    ", "", m.group(1), flags=re.M).replace("\\e", "\\")


@scenario("examples/first")
def first(t):
    "The program in README and in ckpt(2), compiled as they say, by the compiler for musl and by another one with the header alone."
    readme = first_program(t, "README.md", r"^```c$", r"^```$")
    t.equal("the two programs", first_program(t, "docs/ckpt.2", r"^\.Bd -literal$", r"^\.Ed$"), readme)
    with open(t.file("prog.c"), "w") as f:
        f.write(readme + "\n")
    t.equal("the compiler", t.host(MUSL_CC, t.file("prog.c"), "-o", t.file("prog")), "")
    with open(t.file("other.c"), "w") as f:
        f.write(FREESTANDING)
    include = os.path.join(paths.ROOT, "kernel", "abi", "public")
    t.equal("another compiler", t.host("i686-linux-gnu-gcc", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-Wall",
                                       "-I", include, t.file("other.c"), "-o", t.file("other")), "")
    m, agent = t.boot(t.disk())
    for name in ("prog", "other"):
        with open(t.file(name), "rb") as f:
            agent.put(f"/root/{name}", f.read(), 0o755)
        t.sh(agent, f"./{name} >log 2>&1 </dev/null", cwd="/root")
        t.contains(t.sh(agent, "cat log", cwd="/root"), r"\Asaved\n\Z")
        t.sh(agent, "recover mine", cwd="/root")
        t.contains(t.sh(agent, "cat log", cwd="/root"), r"^I am back$")
    t.finish(m, agent)


@scenario("examples/selfsave")
def selfsave(t):
    "A loop that saves itself ends in the middle, then the power is cut; it goes on where it was."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, f"{WHERE}/selfsave 10 >>log 2>&1 </dev/null", cwd="/root", status=1)
    t.equal("before", t.sh(agent, "cat log; sync", cwd="/root").splitlines(), [f"step {i}" for i in range(1, 5)] + ["step 5: a crash"])
    t.cut(m)
    m, agent = t.boot(disk)
    t.run(agent, "/bin/recover", "counter", cwd="/root")
    lines = t.sh(agent, "cat log", cwd="/root").splitlines()
    t.equal("after", lines[5:], ["I am back, after step 4"] + [f"step {i}" for i in range(5, 11)] + ["done"])
    t.finish(m, agent)


@scenario("examples/supervise")
def supervise(t):
    "A program that is killed is brought back, and again; SIGTERM ends it and its supervisor."
    m, agent = t.boot(t.disk())
    t.sh(agent, f"""{WHERE}/supervise /bin/sleep 100000 >log 2>&1 </dev/null & s=$!
until grep -q 'saved .* 1$' log; do :; done
for n in 1 2; do
	kill -9 $(pidof sleep)
	until [ $(grep -c 'brought back' log) = $n ]; do :; done
done
kill $(pidof sleep); wait $s""", cwd="/root", limit=200)
    text = t.sh(agent, "cat log", cwd="/root")
    t.equal("recoveries", len(re.findall(r"^killed by signal 9: brought back as \d+$", text, re.M)), 2)
    t.contains(text, r"\nended\n\Z")
    t.finish(m, agent)


@scenario("examples/durable")
def durable(t):
    "What was said to be durable is there after a power cut; later work is not."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, f"{WHERE}/durable >>log 2>&1 </dev/null", cwd="/root")
    t.contains(t.sh(agent, "cat log; sync log", cwd="/root"),
               r"\Aworking on: balance 123\ndurable: \d+ pages, \d+ bytes\nstood still for \d+ us, durable after \d+ us\n\Z")
    t.cut(m)
    m, agent = t.boot(disk)
    t.run(agent, "/bin/recover", "balance", cwd="/root")
    t.contains(t.sh(agent, "cat log", cwd="/root"), r"\nI am back: balance 100\n\Z")
    t.finish(m, agent)


@scenario("examples/parent")
def parent(t):
    "A parent brings its child back and gets its exit status."
    m, agent = t.boot(t.disk())
    t.sh(agent, f"{WHERE}/parent >log 2>&1 </dev/null", cwd="/root")
    t.equal("printed", t.sh(agent, "cat log", cwd="/root").splitlines(),
            ["child: killed by signal 11", "child: I am back, with 42", "recovered child: exit status 42"])
    t.finish(m, agent)
