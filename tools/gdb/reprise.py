# SPDX-License-Identifier: MIT
"""Commands for gdb on a running kernel (tools/debug loads them; they read the kernel's own structures).

  ps                 processes
  lwps [PID]         threads: state, what they wait for, where they stand
  lwpbt TID          backtrace of any thread, also one that does not run
  as PID             the address space: its segments
  pagetable PID ADDR what the page tables say about an address
  fds PID            open files
  klog [LINES]       the kernel's log
  cpus               what each CPU does
"""
import gdb

KSTACK_SIZE = 8192
KERNEL_BASE = 0xc0000000
PAGE = 4096
STATES = {0: "new", 1: "runnable", 2: "running", 3: "sleeping", 4: "dead"}


def value(text):
    return gdb.parse_and_eval(text)


def string(v, limit=256):
    """A C string, "" for a null pointer or one that cannot be read."""
    try:
        if v.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and int(v) == 0:
            return ""
        return v.string("latin-1", length=-1)[:limit].split("\0")[0]
    except gdb.error:
        return "?"


def elements(head, type_name, member):
    """The structures on a list. Stops after 100000: a list that never ends is a bug of its own."""
    struct = gdb.lookup_type("struct " + type_name)
    offset = [f for f in struct.fields() if f.name == member][0].bitpos // 8
    end, node = int(head.address), head["next"]
    for _ in range(100000):
        if int(node) in (0, end):
            return
        yield gdb.Value(int(node) - offset).cast(struct.pointer()).dereference()
        node = node.dereference()["next"]


def processes():
    return list(elements(value("allproc"), "proc", "p_all"))


def find_process(text):
    pid = int(text, 0)
    for p in processes() + [value("proc0")]:
        if int(p["p_pid"]) == pid:
            return p
    raise gdb.GdbError(f"no process {pid}")


def threads(p):
    return elements(p["p_lwps"], "lwp", "l_plink")


def all_threads():
    seen = set()
    for p in processes() + [value("proc0")]:
        if int(p.address) not in seen:
            seen.add(int(p.address))
            for lwp in threads(p):
                yield p, lwp


def where(addr):
    """function+offset (file:line) of an address of the kernel."""
    block = gdb.execute(f"info symbol {addr:#x}", to_string=True).split(" in section")[0].strip()
    line = gdb.find_pc_line(addr)
    place = f" ({line.symtab.filename}:{line.line})" if line.symtab else ""
    return block.replace(" + ", "+") + place


def word(addr):
    return int(gdb.Value(addr).cast(gdb.lookup_type("unsigned int").pointer()).dereference())


def frames(ebp, low, high):
    """Return addresses along the frame pointers of one kernel stack."""
    for _ in range(64):
        if not low <= ebp < high - 8:
            return
        yield word(ebp + 4)
        up = word(ebp)
        if up <= ebp:
            return
        ebp = up


def running():
    """{address of lwp: (eip, ebp, cpu)} of the threads that stand on a CPU, in the kernel or not."""
    found, chosen = {}, gdb.selected_thread()
    for t in gdb.selected_inferior().threads():
        t.switch()
        esp, eip, ebp = (int(value(f"(unsigned)${r}")) for r in ("esp", "eip", "ebp"))
        cpu = t.num - 1
        if eip >= KERNEL_BASE and esp >= KERNEL_BASE:
            found[word(esp & ~(KSTACK_SIZE - 1))] = (eip, ebp, cpu)
        else:
            # In user mode the kernel stack is the one that the TSS names: esp0 lies at its end.
            tss = int(value(f"(unsigned)cpus[{cpu}].c_tss"))
            if tss:
                found[word((word(tss + 4) - 1) & ~(KSTACK_SIZE - 1))] = (eip, ebp, cpu)
    if chosen:
        chosen.switch()
    return found


