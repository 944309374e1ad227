/* SPDX-License-Identifier: MIT */
/*
 * Process and thread ids: one number space, a two-level table from id to the process that has it. All under pidlock.
 * An id is reserved (taken, no owner yet) between pid_alloc() and pid_bind().
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/lwp_impl.h"

#define PID_LEAF 1024

struct pid_leaf {
	struct proc *owner[PID_LEAF]; /* NULL: free */
};

/* Owner of an id that is reserved. */
static struct proc reserved;

static struct pid_leaf *leaves[PID_MAX / PID_LEAF];
static pid_t last_pid;

void pid_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		leaves[i] = NULL;
	}
	leaves[0] = kzalloc(sizeof(struct pid_leaf), 0);
	VERIFY(leaves[0]);
	leaves[0]->owner[0] = &proc0;
}

static struct proc **slot(pid_t pid)
{
	struct pid_leaf *leaf;

	if (pid < 0 || pid >= PID_MAX)
		return NULL;
	leaf = leaves[pid / PID_LEAF];
	return leaf ? &leaf->owner[pid % PID_LEAF] : NULL;
}

/* Makes the leaf for pid; pidlock is not held. */
static int leaf_ensure(pid_t pid)
{
	struct pid_leaf *leaf;

	if (leaves[pid / PID_LEAF])
		return 0;
	leaf = kzalloc(sizeof(*leaf), 0);
	if (!leaf)
		return -ENOMEM;
	spin_lock(&pidlock);
	if (!leaves[pid / PID_LEAF]) {
		leaves[pid / PID_LEAF] = leaf;
		leaf = NULL;
	}
	spin_unlock(&pidlock);
	kfree(leaf);
	return 0;
}

/* The next free id after the last one given out; -ENOMEM: its leaf must be made first. pidlock held. */
static pid_t next_free(pid_t *missing)
{
	pid_t pid = last_pid;

	for (u32 n = 0; n < PID_MAX; n++) {
		struct proc **s;

		pid = pid + 1 >= PID_MAX ? 300 : pid + 1;
		s = slot(pid);
		if (!s) {
			*missing = pid;
			return -ENOMEM;
		}
		if (!*s)
			return pid;
	}
	return -EAGAIN;
}

int pid_alloc(pid_t want, pid_t *out)
{
	pid_t pid, missing = want;
	struct proc **s;

	if (want < 0 || want >= PID_MAX)
		return -EINVAL;
	for (;;) {
		if (missing) {
			int error = leaf_ensure(missing);

			if (error)
				return error;
		}
		spin_lock(&pidlock);
		pid = want ? want : next_free(&missing);
		if (pid == -ENOMEM) {
			spin_unlock(&pidlock);
			continue;
		}
		break;
	}
	if (pid < 0) {
		spin_unlock(&pidlock);
		return pid;
	}
	s = slot(pid);
	if (*s) {
		spin_unlock(&pidlock);
		return -EEXIST;
	}
	*s = &reserved;
	if (!want)
		last_pid = pid;
	spin_unlock(&pidlock);
	*out = pid;
	return 0;
}

void pid_bind(pid_t pid, struct proc *p)
{
	ASSERT(spin_held(&pidlock));
	*slot(pid) = p;
}

struct proc *pid_owner(pid_t pid)
{
	struct proc **s = slot(pid);

	ASSERT(spin_held(&pidlock));
	return s && *s != &reserved ? *s : NULL;
}

void pid_free(pid_t pid)
{
	spin_lock(&pidlock);
	*slot(pid) = NULL;
	spin_unlock(&pidlock);
}
