# SPDX-License-Identifier: MIT
"""The checkpoint commands, and the checkpoint key at the console."""
import re

from harness.scenario import Failure, scenario

KEY = "\x1d"
RESULT = r"^result (\w+)$"


def start(c, command, said):
    """Types a command and waits until it has the terminal and has said something: a key sent before that would be the shell's."""
    c.send(command + "\r")
    c.expect(re.escape(command) + "\r*\n")
    c.expect(said)


def typed(c, line):
    """Types a line to a cat, and waits until that has copied it."""
    c.send(line + "\r")
    c.expect(rf"{line}\r*\n{line}\r*\n")


def press(t, c):
    """Presses the key; the name of the image that is reported."""
    c.send(KEY)
    c.expect(r"\[(\S+)_ckpt: saved, \d+ KiB\]\r*\n")
    return c.match.group(1).decode()


def press_forked(t, c):
    """The same while it goes on: the image may be ready before or after the job's end. The image, and the job's result."""
    c.send(KEY)
    found = {}
    while len(found) < 2:
        i = c.expect([r"\[(\S+)_ckpt: saved, \d+ KiB\]\r*\n", r"\nresult (\w+)\r*\n"])
        found[i] = c.match.group(1).decode()
    c.send("echo sy''nc\r")
    c.expect("sync\r*\n")
    t.prompt(c)
    return found[0], found[1]


@scenario("console/ckpt-key", smp=(1, 2))
def key(t):
    "The checkpoint key: set and shown; saves the foreground job, which notices nothing, and not the shell; what it saved comes back."
    disk = t.disk()
    c = t.console(disk)
    t.prompt(c)
    t.equal("the key at first", t.type(c, "cd /root; ckptkey"), "off\n")
    t.equal("setting it", t.type(c, "ckptkey ^]; ckptkey"), "^]\n")
    plain = t.contains(t.type(c, "mat -n 320"), RESULT).group(1)
    start(c, "mat -n 320", "30 %")
    image = press(t, c)
    t.contains(image, r"^mat\.\d+$")
    t.equal("result of the saved one", t.contains(t.prompt(c), RESULT).group(1), plain)
    text = t.type(c, f"recover {image}")
    t.check(" 10 %" not in text, f"it began anew:\n{text}")
    t.equal("result of the recovered one", t.contains(text, RESULT).group(1), plain)
    t.contains(t.type(c, "dmesg | tail -3"), rf"ckpt: /root/{image}_ckpt: saved, \d+ bytes")
    # At the prompt it saves nothing, and what is typed stays.
    c.send("echo o" + KEY + "ne\r")
    t.contains(t.prompt(c), r"^one$")
    t.equal("images", t.type(c, "ls *_ckpt | wc -l").strip(), "1")
    # A line that is being typed is shown again and arrives whole; the read that waits for it sees nothing.
    start(c, "cat", "")
    typed(c, "here")
    c.send("ab")
    c.expect("ab")
    image = press(t, c)
    c.expect("ab")
    c.send("cd\r")
    c.expect("cd\r*\nabcd\r*\n")
    c.send("\x04")
    t.prompt(c)
    start(c, f"recover {image}", "")
    typed(c, "again")
    c.send("\x04")
    t.prompt(c)
    # Forked; and a pipeline, as one tree.
    t.equal("forked", t.type(c, "ckptkey -f ^]; ckptkey"), "^] forked\n")
    for command, name in (("mat -n 320", "mat"), ("(mat -n 320 | cat)", "(sh|busybox)")):
        start(c, command, "30 %")
        image, result = press_forked(t, c)
        t.contains(image, rf"^{name}\.\d+$")
        t.equal("result of the saved one", result, plain)
        t.equal("result of the recovered one", t.contains(t.type(c, f"recover {image}"), RESULT).group(1), plain)
    # A pipeline that the shell itself has made is one job: its parts are the shell's children, and come back as children of recover.
    t.equal("at once", t.type(c, "ckptkey ^]; ckptkey"), "^]\n")
    start(c, "mat -n 320 | sh -c 'cat; exit 3'", "30 %")
    image = press(t, c)
    t.contains(image, r"^mat\.\d+$")
    t.equal("result of the saved one", t.contains(t.prompt(c), RESULT).group(1), plain)
    start(c, f"recover {image}", r"\d+ %")
    c.send("\x1a")
    t.contains(t.prompt(c), r"Stopped.* recover")
    t.equal("stopped", t.type(c, "ps -o stat,args | grep -c '^T.* mat -n\\|^T.*exit 3\\|^T.* cat$'").strip(), "3")
    t.equal("result of the recovered one", t.contains(t.type(c, "fg"), RESULT).group(1), plain)
    t.equal("status", t.type(c, "echo $?"), "3\n")
    t.equal("nobody left", t.type(c, "ps -o args | grep -c '^mat -n'").strip(), "0")
    # What came back under other ids is saved again, without the one that waits for it: and comes back from that.
    start(c, f"recover -n {image}", r"\d+ %")
    second = press(t, c)
    t.equal("result of the second life", t.contains(t.prompt(c), RESULT).group(1), plain)
    t.check(second != image, f"{second} is the image of the first")
    t.equal("result of the third life", t.contains(t.type(c, f"recover {second}"), RESULT).group(1), plain)
    # A program that runs with other rights than those of who types, or has had them.
    t.equal("the superuser's", t.type(c, "mkdir u; chmod 755 . u; cp /bin/busybox u; chmod 4755 u/busybox; cd /tmp"), "")
    start(c, "su -s /bin/sh nobody -c '/root/u/busybox cat'", "")
    typed(c, "reads")
    c.send(KEY)
    c.expect(r"\[busybox\.\d+_ckpt: not saved: not permitted\]\r*\n")
    c.send("\x04")
    t.prompt(c)
    # Where it cannot write.
    start(c, "cd /proc; mat -n 320", "30 %")
    c.send(KEY)
    c.expect(r"\[mat\.\d+_ckpt: not saved: [^\]]+\]\r*\n")
    t.equal("result all the same", t.contains(t.prompt(c), RESULT).group(1), plain)
    t.equal("off", t.type(c, "ckptkey off; ckptkey"), "off\n")
    c.send("poweroff\r")
    t.equal("QEMU's exit status after poweroff", t.await_end(c), 0)
    t.fsck(disk)


