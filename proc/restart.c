/* SPDX-License-Identifier: MIT */
/* restart_syscall(2), and the table of calls that use it. */
#include "proc/restart.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/syscalls.h"

static struct {
	u32 sysno;
	long (*fn)(struct restart_block *rb);
	void (*drop)(struct restart_block *rb);
} calls[24];
static u32 ncalls;

void restart_register(u32 sysno, long (*fn)(struct restart_block *rb))
{
	VERIFY(ncalls < ARRAY_SIZE(calls));
	calls[ncalls].sysno = sysno;
	calls[ncalls++].fn = fn;
}

void restart_on_drop(u32 sysno, void (*fn)(struct restart_block *rb))
{
	for (u32 i = 0; i < ncalls; i++) {
		if (calls[i].sysno == sysno)
			calls[i].drop = fn;
	}
}

void restart_drop(struct lwp *l)
{
	struct restart_block *rb = &l->l_restart;

	if (!rb->rb_fn || (s32)l->l_tf->tf_eax != -ERESTART_RESTARTBLOCK)
		return;
	for (u32 i = 0; i < ncalls; i++) {
		if (calls[i].sysno == rb->rb_sysno && calls[i].drop)
			calls[i].drop(rb);
	}
	rb->rb_fn = NULL;
}

long (*restart_function(u32 sysno))(struct restart_block *rb)
{
	for (u32 i = 0; i < ncalls; i++) {
		if (calls[i].sysno == sysno)
			return calls[i].fn;
	}
	return NULL;
}

long restart_later(long (*fn)(struct restart_block *rb), u64 deadline, u32 a0, u32 a1, u32 a2)
{
	struct lwp *l = curlwp();
	struct restart_block *rb = &l->l_restart;

	/* A call interrupted for the second time keeps its first number. */
	if (rb->rb_fn != fn || l->l_sysno != 0)
		rb->rb_sysno = l->l_sysno;
	ASSERT(restart_function(rb->rb_sysno) == fn);
	rb->rb_fn = fn;
	rb->rb_deadline = deadline;
	rb->rb_arg[0] = a0;
	rb->rb_arg[1] = a1;
	rb->rb_arg[2] = a2;
	return -ERESTART_RESTARTBLOCK;
}

long sys_restart_syscall(void)
{
	struct restart_block *rb = &curlwp()->l_restart;

	return rb->rb_fn ? rb->rb_fn(rb) : -EINTR;
}
