# SPDX-License-Identifier: MIT
"""Does the harness notice? Kernels and programs that go wrong on purpose must get exactly the verdict they deserve."""
from types import SimpleNamespace

from harness import program, runner
from harness.scenario import Failure, scenario
from harness.verdict import ERROR, FAIL, HANG, LEAK, PANIC, PASS, TIMEOUT, TRIPLE, Result

# kind on the kernel's command line, verdict, words that the report must contain
KERNELS = [
    ("panic", PANIC, r"panic: canary: expected 1, found 2"),
    ("verify", PANIC, r"do_verify"),
    ("null", PANIC, r"do_null"),
    ("selflock", PANIC, r"do_selflock"),
    ("triplefault", TRIPLE, r""),
    ("useafterfree", PANIC, r"(?i)after free"),
    ("doublefree", PANIC, r"(?i)free"),
    ("lockorder", PANIC, r"do_lockorder"),
    ("sleepspin", PANIC, r"do_sleepspin|canary"),
    ("sleepintr", PANIC, r"may sleep, called with interrupts off"),
    # What a header states of its caller, not kept.
    ("spinheld", PANIC, r"expected spin_held\(&pidlock\)"),
    ("rankheld", PANIC, r"expected spin_rank_held\(LR_PROC\)"),
    ("mutexheld", PANIC, r"expected mutex_held\(&vp->v_lock\)"),
    ("readheld", PANIC, r"expected rw_any_held\(&as->a_lock\)"),
    ("writeheld", PANIC, r"expected rw_write_held\(&as->a_lock\)"),
    ("solereference", PANIC, r"expected mutex_held\(&vp->v_lock\) \|\| vp->v_ref <= 1"),
    ("introff", PANIC, r"expected intr_off\(\)"),
    ("held", PANIC, r"expected p->p_holder == curlwp\(\)"),
    ("hidden", PANIC, r"reveal\.c:\d+: expected p->p_flags & "),
    ("stack", PANIC, r"(?i)stack|recurse"),
    ("ubsan", PANIC, r"do_ubsan"),
    ("message", FAIL, r"BUG: canary"),
    ("leak", LEAK, r"kmalloc"),
    ("pageleak", LEAK, r"(?i)frames"),
]


class Watch:
    """A runner for a batch inside a scenario: its options, and nothing reported."""
    keep, hang, extra, patience = False, (6.0, 6.0), [], 1

    def __init__(self, append, oracle):
        self.append, self.oracle = append, oracle


def verdict_of(t, tests, append):
    """The results of a batch in a machine of its own."""
    batch = program.Batch(tests, t.smp)
    results = list(batch.run(Watch(append, t.runner.oracle)))
    t.cpu += batch.ended
    return results


def expect(result, verdict, words, t):
    if result.verdict != verdict:
        raise Failure(f"expected the verdict {verdict}, found {result.verdict}: {result.detail}")
    if words:
        t.contains(result.detail, words)


def canary(how, kind="", **options):
    """The name tells logs apart: canaries run side by side."""
    return program.Program(f"prog/canary-{kind}{how}", argv=["canary", how], **options)


def one_kernel(kind, verdict, words):
    @scenario(f"canary/{kind}")
    def run(t):
        test = canary("timeout", kind + "-", limit=1000) if verdict in (PANIC, TRIPLE) else canary("nap", kind + "-")
        behind = program.Program(f"prog/behind-{kind}", argv=["pipe", "simple"])
        results = verdict_of(t, [test, behind], f"canary={kind}")
        expect(results[0], verdict, words, t)
        # What leaks goes on leaking; after the others the next test has a machine of its own.
        if verdict in (PANIC, TRIPLE):
            expect(results[1], PASS, "", t)


for row in KERNELS:
    one_kernel(*row)


