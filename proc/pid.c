/* SPDX-License-Identifier: MIT */
/*
 * Process and thread ids: one number space, and a table from id to the process that has it. All under pidlock.
 * An id is reserved (taken, no owner yet) between pid_alloc() and pid_bind(). One that is a group's or a session's is not given out either, also
 * when its leader has gone: a new process would lead strangers.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"

#define PID_FIRST \
	300 /* the search begins here again when it comes to the end: low ids are those of long-lived processes */

/* Owner of an id that is reserved. */
static struct proc reserved;

static struct proc *owner[PID_MAX]; /* NULL: free */
static u8 led[PID_MAX / 8]; /* a bit for each id that has been a group's or a session's since it was last given out */
static pid_t last_pid;

void pid_init(void)
{
	owner[0] = &proc0;
}

void pid_lead(pid_t id)
{
	ASSERT(spin_held(&pidlock) && id >= 0 && id < PID_MAX);
	led[id / 8] |= (u8)(1 << id % 8);
}

/* Is it nobody's id, group, or session? pidlock held. */
static bool is_free(pid_t pid)
{
	struct proc *p;

	if (owner[pid])
		return false;
	if (!(led[pid / 8] & (1 << pid % 8)))
		return true;
	list_for_each(p, &allproc, p_all) {
		if (p->p_pgid == pid || p->p_sid == pid)
			return false;
	}
	led[pid / 8] &= (u8) ~(1 << pid % 8);
	return true;
}

/* The next free id after the last one given out, or -EAGAIN. pidlock held. */
static pid_t next_free(void)
{
	pid_t pid = last_pid;

	for (u32 n = 0; n < PID_MAX; n++) {
		pid = pid + 1 >= PID_MAX ? PID_FIRST : pid + 1;
		if (is_free(pid))
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
	else if (want && !is_free(want))
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
