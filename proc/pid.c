/* SPDX-License-Identifier: MIT */
/*
 * Process and thread ids: one number space, and a table from each id to the
 * process that has it. An id is reserved (taken, no owner yet) between
 * pid_alloc() and pid_bind(). The id of a group or a session is not given to a
 * new process even if the leader has exited: that process would lead strangers.
 *
 * Locks: pidlock guards the table and the bits.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/sched/lwp_impl.h"
#include "proc/proctab.h"

/*
 * The search begins here again at the end: low ids are those of long-lived
 * processes.
 */
#define PID_FIRST 300

#define ID_BATCH 128 /* ids examined before pidlock is released for a moment */

/* Owner of a reserved id. */
static struct proc reserved;

static struct proc *owner[PID_MAX]; /* NULL: free */
/*
 * a bit for each id that has been a group's or a session's since it was last
 * given out
 */
static u8 led[PID_MAX / 8];
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

/*
 * Is pid free: not the id of a process, group, or session?
 * Locks: pidlock.
 */
static bool is_free(pid_t pid)
{
	ASSERT(spin_held(&pidlock));
	if (owner[pid])
		return false;
	if (!(led[pid / 8] & (1 << pid % 8)))
		return true;
	if (proctab_group(pid) || proctab_session(pid))
		return false;
	led[pid / 8] &= (u8) ~(1 << pid % 8);
	return true;
}

/*
 * Returns: the next free id after the last one given out, or -EAGAIN.
 * Locks: pidlock, released now and then.
 */
static pid_t next_free(void)
{
	ASSERT(spin_held(&pidlock));
	for (u32 n = 1; n <= PID_MAX; n++) {
		last_pid = last_pid + 1 >= PID_MAX ? PID_FIRST : last_pid + 1;
		if (is_free(last_pid))
			return last_pid;
		if (n % ID_BATCH == 0) {
			spin_unlock(&pidlock);
			spin_lock(&pidlock);
		}
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

/*
 * Returns: the first process from *pid on among the next ID_BATCH ids; *pid
 *   advances beyond them.
 * Locks: pidlock.
 */
static struct proc *next_process(pid_t *pid)
{
	pid_t end = MIN(*pid + ID_BATCH, PID_MAX);

	ASSERT(spin_held(&pidlock));
	while (*pid < end) {
		struct proc *p = owner[(*pid)++];

		if (p && p != &reserved && p->p_pid == *pid - 1 && !(p->p_flags & P_KERNEL) && p->p_stat != PS_NEW)
			return p;
	}
	return NULL;
}

pid_t proc_next_pid(pid_t from)
{
	pid_t pid = MAX(from, 1);
	struct proc *p = NULL;

	while (!p && pid < PID_MAX) {
		spin_lock(&pidlock);
		p = next_process(&pid);
		spin_unlock(&pidlock);
	}
	return p ? pid - 1 : 0;
}

bool pid_in_use(pid_t pid)
{
	bool used;

	if (pid < 0 || pid >= PID_MAX)
		return false;
	spin_lock(&pidlock);
	used = !is_free(pid);
	spin_unlock(&pidlock);
	return used;
}

void pid_free(pid_t pid)
{
	spin_lock(&pidlock);
	owner[pid] = NULL;
	spin_unlock(&pidlock);
}
