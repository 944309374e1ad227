/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: fcntl(2) and flock(2), waiting, deadlocks, and the functions
 * for images. The set locks are in the vnode's tables (fs/flock_table.c).
 *
 * A lock's memory is allocated before locks_lock is taken. Setting a lock needs
 * two at most: itself, and the second half of a lock that it splits. A process
 * that must wait sleeps on the vnode's tables and starts over. A waiter for a
 * record lock of fcntl is in `waiters`, with the owner that it waits for, so
 * that a circle of waiters is found (EDEADLK) before it closes.
 */
#include "fs/flock.h"

#include "fs/file.h"
#include "fs/flock_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/pidspace.h"
#include "proc/proc.h"
#include "proc/sched/sleep.h"

#define MAX_CHAIN 1000u /* Longest chain of waiters that is followed. */
/* Locks removed, or listed, before locks_lock is released for a moment. */
#define BATCH 64u

struct lockwait {
	struct tree_node lw_node;
	const void *lw_owner; /* waits for */
	const void *lw_for;
};

/* A sleeping lock, because a user chooses how many locks one call replaces. */
static struct mutex locks_lock;
static struct tree waiters; /* lw_node, by lw_owner */
static struct kmem_cache *flock_cache;

static struct lockwait *lockwait_of(const struct tree_node *n)
{
	return tree_entry(n, struct lockwait, lw_node);
}

static bool waiter_before(const struct tree_node *a, const struct tree_node *b)
{
	return (uintptr_t)lockwait_of(a)->lw_owner < (uintptr_t)lockwait_of(b)->lw_owner;
}

static bool waiter_reached(const struct tree_node *n, const void *owner)
{
	return (uintptr_t)lockwait_of(n)->lw_owner >= (uintptr_t)owner;
}

static const struct tree_ops waiter_ops = { .before = waiter_before };

void flock_init(void)
{
	flock_cache = kmem_cache_create("flock", sizeof(struct filelock), 0);
	mutex_init(&locks_lock, "flock", LR_MISC_MUTEX);
	tree_init(&waiters, &waiter_ops);
}

static struct flock_table *table_of(struct vnode *vp, enum flock_kind kind)
{
	return kind == FLOCK_WHOLE ? &vp->v_wholes : &vp->v_records;
}

/* The owner that a waiter of `owner` waits for; NULL: none. */
static const void *waits_for(const void *owner)
{
	struct lockwait *w = lockwait_of(tree_seek(&waiters, waiter_reached, owner));

	return w && w->lw_owner == owner ? w->lw_for : NULL;
}

/* Would `owner` wait for itself, if it waited for `holder`? */
static bool would_deadlock(const void *owner, const void *holder)
{
	for (u32 steps = 0; holder && steps < MAX_CHAIN; steps++) {
		if (holder == owner)
			return true;
		holder = waits_for(holder);
	}
	return false;
}

/*
 * Waits until no lock conflicts with `want`. locks_lock held on entry and
 * return.
 * Errors: -EAGAIN (not `wait`), -EDEADLK, -ERESTARTSYS.
 */
static int flock_wait_for(struct vnode *vp, const struct filelock *want, bool wait)
{
	struct flock_table *ft = table_of(vp, want->fl_kind);
	struct lockwait lw = { .lw_owner = want->fl_owner };
	bool counts = want->fl_kind == FLOCK_POSIX;
	struct filelock *other;
	int error = 0;

	ASSERT(mutex_held(&locks_lock));
	while (!error && (other = locks_conflict(ft, want)) != NULL) {
		if (!wait)
			return -EAGAIN;
		lw.lw_for = other->fl_owner;
		if (counts && would_deadlock(want->fl_owner, other->fl_owner))
			return -EDEADLK;
		if (counts)
			tree_insert(&waiters, &lw.lw_node);
		error = sleep_mutex(ft, &locks_lock, SLP_INTR, 0);
		if (counts)
			tree_remove(&waiters, &lw.lw_node);
	}
	return error;
}

static void free_all(struct list *freed)
{
	struct filelock *l, *tmp;

	list_for_each_safe(l, tmp, freed, fl_freed)
		kmem_free(flock_cache, l);
}

/* Sets a copy of `want`. */
static int set_lock(struct vnode *vp, const struct filelock *want, bool wait)
{
	struct filelock *set = kmem_alloc(flock_cache, 0), *spare = kmem_alloc(flock_cache, 0);
	struct flock_table *ft = table_of(vp, want->fl_kind);
	struct list freed = LIST_INIT(freed);
	int error = -ENOMEM;

	if (!set || !spare)
		goto out;
	*set = *want;
	mutex_lock(&locks_lock);
	error = want->fl_type == F_UNLCK ? 0 : flock_wait_for(vp, want, wait);
	if (!error) {
		locks_apply(ft, set, &spare, &freed);
		set = NULL;
		wakeup(ft);
	}
	mutex_unlock(&locks_lock);
	free_all(&freed);
out:
	kmem_free(flock_cache, set);
	kmem_free(flock_cache, spare);
	return error;
}

/*
 * Converts fcntl's argument to a range.
 * Errors: in this order: -EINVAL (whence), -EOVERFLOW, -EINVAL (before the
 *   file)
 */
