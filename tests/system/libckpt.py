# SPDX-License-Identifier: MIT
"""The user-level library beside the kernel: what each can save, and the programs that take the method as an option."""
import re

from harness.scenario import Failure, scenario

# Programs and states that the library refuses, and what it says of each (tests/programs/lctarget.c, lcthreads.c).
LIMITS = [
    ("lctarget pending", r"signal 10 is pending"),
    ("lctarget pipe", r"is a pipe$"),
    ("lctarget timer", r"an interval timer runs$"),
    ("lctarget shared", r"is mapped shared$"),
    ("lctarget unlinked", r"its file has no name any more"),
    ("lctarget lock", r"its lock would be lost"),
    ("lctarget child", r"it has children"),
    ("lcthreads running", r"it has 2 threads"),
]
METHODS = ["none", "library", "library-forked", "kernel", "kernel-forked"]
RESULT = r"^result (\w+)$"
# Runs a program with its output in a file; what it printed, and its exit status.
FILED = "mkdir -p /root/w; cd /root/w; {} >out 2>&1 </dev/null; s=$?; cat out; exit $s"


@scenario("libckpt/limits", smp=(1, 2))
def limits(t):
    "Each state that the library refuses is saved and brought back by the kernel; so is a program that nobody has linked with the library."
    disk = t.disk()
    m, agent = t.boot(disk)
    for command, says in LIMITS:
        out = agent.sh(FILED.format("/tests/" + command), name=command)
        text = out.output.decode()
        t.equal(f"{command}: images of the library", t.sh(agent, "ls /root/w | grep -c ckpt.1; exit 0").strip(), "0")
        t.contains(text, r"(?m)^libckpt: not saved: .*" + says)
        t.contains(agent.sh(FILED.format("/tests/" + command + " kernel"), name=command + " kernel").output.decode(), r"^saved$")
        t.run(agent, "/bin/recover", "k", cwd="/root/w", name="recover " + command)
        t.contains(t.sh(agent, "cat /root/w/out"), r"^recovered$")
        t.sh(agent, "rm -rf /root/w")
    # No library in it, no source: =recover means nothing to it.
    t.check(agent.sh("busybox =recover 2>&1").status != 0, "busybox knows =recover")
    t.sh(agent, "mkdir /root/w; cd /root/w; sleep 1000 >out 2>&1 </dev/null & p=$!; until grep -qx sleep /proc/$p/comm; do :; done;"
                "tckpt -w $p asleep; kill $p; wait $p; recover -b asleep; killall sleep")
    t.finish(m, agent, disk)


@scenario("libckpt/methods", smp=(1, 2))
def methods(t):
    "mat and cellular: the result is the same by each method, whose ten checkpoints are told with figures."
    disk = t.disk()
    m, agent = t.boot(disk)
    for command in ("mat 120", "cellular 128 40"):
        results = set()
        for method in METHODS:
            text = t.sh(agent, FILED.format(f"{command} -m {method}"), name=f"{command} {method}")
            results.add(t.contains(text, RESULT).group(1))
            t.contains(text, r"^time \d+$")
            t.check(" %" not in text, f"progress without being asked for:\n{text}")
            figures = re.findall(r"^checkpoint \d+ at \d+ stopped (\d+) durable (\d+) bytes (\d+) copied \d+$", text, re.M)
            t.equal(f"checkpoints of {method}", len(figures), 0 if method == "none" else 10)
            t.check(all(0 < int(stop) and 0 < int(durable) and int(size) > 4096 for stop, durable, size in figures), text)
        t.equal(f"results of {command}", len(results), 1)
        t.contains(t.sh(agent, FILED.format(f"{command} -m none -p")), r"^ 50 %$")
    # A method that fails is told, and does no harm.
    for method in ("library", "kernel"):
        out = agent.sh(FILED.format(f"mat 60 -k 1 -m {method} -c /absent/x"))
        t.equal(f"{method}: status", out.status >> 8, 1)
        t.contains(out.output.decode(), r"No such file or directory$")
        t.contains(out.output.decode(), RESULT)
    t.finish(m, agent, disk)


@scenario("libckpt/power-cut")
def power_cut(t):
    "The power goes in the middle of a run under the library; in the next boot the program brings itself back, and its result is right."
    disk = t.disk()
    m, agent = t.boot(disk)
    plain = t.contains(t.run(agent, "/bin/mat", "-n", "300"), RESULT).group(1)
    for rc, method in (("", "library"), ("incremental on", "library"), ("incremental on", "library-forked")):
        script = (f"mkdir -p /root/w; cd /root/w; rm -f mat.ckpt.*; echo {rc} >.ckptrc; : >out; sync; mat -p -n 300 -m {method} >>out 2>&1 </dev/null &"
                  " until grep -q '^checkpoint 4 at' out; do sleep 0.02; done; echo four; wait")
        agent.begin(["/bin/busybox", "sh", "-c", script], limit=1000)
        while b"four" not in agent.output:
            t.check(agent.event()[0] != "exit", f"it ended: {agent.output}")
        t.cut(m)
        m, agent = t.boot(disk)
        text = t.sh(agent, "cd /root/w; mat =recover 2>&1", limit=300)
        t.contains(text, r"^recovered: I go on at \d\d %$")
        t.equal(f"result after the power cut, {method} {rc}", t.contains(text, RESULT).group(1), plain)
    t.finish(m, agent, disk)


__all__ = ["Failure"]