# What each says about a wrong command line, or about something that is not there: (argv, exit status, what it says).
WRONG = [
    (["tckpt", "--help"], 0, r"^usage: tckpt "),
    (["tckpt"], 2, r"\Atckpt: .*needed; try tckpt --help\n\Z"),
    (["tckpt", "-z", "1", "a"], 2, r"\Atckpt: there is no option -z; try tckpt --help\n\Z"),
    (["tckpt", "-fz", "1", "a"], 2, r"\Atckpt: there is no option -z; try tckpt --help\n\Z"),
    (["tckpt", "1", "--foo", "a"], 2, r"\Atckpt: there is no option --foo; try tckpt --help\n\Z"),
    (["tckpt", "--help=x"], 2, r"\Atckpt: --help takes no argument; try tckpt --help\n\Z"),
    (["ckptrun", "-i"], 126, r"\Ackptrun: -i needs an argument; try ckptrun --help\n\Z"),
    (["ckptrun", "--interval"], 126, r"\Ackptrun: --interval needs an argument; try ckptrun --help\n\Z"),
    (["tckpt", "7x", "a"], 2, r"'7x' is no process id"),
    (["tckpt", "99999999999", "a"], 2, r"is no process id"),
    (["tckpt", "-w", "30000", "a"], 1, r"^tckpt: process 30000: there is no such process"),
    (["tckpt", "1", "a"], 1, r"process 1: it is another user's, .*or process 1$"),
    (["recover", "--help"], 0, r"^usage: recover "),
    (["recover"], 126, r"one name is needed"),
    (["recover", "a", "b"], 126, r"one name is needed"),
    (["recover", "absent"], 125, r"^recover: absent_ckpt: No such file"),
    (["recover", "junk"], 125, r"^recover: junk_ckpt: this is no checkpoint image$"),
    (["recover", "junk_ckpt"], 125, r"^recover: junk_ckpt: this is no"),
    (["recover", "damaged"], 125, r"^recover: damaged_ckpt: the image is damaged; `dmesg"),
    (["recover", "."], 125, r"^recover: \._ckpt: No such file"),
    (["ckptrun", "--help"], 0, r"^usage: ckptrun "),
    (["ckptrun", "a", "--"], 126, r"a name and a command are needed"),
    (["ckptrun", "-i", "0", "a", "--", "true"], 126, r"'0' is no number of seconds"),
    (["ckptrun", "-i", "nan", "a", "--", "true"], 126, r"'nan' is no number"),
    (["ckptrun", "-n", "-1", "a", "--", "true"], 126, r"'-1' is no count"),
    (["ckptrun", "a", "--", "/absent"], 127, r"^ckptrun: /absent: No such file"),
    (["ckptrun", "a", "--", "sh", "-c", "exit 7"], 7, r"\A\Z"),
    (["ckptrun", "a", "sh", "-c", "kill -9 $$"], 137, r"\A\Z"),
    (["ckptinfo", "--help"], 0, r"^usage: ckptinfo "),
    (["ckptinfo"], 2, r"one name is needed"),
    (["ckptinfo", "-t", "a"], 2, r"-t, -j, -s and -S go with --can"),
    (["ckptinfo", "--can", "-v", "1"], 2, r"-v is about an image"),
    (["ckptinfo", "--can", "x"], 2, r"'x' is no process id"),
    (["ckptinfo", "absent"], 2, r"^absent_ckpt: No such file"),
    (["ckptinfo", "junk"], 1, r"^junk_ckpt: is too short"),
    (["ckptinfo", "damaged"], 1, r"^damaged_ckpt: is damaged: wrong sum of its metadata"),
    (["ckptkey", "--help"], 0, r"^usage: ckptkey "),
    (["mat", "20", "30"], 2, r"\Amat: expected one size, found 30 as well; try mat --help\n\Z"),
    (["strace", "--help"], 0, r"^usage: strace "),
    (["strace"], 2, r"\Astrace: a command is needed; try strace --help\n\Z"),
    (["strace", "-p"], 2, r"\Astrace: -p needs an argument; try strace --help\n\Z"),
    (["strace", "-p", "x"], 2, r"\Astrace: 'x' is no process id\n\Z"),
    (["strace", "-p", "1", "ls"], 2, r"\Astrace: expected a command or -p, found both; try strace --help\n\Z"),
    (["strace", "absent"], 127, r"\Astrace: absent: No such file or directory\n\Z"),
    (["mat", "3x"], 2, r"^mat: '3x' is no count"),
    (["mat", "9999"], 2, r"^mat: size: expected 1 to 4096, found 9999; try mat --help$"),
    (["mat", "-k", "x", "20"], 2, r"^mat: 'x' is no count"),
    (["mat", "--help"], 0, r"^usage: mat "),
    (["mat", "20"], 0, r"^matrix product, 20 x 20$"),
    (["cellular", "2"], 2, r"^cellular: size: expected 3 to 8192, found 2; try cellular --help$"),
    (["cellular", "20", "5", "6"], 2, r"^cellular: expected a size and a number of generations, found 6 as well; try cellular --help$"),
    (["cellular", "--help"], 0, r"^usage: cellular "),
    (["cellular", "20", "5"], 0, r"^cellular automaton, 20 x 20, 5 generations$"),
    (["cellular", "-m", "best"], 2, r"\Acellular: there is no method 'best'; try cellular --help\n\Z"),
    (["ckptkey", "abc"], 2, r"'abc' is no character"),
    (["ckptkey", "-f"], 2, r"one character is needed"),
    (["ckptkey", "^]"], 1, r"^ckptkey: standard input: (Not a tty|Inappropriate ioctl)"),
]


