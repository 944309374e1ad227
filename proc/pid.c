/* SPDX-License-Identifier: MIT */
/*
 * Process and thread ids: one number space, and a table from id to the process that has it. All under pidlock.
 * An id is reserved (taken, no owner yet) between pid_alloc() and pid_bind().
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/lwp_impl.h"

#define PID_FIRST \
	300 /* the search begins here again when it comes to the end: low ids are those of long-lived processes */

/* Owner of an id that is reserved. */
static struct proc reserved;

static struct proc *owner[PID_MAX]; /* NULL: free */
static pid_t last_pid;

void pid_init(void)
{
	owner[0] = &proc0;
}

/* The next free id after the last one given out, or -EAGAIN. pidlock held. */
static pid_t next_free(void)
{
	pid_t pid = last_pid;

	for (u32 n = 0; n < PID_MAX; n++) {
		pid = pid + 1 >= PID_MAX ? PID_FIRST : pid + 1;
		if (!owner[pid])
			return pid;
	}
	return -EAGAIN;
}

int pid_alloc(pid_t want, pid_t *out)
{
	pid_t pid;
	int error = 0;

	if (want < 0 || want >= PID_MAX)
		return -EINVAL;
	spin_lock(&pidlock);
	pid = want ? want : next_free();
	if (pid < 0)
		error = pid;
	else if (owner[pid])
		error = -EEXIST;
	else
		owner[pid] = &reserved;
	if (!error && !want)
		last_pid = pid;
	spin_unlock(&pidlock);
	if (!error)
		*out = pid;
	return error;
}

void pid_bind(pid_t pid, struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	owner[pid] = p;
}

struct proc *pid_owner(pid_t pid)
{
	ASSERT(spin_held(&pidlock));
	return pid >= 0 && pid < PID_MAX && owner[pid] != &reserved ? owner[pid] : NULL;
}

void pid_free(pid_t pid)
{
	spin_lock(&pidlock);
	owner[pid] = NULL;
	spin_unlock(&pidlock);
}