def stack_of(lwp, live):
    """Addresses of the calls that a thread stands in, innermost first."""
    low = int(lwp["l_kstack"])
    high = low + KSTACK_SIZE
    if int(lwp.address) in live:
        eip, ebp, _ = live[int(lwp.address)]
        return [eip] + (list(frames(ebp, low, high)) if eip >= KERNEL_BASE else [])
    ksp = int(lwp["l_ksp"])
    if not low <= ksp < high - 20:
        return []
    # What lwp_switch has saved: edi, esi, ebx, ebp, return address.
    return [word(ksp + 16)] + list(frames(word(ksp + 12), low, high))


class Command(gdb.Command):
    """Registers a function as a gdb command; its docstring is the help."""

    def __init__(self, fn, name):
        self.__doc__ = fn.__doc__
        self.fn = fn
        super().__init__(name, gdb.COMMAND_USER)

    def invoke(self, text, _from_tty):
        try:
            self.fn(*gdb.string_to_argv(text))
        except (TypeError, ValueError) as e:
            raise gdb.GdbError(f"{self.fn.__doc__}\n({e})") from None


def command(fn):
    Command(fn, fn.__name__)
    return fn


@command
def ps():
    "ps: the processes."
    print("  PID  PPID  PGID   SID LWPS FLAGS   STATE   NAME")
    for p in sorted(processes(), key=lambda p: int(p["p_pid"])):
        state = str(p["p_stat"]).replace("PS_", "").lower()
        parent = int(p["p_parent"]["p_pid"]) if int(p["p_parent"]) else 0
        print(f"{int(p['p_pid']):5} {parent:5} {int(p['p_pgid']):5} {int(p['p_sid']):5} {int(p['p_nlwp']):4} "
              f"{int(p['p_flags']):06x}  {state:7} {string(p['p_comm'])}")


@command
def lwps(pid=None):
    "lwps [PID]: the threads of all processes or one, and where they stand."
    live = running()
    only = find_process(pid) if pid else None
    print("  TID   PID CPU PRI STATE     WAITS FOR     NAME             AT")
    for p, lwp in all_threads():
        if only is not None and int(p.address) != int(only.address):
            continue
        calls = stack_of(lwp, live)
        # The first call that is not the machinery of sleeping says more.
        at = next((where(c) for c in calls if not where(c).startswith(("lwp_switch", "swtch", "sleep"))), "")
        cpu = live[int(lwp.address)][2] if int(lwp.address) in live else "-"
        name = string(lwp["l_name"]) or string(p["p_comm"])
        print(f"{int(lwp['l_tid']):5} {int(p['p_pid']):5} {cpu!s:>3} {int(lwp['l_pri']):3} "
              f"{STATES.get(int(lwp['l_state']), '?'):9} {string(lwp['l_wmesg']):13} {name:16} {at}")


@command
def lwpbt(tid):
    "lwpbt TID: backtrace of a thread in the kernel, whether it runs or not. TID may be an address of a struct lwp."
    live, n = running(), int(tid, 0)
    for _, lwp in all_threads():
        if n in (int(lwp["l_tid"]), int(lwp.address)) and (n or int(lwp.address) not in live):
            for i, addr in enumerate(stack_of(lwp, live)):
                print(f"#{i:<2} {addr:08x} {where(addr)}")
            if int(lwp["l_tf"]):
                tf = lwp["l_tf"].dereference()
                print(f"    from user mode at eip {int(tf['tf_eip']):08x} esp {int(tf['tf_esp']):08x} "
                      f"eax {int(tf['tf_eax']):08x} trap {int(tf['tf_trapno'])}")
            return
    raise gdb.GdbError(f"no thread {tid}")


def protection(prot):
    return "".join(c if prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))


