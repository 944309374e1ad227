/* SPDX-License-Identifier: MIT */
/*
 * Traps: faults, interrupts and the return to user mode.
 *
 * A fault of a program becomes a signal with Linux's code. A fault of the
 * kernel is either listed in the exception table, or a panic.
 * Source: linux-libc-dev asm-generic/siginfo.h for the siginfo codes; Intel SDM
 *   vol. 3, 6.15 for the faults.
 */
#include "kernel/trap.h"
#include "kernel/dev/clock.h"
#include "kernel/dev/irq.h"
#include "kernel/gdt.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/holds.h"
#include "kernel/lib/jitter.h"
#include "kernel/lib/ksym.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"
#include "kernel/oom.h"
#include "kernel/panic.h"
#include "kernel/syscall.h"
#include "mm/fault.h"
#include "mm/hat.h"
#include "mm/kstack.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/sched/sched.h"
#include "proc/signal.h"

/* si_code values. */
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2

static const char *const trap_names[] = {
	[T_DIVIDE] = "divide error",
	[T_DEBUG] = "debug exception",
	[T_NMI] = "NMI",
	[T_BREAK] = "breakpoint",
	[T_OVERFLOW] = "overflow",
	[T_BOUND] = "bound range exceeded",
	[T_ILLOP] = "invalid opcode",
	[T_NODEV] = "FPU not available",
	[T_DBLFLT] = "double fault",
	[T_TSS] = "invalid TSS",
	[T_SEGNP] = "segment not present",
	[T_STACK] = "stack segment fault",
	[T_GPFLT] = "general protection fault",
	[T_PGFLT] = "page fault",
	[T_FPERR] = "x87 error",
	[T_ALIGN] = "alignment check",
	[T_SIMDERR] = "SSE error",
};

static const char *trap_name(u32 no)
{
	return no < ARRAY_SIZE(trap_names) && trap_names[no] ? trap_names[no] : "unknown trap";
}

/*
 * Which of the exceptions is raised and not masked? Both status words have the
 * same bits.
 */
static int fpe_code(u32 raised)
{
	static const struct {
		u32 bits;
		int code;
	} table[] = { { 0x01, FPE_FLTINV },
		      { 0x04, FPE_FLTDIV },
		      { 0x08, FPE_FLTOVF },
		      { 0x12, FPE_FLTUND },
		      { 0x20, FPE_FLTRES } };

	for (u32 i = 0; i < ARRAY_SIZE(table); i++)
		if (raised & table[i].bits)
			return table[i].code;
	return 0;
}

/* Interrupts off: the registers are still those of the fault. */
static int x87_code(void)
{
	u16 status, control;

	ASSERT(intr_off());
	__asm__ volatile("fnstsw %0\n\tfnstcw %1" : "=m"(status), "=m"(control));
	return fpe_code(status & ~control & 0x3fu);
}

static int sse_code(void)
{
	u32 mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fpe_code(mxcsr & ~(mxcsr >> 7) & 0x3fu);
}

static void kernel_fault(struct trapframe *tf, const char *why) __noreturn;
static void kernel_fault(struct trapframe *tf, const char *why)
{
	static const u8 ud2[2] = { 0x0f, 0x0b };
	const u8 *insn = (const u8 *)tf->tf_eip;
	u32 off = 0;
	const char *name = ksym_name(tf->tf_eip, &off);

	if (tf->tf_trapno == T_ILLOP && name && insn[0] == ud2[0] && insn[1] == ud2[1])
		panic_trap(tf, "undefined behaviour or BUG at %s+0x%x", name, off);
	panic_trap(tf, "%s in the kernel%s", trap_name(tf->tf_trapno), why);
}

static void page_fault_user(struct trapframe *tf, u32 addr, enum fault_result result)
{
	curlwp()->l_cr2 = addr;
	switch (result) {
	case FAULT_SEGV_MAPERR: signal_fault(K_SIGSEGV, SEGV_MAPERR, addr); break;
	case FAULT_SEGV_ACCERR: signal_fault(K_SIGSEGV, SEGV_ACCERR, addr); break;
	case FAULT_BUS: signal_fault(K_SIGBUS, BUS_ADRERR, addr); break;
	default: kernel_fault(tf, ": a fault of user mode that mm calls the kernel's");
	}
}

static void page_fault(struct trapframe *tf)
{
	u32 addr = x86_cr2(), err = tf->tf_err;
	enum fault_result result;

	curcpu()->c_npgfault++;
	if (tf->tf_eflags & EFLAGS_IF)
		x86_sti();
	result = pagefault(tf, addr, err);
	if (result == FAULT_OOM)
		result = oom_fault(tf, addr, err);
	x86_cli();
	if (result == FAULT_DONE || result == FAULT_FIXUP)
		return;
	if (!tf_from_user(tf))
		panic_trap(tf, "page fault in the kernel: %s of address %08x (%s)",
			   err & 16  ? "execution"
			   : err & 2 ? "write"
				     : "read",
			   addr, err & 1 ? "not allowed" : "not mapped");
	x86_sti();
	page_fault_user(tf, addr, result);
}