def background(script):
    """A shell script in which `start` runs what follows in the background, with its output in the file out; $p is its process id."""
    # `runs NAME`: the last one started has become that program, with its descriptors as it will have them.
    return ('runs() { until grep -qx "$1" /proc/$p/comm; do :; done; }; start() { "$@" >out 2>&1 </dev/null & p=$!; runs "$1"; }; cd /root; '
            + script)


@scenario("ckpt/commands")
def commands(t):
    "Wrong usage, help, exit statuses, messages; what ckptinfo shows of an image; how often ckptrun saves."
    disk = t.disk()
    m, agent = t.boot(disk)
    t.sh(agent, background("echo junk >junk_ckpt; start sleep 100; sleep 0.1; tckpt -w $p damaged; kill $p;"
                           "printf X | dd of=damaged_ckpt bs=1 seek=1500 conv=notrunc 2>/dev/null"))
    for argv, status, says in WRONG:
        t.contains(t.run(agent, "/bin/" + argv[0] if argv[0] != "sh" else argv[0], *argv[1:], cwd="/root", status=status,
                         name=" ".join(argv)), says)
    t.equal("images left by that", t.sh(agent, "ls /root/*_ckpt"), "/root/damaged_ckpt\n/root/junk_ckpt\n")

    text = t.sh(agent, background("start mat -n 400; while ! grep -q '20 %' out; do sleep 0.02; done; tckpt -w $p mid || exit 9;"
                                  "kill -9 $p; ckptinfo mid; echo status $?; ckptinfo -v mid_ckpt | tail -n +6"))
    t.contains(text, r"^stopped [\d.]+ [mu]?s, on the disk after [\d.]+ m?s, \d+ pages, \d+ KiB$")
    for line in (r"^process +\d+ \(mat\)", r"^command +mat -n 400$", r"^program +/bin/mat$", r"^directory /root$",
                 r"/root/out$", r"\[stack\]$", r"^status 0$", r"^runs +address"):
        t.contains(text, line)
    t.contains(t.run(agent, "/bin/recover", "-b", "mid", cwd="/root"), r"\A\d+\n\Z")

    text = t.sh(agent, background("ckptrun -v -i 0.1 -n 2 twice -- mat -n 400 >out 2>&1 </dev/null; echo status $?; cat out"))
    t.contains(text, r"^status 0$")
    t.equal("checkpoints", re.findall(r"^ckptrun: checkpoint (\d) after [\d.]+ s: stopped .* KiB$", text, re.M), ["1", "2"])
    t.contains(text, r"^ckptrun: 2 checkpoints in [\d.]+ s$")
    # A reason that stays is said once; SIGTERM goes on to the program.
    text = t.sh(agent, background("ckptrun -i 0.1 /absent/x -- sleep 2 >out 2>&1 </dev/null; echo status $?; cat out;"
                                  "ckptrun -i 0.1 term -- sleep 100 >out 2>&1 </dev/null & p=$!; while ! [ -e term_ckpt ]; do sleep 0.05;"
                                  "done; kill $p; wait $p; echo status $?"))
    t.equal("reasons", len(re.findall(r"^ckptrun: checkpoint 1: the directory for the image is not there$", text, re.M)), 1)
    t.contains(text, r"(?s)status 0\n.*status 143$")
    t.finish(m, agent, disk)



