/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher: from the number in eax to the handler. This path is the cost
 * of a null system call: keep it short.
 */
#include "ckpt/every.h"
#include "kernel/lib/ratelimit.h"
#include "kernel/syscall.h"
#include "ckpt/syscalls.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/printk.h"
#include "kernel/strace.h"
#include "mm/syscalls.h"
#include "proc/sched/lwp.h"
#include "proc/proc.h"
#include "proc/syscalls.h"

#define NSYSCALL 640

typedef long (*syscall_fn)(u32, u32, u32, u32, u32, u32);

/*
 * Not used: a number twice in the table would define one name twice, which does
 * not compile.
 */
enum {
#define SYSCALL(nr, name, handler, fmt) number_##nr##_is_twice_in_systable_h,
#include "kernel/systable.h"
#undef SYSCALL
};

/*
 * A kernel without an elective (electives.table) does not have its handlers: a
 * weak name that no file defines is NULL.
 */
#define SYSCALL(nr, name, handler, fmt) extern __typeof__(handler) handler __weak;
#include "kernel/systable.h"
#undef SYSCALL

long sys_absent(void)
{
	return -ENOSYS;
}

/*
 * A handler takes as many of the six arguments as it needs: in the C calling
 * convention the caller cleans up.
 */
static const syscall_fn handlers[NSYSCALL] = {
#define SYSCALL(nr, name, handler, fmt) [nr] = (syscall_fn)(void (*)(void))(handler),
#include "kernel/systable.h"
#undef SYSCALL
};

static const struct sysent sysents[NSYSCALL] = {
#define SYSCALL(nr, name, handler, fmt) [nr] = { #name, fmt },
#include "kernel/systable.h"
#undef SYSCALL
};

const struct sysent *sysent(u32 nr)
{
	return nr < NSYSCALL && sysents[nr].se_name ? &sysents[nr] : NULL;
}

const char *syscall_name(u32 nr)
{
	const struct sysent *se = sysent(nr);

	return se ? se->se_name : NULL;
}

static void report_unknown(u32 nr)
{
	static struct ratelimit limit = RATELIMIT_INIT("unknown system call", KDEBUG);

	printk_limited(&limit, KDEBUG "%s[%d]: system call %u does not exist here\n",
		       curproc()->p_comm, curproc()->p_pid, nr);
}

static long call(struct trapframe *tf, u32 nr)
{
	if (unlikely(nr >= NSYSCALL || !handlers[nr])) {
		report_unknown(nr);
		return -ENOSYS;
	}
	return handlers[nr](tf->tf_ebx, tf->tf_ecx, tf->tf_edx, tf->tf_esi, tf->tf_edi, tf->tf_ebp);
}

static long call_traced(struct trapframe *tf, u32 nr)
{
	struct strace st;
	long result;

	strace_enter(&st, tf, nr);
	result = call(tf, nr);
	strace_exit(&st, result);
	return result;
}

void syscall_dispatch(struct trapframe *tf)
{
	struct lwp *l = curlwp();
	u32 nr = tf->tf_eax;

	curcpu()->c_nsyscall++;
	l->l_sysno = nr;
	l->l_in_syscall = true;
	l->l_cut.cc_result = 0;
	if (unlikely(l->l_ucred != l->l_proc->p_cred))
		cred_renew(l);
	tf->tf_eax = (u32)(unlikely(l->l_trace) ? call_traced(tf, nr) : call(tf, nr));
	l->l_in_syscall = false;
#ifdef DEBUG
	if (unlikely(l->l_proc->p_every))
		ckpt_every_call(l);
#endif
}