/* Exceptions of user mode other than page faults. Interrupts off on entry. */
static void user_exception(struct trapframe *tf)
{
	u32 eip = tf->tf_eip;
	int code;

	ASSERT(intr_off());
	switch (tf->tf_trapno) {
	case T_DIVIDE:
		x86_sti();
		signal_fault(K_SIGFPE, FPE_INTDIV, eip);
		break;
	case T_DEBUG:
		x86_sti();
		signal_fault(K_SIGTRAP, TRAP_TRACE, eip);
		break;
	case T_BREAK:
		x86_sti();
		signal_fault(K_SIGTRAP, K_SI_KERNEL, 0);
		break;
	case T_ILLOP:
		x86_sti();
		signal_fault(K_SIGILL, ILL_ILLOPN, eip);
		break;
	case T_FPERR:
		code = x87_code();
		x86_sti();
		signal_fault(K_SIGFPE, code, eip);
		break;
	case T_SIMDERR:
		code = sse_code();
		x86_sti();
		signal_fault(K_SIGFPE, code, eip);
		break;
	case T_ALIGN:
		x86_sti();
		signal_fault(K_SIGBUS, BUS_ADRALN, 0);
		break;
	case T_SEGNP:
	case T_STACK:
		x86_sti();
		signal_fault(K_SIGBUS, K_SI_KERNEL, 0);
		break;
	default: /* #GP and kin; into; bound */
		x86_sti();
		signal_fault(K_SIGSEGV, K_SI_KERNEL, 0);
		break;
	}
}

static void kernel_exception(struct trapframe *tf)
{
	if (tf->tf_trapno == T_DEBUG) {
		/* a program single-stepped into the kernel */
		tf->tf_eflags &= ~EFLAGS_TF;
		return;
	}
	if (ex_table_fixup(tf))
		return;
	kernel_fault(tf, "");
}

static void exception(struct trapframe *tf)
{
	switch (tf->tf_trapno) {
	case T_PGFLT: page_fault(tf); break;
	case T_NMI:
		if (panic_active())
			panic_stopped(tf);
		/*
		 * From QEMU's monitor, to see where a machine hangs; or a
		 * hardware error.
		 */
		panic_trap(tf, "NMI on cpu %u", curcpu()->c_id);
	default:
		if (tf_from_user(tf))
			user_exception(tf);
		else
			kernel_exception(tf);
	}
}

static void interrupt(struct trapframe *tf)
{
	struct cpu *c = curcpu();
	u32 since = (u32)clock_cycles();

	c->c_nintr++;
	c->c_in_intr = true;
	jitter();
	switch (tf->tf_trapno) {
	case T_LAPIC_TIMER:
		lapic_eoi();
		clock_intr();
		break;
	case T_IPI_RESCHED:
		lapic_eoi();
		sched_ipi();
		break;
	case T_IPI_TLB:
		lapic_eoi();
		hat_shootdown_ipi();
		break;
	case T_IPI_STOP: panic_stopped(tf);
	case T_SPURIOUS: break;
	default: irq_dispatch(tf->tf_trapno); break;
	}
	c->c_in_intr = false;
	hold_note(HOLD_INTERRUPT, "interrupt", since, tf->tf_trapno);
}

/* The boundary. Returns with interrupts off and nothing left to do. */
static void user_return(struct trapframe *tf)
{
	struct lwp *l = curlwp();

	x86_cli();
	if (jitter_yields())
		curcpu()->c_need_resched = true;
	while (unlikely(l->l_attention || curcpu()->c_need_resched)) {
		x86_sti();
		lwp_userret(tf);
		x86_cli();
	}
	lwp_charge_sys(l);
}

/*
 * The rest of a kernel stack must be enough for a panic. A stack that runs out
 * faster ends in double_fault().
 */
#define STACK_RESERVE 768u

static void check_stack(const struct trapframe *tf)
{
	struct kstack_info *ki = kstack_info();

	if (unlikely((u32)tf - (u32)ki < STACK_RESERVE))
		panic_trap(tf, "kernel stack %p overflows: expected %u bytes left, found %u", ki,
			   STACK_RESERVE, (u32)tf - (u32)ki);
	if (unlikely(ki->ki_canary != KSTACK_CANARY))
		panic("kernel stack %p overflowed: expected canary %08x, found %08x", ki,
		      KSTACK_CANARY, ki->ki_canary);
}

void trap(struct trapframe *tf)
{
	bool user = tf_from_user(tf);

	ASSERT(intr_off());
	check_stack(tf);
	if (user)
		lwp_charge_user(curlwp());
	if (tf->tf_trapno >= T_IRQ0)
		interrupt(tf);
	else
		exception(tf);
	if (user)
		user_return(tf);
}

void syscall_trap(struct trapframe *tf)
{
#ifdef DEBUG
	if (unlikely(mem_soil))
		kstack_soil();
#endif
	lwp_charge_user(curlwp());
	syscall_dispatch(tf);
	user_return(tf);
}

void trap_first_return(struct trapframe *tf)
{
	user_return(tf);
}

void double_fault(void)
{
	struct cpu *c = curcpu();
	const struct tss *ts = gdt_interrupted(c);
	struct trapframe tf = {
		.tf_edi = ts->ts_edi,
		.tf_esi = ts->ts_esi,
		.tf_ebp = ts->ts_ebp,
		.tf_ebx = ts->ts_ebx,
		.tf_edx = ts->ts_edx,
		.tf_ecx = ts->ts_ecx,
		.tf_eax = ts->ts_eax,
		.tf_es = ts->ts_es,
		.tf_ds = ts->ts_ds,
		.tf_trapno = T_DBLFLT,
		.tf_eip = ts->ts_eip,
		.tf_cs = ts->ts_cs,
		.tf_eflags = ts->ts_eflags,
		.tf_esp = ts->ts_esp,
		.tf_ss = ts->ts_ss,
	};

	kstack_info()->ki_lwp = c->c_current;
	panic_trap(&tf, "double fault: esp %08x, expected a kernel stack with room left", ts->ts_esp);
}