@scenario("ckpt/ways-to-recover")
def ways(t):
    "recover: in the background, stopped, under a new pid, with the caller's output, although a file has changed; its messages."
    disk = t.disk()
    m, agent = t.boot(disk)
    plain = t.contains(t.run(agent, "/bin/mat", "-n", "300"), RESULT).group(1)
    old = t.sh(agent, background("start mat -n 300; while ! grep -q '20 %' out; do sleep 0.02; done; tckpt -w $p m >&2 || exit 9;"
                                 "kill -9 $p; wait $p 2>/dev/null; echo $p >&2; echo $p > old; cat old"))
    old = t.contains(old, r"^(\d+)$").group(1)

    text = t.sh(agent, background("recover -s m >said & r=$!; while ! [ -s said ]; do sleep 0.02; done; read q <said; echo pid $q;"
                                  "cut -d' ' -f3 /proc/$q/stat; kill -CONT $q; wait $r; echo status $?; tail -1 out"))
    t.equal("recovered stopped, then continued", text, f"pid {old}\nT\nstatus 0\nresult {plain}\n")
    text = t.sh(agent, background("recover -b -s m >said; read q <said; echo pid $q; cut -d' ' -f3 /proc/$q/stat; kill -9 $q"))
    t.equal("stopped in the background", text, f"pid {old}\nT\n")
    text = t.sh(agent, background("recover -b -n m >a; recover -b m >b; read a <a; read b <b; echo $a $b; kill -9 $a $b"))
    a, b = text.split()
    t.check(a != old, "it took its old pid in spite of -n")
    t.equal("without -n", b, old)
    text = t.sh(agent, background("recover -i m >elsewhere; echo status $?; tail -1 elsewhere; tail -1 out"))
    t.contains(text, rf"^status 0\nresult {plain}\n")
    # What is done to the command is handed on; stopped, the program cannot end before that.
    text = t.sh(agent, background("rm said; recover -s m >said & r=$!; while ! [ -s said ]; do sleep 0.02; done; read q <said;"
                                  "kill $r; kill -CONT $q; wait $r; echo status $?; ps | grep -c '[m]at -n'; true"))
    t.equal("SIGTERM", text, "status 143\n0\n")
    # Files that it needs.
    t.sh(agent, background("echo data >data; sleep 1 >out 2>&1 <data & p=$!; runs sleep; tckpt -w $p dep || exit 9; kill -9 $p"))
    t.run(agent, "/bin/recover", "dep", cwd="/root")
    t.sh(agent, "echo more >>/root/data")
    t.contains(t.run(agent, "/bin/recover", "dep", cwd="/root", status=125),
               r"^recover: dep_ckpt: a file that it needs has changed; .*-c takes it")
    t.contains(t.sh(agent, "dmesg | grep ckpt: | tail -1"), r"/root/data")
    t.run(agent, "/bin/recover", "-c", "dep", cwd="/root")
    # Another program under the name is never taken; a copy of the same one is.
    t.sh(agent, background("cp -p /bin/busybox keep; cp -p keep busyboxes; ./busyboxes sleep 1 >out 2>&1 <data & p=$!; runs busyboxes; tckpt -w $p exe || exit 9;"
                           "kill -9 $p; rm busyboxes; cp /bin/mat busyboxes"))
    for flags in ([], ["-c"]):
        t.contains(t.run(agent, "/bin/recover", *flags, "exe", cwd="/root", status=125),
                   r"^recover: exe_ckpt: a file that it needs has changed; .*if it is not a program$")
        t.contains(t.sh(agent, "dmesg | grep ckpt: | tail -1"), r"/root/busyboxes is another (file|program)$")
    t.sh(agent, "cd /root; rm busyboxes; cp keep busyboxes; touch busyboxes")
    t.run(agent, "/bin/recover", "-c", "exe", cwd="/root", status=125)
    t.sh(agent, "cd /root; rm busyboxes; cp -p keep busyboxes")
    t.run(agent, "/bin/recover", "exe", cwd="/root", status=125)
    t.run(agent, "/bin/recover", "-c", "exe", cwd="/root")
    t.sh(agent, "rm /root/data")
    t.contains(t.run(agent, "/bin/recover", "-c", "dep", cwd="/root", status=125),
               r"^recover: dep_ckpt: a file that it needs is not there any more")
    t.contains(t.sh(agent, "dmesg | grep ckpt: | tail -1"), r"/root/data")
    t.finish(m, agent, disk)


