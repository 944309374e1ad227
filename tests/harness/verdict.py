# SPDX-License-Identifier: MIT
"""What a test can end in, and what that usually means."""
from dataclasses import dataclass, field

PASS = "pass"
FAIL = "fail"
PANIC = "panic"
TRIPLE = "triple fault"
HANG = "hang"
TIMEOUT = "timeout"
LEAK = "leak"
ERROR = "harness error"
SKIP = "skip"

MEANING = {
    PASS: "",
    FAIL: "it ran to its end, and something it checked was not so: the lines below say what",
    PANIC: "the kernel found itself wrong and stopped; the backtrace below names the place",
    TRIPLE: "the CPU could not even deliver an exception: look at the IDT, the GDT, the kernel stack and the"
            " page directory that were in use last",
    HANG: "the whole machine stopped making progress: a deadlock, a lost wakeup, or a loop with interrupts off;"
          " the places where the CPUs stand are below",
    TIMEOUT: "the machine is alive, but this program did not end in its time: usually a wakeup that it never got",
    LEAK: "it passed, and each time it runs more kernel objects stay behind: look for the error path or the exit"
          " path that forgets a release",
    ERROR: "the test could not be carried out; this says nothing about the kernel",
    SKIP: "",
}


class Failure(Exception):
    """A check of a test did not hold."""

    def __init__(self, text, verdict=FAIL):
        super().__init__(text)
        self.verdict = verdict


class Skip(Exception):
    """The test cannot be run here, with the reason."""


class MachineEnd(Exception):
    """The machine ended or stood still while something was expected from it."""

    def __init__(self, verdict, detail):
        super().__init__(detail)
        self.verdict = verdict
        self.detail = detail


@dataclass
class Result:
    name: str
    verdict: str
    detail: str = ""
    seconds: float = 0.0
    cpu: float = 0.0            # seconds of processor time that its machines or its program took
    logs: list = field(default_factory=list)
    again: list = None          # names to run again, if not just this one
    round: int = 0              # of several runs of one test
    rerun: str = ""             # the command that runs it alone

    @property
    def good(self):
        return self.verdict in (PASS, SKIP)