@scenario("canary/faultleak")
def fault_leak(t):
    "A failure on request that leaves something behind is found by the program that goes through them."
    disk = t.disk()
    m, agent = t.boot(disk, append="canary=faultleak")
    t.run(agent, "/tests/canary", "nap", status=None)
    text = t.run(agent, "/tests/ckptfault", "tckpt", "alloc", "/root", "30", "1", "31", status=1)
    t.contains(text, r"^FAIL alloc 30 .*leaked: kmem.kmalloc-\d+ \+1$")
    t.contains(text, r"^FAIL alloc 31 .*leaked:")
    t.finish(m, agent, disk)


@scenario("canary/hang")
def hang(t):
    "One CPU keeps a lock for ever, the others spin for it."
    results = verdict_of(t, [canary("timeout", "hang-", limit=1000)], "canary=hang")
    expect(results[0], HANG, r"CPU \d: ", t)


@scenario("canary/stuck")
def stuck(t):
    "Everybody waits for what never comes: all CPUs idle."
    results = verdict_of(t, [canary("timeout", "stuck-", limit=1), canary("none", "stuck-")], "canary=stuck")
    t.check(results[0].verdict in (TIMEOUT, HANG), f"expected a timeout or a hang, found {results[0].verdict}")
    if results[0].verdict == TIMEOUT:
        expect(results[1], HANG, r"idle|CPU", t)


@scenario("canary/programs", oracle=True)
def programs(t):
    "Programs that go wrong, in a kernel that is right; all in one boot."
    wanted = [("fail", FAIL, "exit 3"), ("segv", FAIL, "signal 11"), ("differ", FAIL, "on Linux"),
              ("timeout", TIMEOUT, "no end"), ("orphan", LEAK, "1 processes"), ("none", PASS, "")]
    if not t.runner.oracle:
        wanted = [w for w in wanted if w[0] != "differ"]
    tests = [canary(how, limit=2) for how, _, _ in wanted]
    results = verdict_of(t, tests, "")
    for result, (_, verdict, words) in zip(results, wanted):
        expect(result, verdict, words, t)
    expect(results[-1], PASS, "", t)    # the orderly end of that machine


@scenario("canary/harness")
def harness(t):
    "A mistake of the harness itself in one test: it is reported, and the others of its batch still get their verdicts."
    tests = [canary("none", "first-", oracle=False), program.Program("prog/canary-noscript", script="no-such-script.sh"),
             canary("none", "last-", oracle=False)]
    results = verdict_of(t, tests, "")
    t.equal("tests with a verdict", [r.name for r in results[:-1]], [x.name for x in tests])
    expect(results[0], PASS, "", t)
    expect(results[1], ERROR, r"FileNotFoundError.*no-such-script", t)
    expect(results[2], PASS, "", t)


class Dies:
    """A batch that ends after its first test, with an exception or without."""

    def __init__(self, names, error=None):
        self.tests = [SimpleNamespace(name=n) for n in names]
        self.error = error

    def run(self, _runner):
        yield Result(self.tests[0].name, PASS)
        if self.error:
            raise self.error


@scenario("canary/lost")
def lost(t):
    "A batch dies, or forgets a test: no test is missing from the results."
    options = SimpleNamespace(smp=None, append="", keep=False, oracle="none", hang=None, jobs=2, on_host=False, state=[],
                              icount=False, full=False)
    report = SimpleNamespace(results=[], plan=lambda names, jobs: None)
    report.add = report.results.append
    r = runner.Runner(options, report)
    r.items = lambda _tests: [Dies(["a", "b", "c"], KeyError("canary")), Dies(["d", "e"]), Dies(["f"], SystemExit())]
    r.run([])
    r.items = lambda _tests: [Dies(["g"])]
    r.run([])
    t.equal("verdicts", sorted((x.name, x.verdict) for x in report.results),
            [(n, ERROR if n in "bce" else PASS) for n in "abcdefg"])
    t.contains("\n".join(x.detail for x in report.results if x.name == "b"), "KeyError: 'canary'")