@scenario("console/recovered-job")
def job(t):
    "A recovered job has the terminal: what is typed, ^Z, fg, bg, ^C; recover -s is a stopped job."
    disk = t.disk()
    c = t.console(disk)
    t.prompt(c)
    t.type(c, "cd /root; ckptkey ^]")
    start(c, "cat", "")
    typed(c, "zero")
    image = press(t, c)
    c.send("\x04")
    t.prompt(c)
    start(c, f"recover {image}", "")
    typed(c, "one")
    c.send("\x1a")
    t.contains(t.prompt(c), r"Stopped.* recover")
    t.equal("states", t.type(c, f"ps -o stat,args | grep -c '^T.*{image[:3]}'").strip(), "2")
    start(c, "fg", "recover")
    typed(c, "two")
    c.send("\x1a")
    t.prompt(c)
    # In the background it stops when it wants to read.
    t.type(c, "bg")
    t.type(c, "while [ $(ps -o stat,args | grep -c '^T.*cat') != 2 ]; do sleep 0.1; done")
    t.contains(t.type(c, "jobs"), r"Stopped.* recover")
    start(c, "fg", "recover")
    typed(c, "three")
    c.send("\x03")
    t.prompt(c)
    t.equal("status after ^C", t.type(c, "echo $?"), "130\n")
    t.contains(t.type(c, f"recover -s {image}"), r"(?s)^\d+$.*Stopped.* recover")
    start(c, "fg", "recover")
    typed(c, "four")
    c.send("\x04")
    t.prompt(c)
    start(c, f"recover -T {image}", "")
    typed(c, "five")
    c.send("\x04")
    t.prompt(c)
    # In the background: not the terminal's.
    t.contains(t.type(c, f"recover -b {image}"), r"^\d+$")
    t.equal("the shell's terminal", t.type(c, "echo mine"), "mine\n")
    t.type(c, "kill -9 $(pidof cat)")
    # In the background it is not for it to change the terminal's modes.
    start(c, "sh -c 'stty -icanon; exec cat'", "")
    typed(c, "five")
    image = press(t, c)
    c.send("\x03")
    t.prompt(c)
    t.type(c, "stty icanon")
    pid = t.contains(t.type(c, f"recover -b {image}"), r"^\d+$").group(0)
    t.equal("modes", t.type(c, "stty -a 2>/dev/null | grep -o '[-]*icanon'"), "icanon\n")
    t.type(c, f"kill -9 {pid}")
    c.send("poweroff\r")
    t.equal("QEMU's exit status after poweroff", t.await_end(c), 0)
    t.fsck(disk)