def show_as(pid):
    "as PID: the segments of a process's address space."
    p = find_process(pid)
    if not int(p["p_as"]):
        raise gdb.GdbError("it has no address space")
    space = p["p_as"].dereference()
    print(f"as {int(space.address):#x}: {int(space['a_nseg'])} segments, {int(space['a_size']) // 1024} KiB, "
          f"{int(space['a_hat']['h_resident'])} pages present, brk {int(space['a_brk_start']):#x}-{int(space['a_brk']):#x}")
    for s in elements(space["a_segs"], "seg", "s_link"):
        flags = int(s["s_flags"])
        kind = "shared" if flags & 1 else "private"
        note = " stack" if flags & 2 else " brk" if flags & 4 else ""
        backing = f" vnode {int(s['s_vp']):#x} + {int(s['s_off']):#x}" if int(s["s_vp"]) else " anonymous"
        base = int(s["s_base"])
        print(f"  {base:08x}-{base + int(s['s_size']):08x} {protection(int(s['s_prot']))} {kind}{note}{backing}")


Command(show_as, "as")


@command
def pagetable(pid, address):
    "pagetable PID ADDR: the translation of an address."
    p, addr = find_process(pid), int(value(address))
    pde = word(int(p["p_as"]["a_hat"]["h_pgdir"]) + (addr >> 22) * 4)
    if not pde & 1:
        print(f"directory entry {pde:08x}: no page table")
        return
    pte = word((pde & 0xfffff000) + KERNEL_BASE + (addr >> 12 & 1023) * 4)
    bits = [n for b, n in ((1, "present"), (2, "writable"), (4, "user"), (0x20, "accessed"), (0x40, "dirty"), (0x200, "PROT_NONE"))
            if pte & b]
    print(f"directory entry {pde:08x}, entry {pte:08x}: frame {pte >> 12:#x} {' '.join(bits)}")
    if pte & 0x201:
        page = value(f"pages[{pte >> 12}]")
        print(f"struct page {int(page.address):#x}: {int(page['pg_ref'])} references, flags {int(page['pg_flags']):#x}, "
              f"vnode {int(page['pg_vnode']):#x} index {int(page['pg_index'])}")


@command
def fds(pid):
    "fds PID: open files."
    p = find_process(pid)
    table = p["p_fdtab"]
    if not int(table):
        raise gdb.GdbError("it has no files")
    print(" FD REFS FLAGS   OFFSET TYPE  PATH")
    for fd in range(int(table["ft_size"])):
        f = table["ft_file"][fd]
        if not int(f):
            continue
        kind = str(f["f_vnode"]["v_type"]).lower() if int(f["f_vnode"]) else "?"
        print(f"{fd:3} {int(f['f_ref']):4} {int(f['f_flags']):5o} {int(f['f_offset']):8} {kind:5} {string(f['f_path'])}")


@command
def klog(lines="40"):
    "klog [LINES]: the end of the kernel's log."
    ring, end = value("ring"), int(value("ring_end"))
    size = ring.type.sizeof
    data = gdb.selected_inferior().read_memory(int(ring.address), size).tobytes()
    text = data[:end] if end <= size else data[end % size:] + data[:end % size]
    print("\n".join(text.decode("latin-1").splitlines()[-int(lines):]))


@command
def cpus():
    "cpus: what each CPU does."
    live = {v[2]: (k, v) for k, v in running().items()}
    for i in range(int(value("ncpu"))):
        if i not in live:
            print(f"CPU {i}: ?")
            continue
        address, (eip, _, _) = live[i]
        lwp = gdb.Value(address).cast(gdb.lookup_type("struct lwp").pointer())
        cpu = value(f"cpus[{i}]")
        held = [string(cpu["c_held"][n]["sl_name"]) for n in range(int(cpu["c_nheld"]))]
        place = where(eip) if eip >= KERNEL_BASE else f"user mode, eip {eip:#x}"
        name = string(lwp["l_name"]) or string(lwp["l_proc"]["p_comm"])
        print(f"CPU {i}: lwp {int(lwp['l_tid'])} ({name}), {place}" + (f", holds {', '.join(held)}" if held else ""))


print("Kernel commands: " + ", ".join(line.split()[0] for line in __doc__.splitlines() if line.startswith("  ")))