static int to_range(struct file *f, const struct abi_flock64 *l, struct filelock *fl)
{
	s64 base = 0, start, end = END_OF_FILE;

	switch (l->l_whence) {
	case K_SEEK_SET: break;
	case K_SEEK_CUR: base = f->f_offset; break;
	case K_SEEK_END: base = (s64)f->f_vnode->v_size; break;
	default: return -EINVAL;
	}
	if (__builtin_add_overflow(base, l->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (l->l_len > 0 && __builtin_add_overflow(start, l->l_len - 1, &end))
		return -EOVERFLOW;
	if (l->l_len < 0) { /* the bytes before start */
		end = start - 1;
		if (__builtin_add_overflow(start, l->l_len, &start) || start < 0)
			return -EINVAL;
	}
	fl->fl_start = start;
	fl->fl_end = end;
	return 0;
}

static int get_lock(struct vnode *vp, const struct filelock *want, struct abi_flock64 *l)
{
	struct filelock *other;

	mutex_lock(&locks_lock);
	other = locks_conflict(table_of(vp, want->fl_kind), want);
	if (other) {
		l->l_type = (s16)other->fl_type;
		l->l_whence = K_SEEK_SET;
		l->l_start = other->fl_start;
		l->l_len = other->fl_end == END_OF_FILE ? 0 : other->fl_end - other->fl_start + 1;
		l->l_pid = other->fl_kind == FLOCK_OFD ? -1 : pid_seen(other->fl_pid);
	} else {
		l->l_type = F_UNLCK;
	}
	mutex_unlock(&locks_lock);
	return 0;
}

int flock_fcntl(struct file *f, u32 cmd, struct abi_flock64 *l)
{
	bool ofd = cmd == K_F_OFD_GETLK || cmd == K_F_OFD_SETLK || cmd == K_F_OFD_SETLKW;
	struct filelock want = { .fl_kind = ofd ? FLOCK_OFD : FLOCK_POSIX,
				 .fl_type = l->l_type,
				 .fl_pid = curproc()->p_pid };
	bool get = cmd == F_GETLK64 || cmd == K_F_OFD_GETLK;
	int error;

	if (get && l->l_type != F_RDLCK && l->l_type != F_WRLCK)
		return -EINVAL;
	want.fl_owner = ofd ? (const void *)f : curproc()->p_fdtab;
	error = to_range(f, l, &want);
	if (error)
		return error;
	if (get)
		return ofd && l->l_pid != 0 ? -EINVAL : get_lock(f->f_vnode, &want, l);
	switch (l->l_type) {
	case F_RDLCK: error = file_readable(f); break;
	case F_WRLCK: error = file_writable(f); break;
	case F_UNLCK: break;
	default: error = -EINVAL;
	}
	if (!error && ofd && l->l_pid != 0)
		error = -EINVAL;
	if (error)
		return error;
	return set_lock(f->f_vnode, &want, cmd == F_SETLKW64 || cmd == K_F_OFD_SETLKW);
}

bool flock_op_known(u32 op)
{
	op &= ~(u32)LOCK_NB;
	return op == LOCK_SH || op == LOCK_EX || op == LOCK_UN;
}

int flock_whole(struct file *f, u32 op)
{
	struct filelock want = {
		.fl_kind = FLOCK_WHOLE, .fl_owner = f, .fl_end = END_OF_FILE, .fl_pid = curproc()->p_pid
	};

	switch (op & ~(u32)LOCK_NB) {
	case LOCK_SH: want.fl_type = F_RDLCK; break;
	case LOCK_EX: want.fl_type = F_WRLCK; break;
	case LOCK_UN: want.fl_type = F_UNLCK; break;
	default: return -EINVAL;
	}
	return set_lock(f->f_vnode, &want, !(op & LOCK_NB));
}

static void drop_owner(struct flock_table *ft, const void *owner)
{
	/* An owner sets its locks before it can close. */
	bool all = tree_empty(&ft->ft_range);

	while (!all) {
		struct list freed = LIST_INIT(freed);

		mutex_lock(&locks_lock);
		all = locks_take_out(ft, owner, BATCH, &freed);
		wakeup(ft);
		mutex_unlock(&locks_lock);
		free_all(&freed);
	}
}

void flock_owner_closed(struct vnode *vp, struct fdtab *ft)
{
	drop_owner(&vp->v_records, ft);
}

void flock_file_closed(struct file *f)
{
	drop_owner(&f->f_vnode->v_records, f);
	drop_owner(&f->f_vnode->v_wholes, f);
}

/* Lists up to max locks of a table behind the cursor. */
static u32 list_some(const struct flock_table *ft, struct flock_cursor *fc, struct flock_info *list, u32 max)
{
	struct filelock *l;
	u32 n;

	for (n = 0; n < max && (l = locks_behind(ft, fc->fc_owner, fc->fc_start)) != NULL; n++) {
		list[n] = (struct flock_info){ .fi_kind = l->fl_kind,
					       .fi_write = l->fl_type == F_WRLCK,
					       .fi_owner = l->fl_owner,
					       .fi_start = l->fl_start,
					       .fi_end = l->fl_end,
					       .fi_pid = l->fl_pid };
		fc->fc_owner = l->fl_owner;
		fc->fc_start = l->fl_start;
	}
	return n;
}

u32 flock_list(struct vnode *vp, struct flock_cursor *fc, struct flock_info *list, u32 max)
{
	u32 n = 0;

	assert_may_sleep("flock_list");
	mutex_lock(&locks_lock);
	if (!fc->fc_wholes) {
		n = list_some(&vp->v_records, fc, list, max);
		if (n < max)
			*fc = (struct flock_cursor){ .fc_wholes = true };
	}
	if (fc->fc_wholes)
		n += list_some(&vp->v_wholes, fc, list + n, max - n);
	mutex_unlock(&locks_lock);
	return n;
}

int flock_put(struct vnode *vp, const struct flock_info *fi)
{
	struct filelock want = { .fl_kind = fi->fi_kind,
				 .fl_type = fi->fi_write ? F_WRLCK : F_RDLCK,
				 .fl_owner = fi->fi_owner,
				 .fl_start = fi->fi_start,
				 .fl_end = fi->fi_end,
				 .fl_pid = fi->fi_pid };

	return set_lock(vp, &want, false);
}
