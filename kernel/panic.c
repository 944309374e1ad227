/* SPDX-License-Identifier: MIT */
/*
 * Panic: stop all CPUs, report, end as the command line says.
 *
 * Nothing here trusts the kernel's state. The first CPU to panic owns the
 * machine; a panic inside the panic prints only its message; the walk of stack
 * frames reads no address outside the stack on which it began.
 */
#include "kernel/panic.h"
#include "kernel/dev/power.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"
#include "proc/sched/lwp.h"
#include "proc/proc.h"

volatile int panic_cpu = -1;
enum panic_mode panic_mode;
void (*panic_stop_others)(void);

static u32 depth; /* panics inside the panic */
static struct stopped {
	volatile bool st_valid;
	u32 st_eip, st_ebp;
	struct lwp *st_lwp;
} stopped[MAXCPU];

bool panic_is_mine(void)
{
	return panic_cpu == (int)curcpu()->c_id;
}

static void print_regs(const struct trapframe *tf)
{
	/*
	 * An entry from the kernel pushes no esp; the double-fault task's frame
	 * has one.
	 */
	bool has_esp = tf_from_user(tf) || tf->tf_trapno == T_DBLFLT;

	panic_print_place("eip ", tf->tf_eip);
	printk("eax %08x  ebx %08x  ecx %08x  edx %08x\n", tf->tf_eax, tf->tf_ebx, tf->tf_ecx, tf->tf_edx);
	printk("esi %08x  edi %08x  ebp %08x  esp %08x\n", tf->tf_esi, tf->tf_edi, tf->tf_ebp,
	       has_esp ? tf->tf_esp : (u32)&tf->tf_esp);
	printk("cs %04x  ds %04x  es %04x  eflags %08x  trap %u  error %x\n", tf->tf_cs & 0xffff,
	       tf->tf_ds & 0xffff, tf->tf_es & 0xffff, tf->tf_eflags, tf->tf_trapno, tf->tf_err);
}

static void print_lwp(const struct lwp *l)
{
	const struct proc *p;

	if (!panic_sane_pointer(l) || !panic_sane_pointer(l->l_proc)) {
		printk(", no process");
		return;
	}
	p = l->l_proc;
	printk(", process %d (%.16s), lwp %d", p->p_pid, p->p_comm, l->l_tid);
	if (l->l_name[0])
		printk(" (%.16s)", l->l_name);
}

static void print_others(void)
{
	for (u32 i = 0; i < MAXCPU; i++) {
		struct stopped *st = &stopped[i];

		if (!st->st_valid)
			continue;
		printk("cpu %u stopped", i);
		print_lwp(st->st_lwp);
		printk("\n");
		panic_print_place("  ", st->st_eip);
		backtrace(st->st_ebp, BACKTRACE_ALL);
	}
}

/*
 * The other CPUs get some time to answer; a CPU that spins with interrupts off
 * will not.
 */
static void panic_stop_cpus(void)
{
	if (!panic_stop_others)
		return;
	panic_stop_others();
	for (int i = 0; i < 200; i++)
		outb(0x80, 0); /* about a microsecond each on an ISA bus */
	for (volatile int i = 0; i < 2000000; i++) {
		u32 missing = 0;

		for (u32 c = 0; c < MAXCPU; c++)
			if (cpus[c].c_online && (int)c != panic_cpu && !stopped[c].st_valid)
				missing++;
		if (!missing)
			break;
	}
}

static void finish(void) __noreturn;
static void finish(void)
{
	if (panic_mode == PANIC_EXIT)
		power_debug_exit(POWER_EXIT_PANIC);
	if (panic_mode == PANIC_REBOOT)
		power_reboot();
	for (;;) {
		x86_cli();
		x86_hlt();
	}
}

/* Notes where this CPU was, for the CPU that reports; halts forever. */
static void stop_here(u32 eip, u32 ebp) __noreturn;
static void stop_here(u32 eip, u32 ebp)
{
	struct stopped *st = &stopped[curcpu()->c_id];

	st->st_eip = eip;
	st->st_ebp = ebp;
	st->st_lwp = curlwp();
	__atomic_store_n(&st->st_valid, true, __ATOMIC_RELEASE);
	for (;;) {
		x86_cli();
		x86_hlt();
	}
}

/*
 * Returns: false: this CPU panics already. If another CPU panics, this one
 *   stops.
 */
static bool become_owner(u32 eip, u32 ebp)
{
	int none = -1, me = (int)curcpu()->c_id;

	if (__atomic_compare_exchange_n(&panic_cpu, &none, me, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return true;
	if (none != me)
		stop_here(eip, ebp);
	return false;
}

static void panic_body(const struct trapframe *tf, u32 ebp, const char *fmt, va_list ap) __noreturn;
static void panic_body(const struct trapframe *tf, u32 ebp, const char *fmt, va_list ap)
{
	x86_cli();
	if (!become_owner(tf ? tf->tf_eip : (u32)__builtin_return_address(0), ebp) && ++depth > 2)
		finish();
	if (!depth)
		panic_stop_cpus();
	printk("\npanic: ");
	vprintk(fmt, ap);
	printk("\n");
	if (depth)
		finish(); /* the report itself failed: print only this */
	printk("cpu %d", panic_cpu);
	print_lwp(curlwp());
	printk("\n");
	if (tf)
		print_regs(tf);
	printk("cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x\n", x86_cr0(), x86_cr2(), x86_cr3(), x86_cr4());
	printk("backtrace:\n");
	if (tf && !tf_from_user(tf))
		panic_print_place("  ", tf->tf_eip);
	backtrace(ebp, BACKTRACE_ALL);
	print_others();
	if (tf && tf->tf_trapno == T_NMI)
		panic_print_lwps();
	printk("end of panic\n");
	finish();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_body(NULL, (u32)__builtin_frame_address(0), fmt, ap);
}

void panic_trap(const struct trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_body(tf, tf_from_user(tf) ? 0 : tf->tf_ebp, fmt, ap);
}

void panic_stopped(const struct trapframe *tf)
{
	stop_here(tf->tf_eip, tf_from_user(tf) ? 0 : tf->tf_ebp);
}
