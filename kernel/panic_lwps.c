/* SPDX-License-Identifier: MIT */
/*
 * All lwps that do not run, each with the calls that led to its wait. For a
 * machine that hangs. Part of a panic: no other CPU runs, no lock is taken, and
 * pointers are checked before they are followed.
 */
#include "kernel/lib/printk.h"
#include "kernel/panic.h"
#include "proc/proc.h"

#define MAX_LWPS 64
#define FRAMES 8

/*
 * The frame of lwp_switch() (proc/sched/switch.asm) on the stack of an lwp that
 * does not run.
 */
struct switched {
	u32 sw_edi, sw_esi, sw_ebx, sw_ebp, sw_eip;
};

static const char *state_name(enum lwp_state state)
{
	static const char *const names[] = { "new", "runnable", "running", "asleep", "dead" };

	return (u32)state < ARRAY_SIZE(names) ? names[state] : "?";
}

static void print_one(const struct proc *p, const struct lwp *l)
{
	const struct switched *sw = (const struct switched *)l->l_ksp;

	printk("process %d (%.16s), lwp %d (%.16s): %s", p->p_pid, p->p_comm, l->l_tid, l->l_name,
	       state_name(l->l_state));
	if (l->l_in_syscall)
		printk(", system call %u", l->l_sysno);
	printk("\n");
	if (l->l_state == LS_SLEEP && panic_sane_pointer(sw))
		backtrace(sw->sw_ebp, FRAMES);
}

/* Returns: how many more lines are allowed. */
static int print_proc(const struct proc *p, int left)
{
	const struct list *at = p->p_lwps.next;

	for (; left > 0 && at != &p->p_lwps && panic_sane_pointer(at); at = at->next) {
		const struct lwp *l = list_entry(at, struct lwp, l_plink);

		if (l->l_state == LS_RUNNING)
			continue;
		print_one(p, l);
		left--;
	}
	return left;
}

void panic_print_lwps(void)
{
	const struct list *at = allproc.next;
	int left = print_proc(&proc0, MAX_LWPS);

	for (; left > 0 && at != &allproc && panic_sane_pointer(at); at = at->next)
		left = print_proc(list_entry(at, struct proc, p_all), left);
}