# How a recovery is started at the prompt, other than by itself; each is one job of the shell.
CALLERS = {"a script": "sh by-script.sh", "a shell in a shell": "sh -c 'recover {image}; echo after'", "another program": "time recover {image}",
           "a pipeline": "true | recover {image}", "ckptrun": "ckptrun -i 1000 other -- recover {image}"}


@scenario("console/recovered-by", smp=(1, 2), limit=600)
def recovered_by(t):
    "A job that a script or another program brings back: one ^Z stops all, fg continues all, ^C ends all."
    disk = t.disk()
    c = t.console(disk)
    t.prompt(c)
    t.type(c, "cd /root; ckptkey ^]")
    start(c, "cat", "")
    typed(c, "zero")
    image = press(t, c)
    c.send("\x04")
    t.prompt(c)
    t.type(c, f"echo 'recover {image}; echo after' >by-script.sh")
    for who, command in CALLERS.items():
        command = command.format(image=image)
        start(c, command, "")
        typed(c, "one")
        for word in ("two", "three"):
            c.send("\x1a")
            t.contains(t.prompt(c), r"Stopped")
            t.equal(f"{who}: what runs while it is stopped", t.type(c, f"ps -o stat,args | grep -v grep | grep -c '^R.*{image[:3]}\\|^S.*{image[:3]}'").strip(), "0")
            start(c, "fg", "recover|by-script")
            typed(c, word)
        # In the background it stops when it wants to read.
        c.send("\x1a")
        t.prompt(c)
        t.type(c, "bg")
        t.type(c, "while ! jobs | grep -q Stopped; do sleep 0.1; done")
        start(c, "fg", "recover|by-script")
        typed(c, "four")
        c.send("\x03")
        text = t.prompt(c)
        t.check("after" not in text, f"{who}: it went on after ^C: {text}")
        t.equal(f"{who}: left", t.type(c, f"ps -o args | grep -v grep | grep -c '{image[:3]}'").strip(), "0")
    # In the background of a script: the terminal stays the script's.
    t.type(c, f"echo 'recover {image} & sleep 0.5; read x; echo got $x; kill $!; kill -CONT $!; wait' >by-script.sh")
    start(c, "sh by-script.sh", "")
    c.send("five\r")
    c.expect("got five\r*\n")
    t.prompt(c)
    # A session of its own: ^C reaches it through the command that waits for it.
    t.type(c, "setsid sh -c 'echo $$ >pid; exec sleep 1000' >/dev/null 2>&1 </dev/null & sleep 0.5; tckpt -w $(cat pid) apart; kill $(cat pid); wait")
    start(c, "recover apart", "")
    c.send("\x03")
    t.prompt(c)
    c.send("poweroff\r")
    t.equal("QEMU's exit status after poweroff", t.await_end(c), 0)
    t.fsck(disk)


__all__ = ["Failure"]
