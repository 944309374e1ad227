/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks.
 *
 * The locks of a vnode hang on v_locks in no order. The range locks of one owner never overlap:
 * setting one replaces, cuts or joins what the owner had there. New nodes are allocated before the
 * spinlock is taken; one setting needs at most two (itself, and the second half of a lock that it
 * splits). Who must wait sleeps on the list and starts over. A waiter of fcntl's process-owned kind
 * is on the list `waiters` with the owner it waits for, so that a circle of them is found (EDEADLK)
 * before it closes.
 */
#include "fs/flock.h"

#include "fs/file.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/pidspace.h"
#include "proc/proc.h"
#include "proc/sleep.h"

#define END_OF_FILE INT64_MAX

struct filelock {
	struct list fl_link;
	enum flock_kind fl_kind;
	int fl_type;	      /* F_RDLCK, F_WRLCK */
	const void *fl_owner; /* struct fdtab or struct file; compared, never followed */
	s64 fl_start, fl_end; /* inclusive */
	pid_t fl_pid;	      /* who set it, for F_GETLK */
};

struct lockwait {
	struct list lw_link;
	const void *lw_owner; /* waits for */
	const void *lw_for;
};

static struct spinlock locks_lock = SPINLOCK_INIT("flock", LR_VFS);
static struct list waiters = LIST_INIT(waiters);
static struct kmem_cache *flock_cache;

void flock_init(void)
{
	flock_cache = kmem_cache_create("flock", sizeof(struct filelock), 0);
}

static bool same_family(const struct filelock *a, const struct filelock *b)
{
	return (a->fl_kind == FLOCK_WHOLE) == (b->fl_kind == FLOCK_WHOLE);
}

static bool conflicts(const struct filelock *a, const struct filelock *b)
{
	return same_family(a, b) && a->fl_owner != b->fl_owner &&
	       (a->fl_type == F_WRLCK || b->fl_type == F_WRLCK) && a->fl_start <= b->fl_end &&
	       b->fl_start <= a->fl_end;
}

static struct filelock *find_conflict(struct vnode *vp, const struct filelock *want)
{
	struct filelock *l;

	list_for_each(l, &vp->v_locks, fl_link) {
		if (conflicts(l, want))
			return l;
	}
	return NULL;
}

/*
 * Would `owner`, if it waited for `holder`, wait for itself? Each process waits once per lwp at
 * most, so the walk ends.
 */
static bool would_deadlock(const void *owner, const void *holder)
{
	struct lockwait *w;
	u32 steps = 0;

again:
	if (holder == owner)
		return true;
	list_for_each(w, &waiters, lw_link) {
		if (w->lw_owner == holder && steps++ < 1000) {
			holder = w->lw_for;
			goto again;
		}
	}
	return false;
}

/*
 * Waits until nothing conflicts with `want`. locks_lock held on entry and return. -EAGAIN (not
 * `wait`), -EDEADLK, -ERESTARTSYS
 */
static int wait_for(struct vnode *vp, const struct filelock *want, bool wait)
{
	struct lockwait lw = { .lw_owner = want->fl_owner };
	struct filelock *other;
	int error = 0;

	while (!error && (other = find_conflict(vp, want)) != NULL) {
		if (!wait)
			return -EAGAIN;
		lw.lw_for = other->fl_owner;
		if (want->fl_kind == FLOCK_POSIX && would_deadlock(want->fl_owner, other->fl_owner))
			return -EDEADLK;
		list_push_back(&waiters, &lw.lw_link);
		error = sleep(&vp->v_locks, &locks_lock, SLP_INTR, 0);
		list_remove(&lw.lw_link);
	}
	return error;
}

static void remove_lock(struct filelock *l, struct list *freed)
{
	list_remove(&l->fl_link);
	list_push_back(freed, &l->fl_link);
}

static void free_all(struct list *freed)
{
	struct filelock *l, *tmp;

	list_for_each_safe(l, tmp, freed, fl_link)
		kmem_free(flock_cache, l);
}

/*
 * Takes [start, end] of `set` out of l, which another range of the same owner replaces. *spare
 * serves a split.
 */
static void cut(struct filelock *l, const struct filelock *set, struct filelock **spare, struct list *freed)
{
	if (l->fl_start < set->fl_start && l->fl_end > set->fl_end) {
		struct filelock *right = *spare;

		*spare = NULL;
		*right = *l;
		right->fl_start = set->fl_end + 1;
		list_push_back(&l->fl_link, &right->fl_link);
		l->fl_end = set->fl_start - 1;
	} else if (l->fl_start < set->fl_start) {
		l->fl_end = set->fl_start - 1;
	} else if (l->fl_end > set->fl_end) {
		l->fl_start = set->fl_end + 1;
	} else {
		remove_lock(l, freed);
	}
}

static bool touches(const struct filelock *a, const struct filelock *b)
{
	return (a->fl_end == END_OF_FILE || b->fl_start <= a->fl_end + 1) &&
	       (b->fl_end == END_OF_FILE || a->fl_start <= b->fl_end + 1);
}

static bool overlaps(const struct filelock *a, const struct filelock *b)
{
	return a->fl_start <= b->fl_end && b->fl_start <= a->fl_end;
}

/*
 * The owner's locks become what they were, with set's range of set's type (F_UNLCK: none). `set` is
 * inserted or freed. locks_lock held.
 */
static void apply(struct vnode *vp, struct filelock *set, struct filelock **spare, struct list *freed)
{
	struct filelock *l, *tmp;

	list_for_each_safe(l, tmp, &vp->v_locks, fl_link) {
		if (l->fl_owner != set->fl_owner || !same_family(l, set))
			continue;
		if (l->fl_type == set->fl_type && touches(l, set)) {
			set->fl_start = MIN(set->fl_start, l->fl_start);
			set->fl_end = MAX(set->fl_end, l->fl_end);
			remove_lock(l, freed);
		} else if (l->fl_type != set->fl_type && overlaps(l, set)) {
			cut(l, set, spare, freed);
		}
	}
	list_push_back(set->fl_type == F_UNLCK ? freed : &vp->v_locks, &set->fl_link);
}

/* Sets `want`; takes over nothing. */
static int set_lock(struct vnode *vp, const struct filelock *want, bool wait)
{
	struct filelock *set = kmem_alloc(flock_cache, 0), *spare = kmem_alloc(flock_cache, 0);
	struct list freed = LIST_INIT(freed);
	int error = -ENOMEM;

	if (!set || !spare)
		goto out;
	*set = *want;
	spin_lock(&locks_lock);
	error = want->fl_type == F_UNLCK ? 0 : wait_for(vp, want, wait);
	if (!error) {
		apply(vp, set, &spare, &freed);
		set = NULL;
		wakeup(&vp->v_locks);
	}
	spin_unlock(&locks_lock);
	free_all(&freed);
out:
	kmem_free(flock_cache, set);
	kmem_free(flock_cache, spare);
	return error;
}

/* From what fcntl was given to a range. -EINVAL, -EOVERFLOW */
static int to_range(struct file *f, const struct abi_flock64 *l, struct filelock *fl)
{
	s64 base = 0, start, end;

	switch (l->l_whence) {
	case K_SEEK_SET: break;
	case K_SEEK_CUR: base = f->f_offset; break;
	case K_SEEK_END: base = (s64)f->f_vnode->v_size; break;
	default: return -EINVAL;
	}
	if (__builtin_add_overflow(base, l->l_start, &start))
		return -EOVERFLOW;
	end = END_OF_FILE;
	if (l->l_len > 0 && __builtin_add_overflow(start, l->l_len - 1, &end))
		return -EOVERFLOW;
	if (l->l_len < 0) { /* the bytes before start */
		end = start - 1;
		if (__builtin_add_overflow(start, l->l_len, &start))
			return -EINVAL;
	}
	if (start < 0)
		return -EINVAL;
	fl->fl_start = start;
	fl->fl_end = end;
	return 0;
}

static int get_lock(struct vnode *vp, const struct filelock *want, struct abi_flock64 *l)
{
	struct filelock *other;

	spin_lock(&locks_lock);
	other = find_conflict(vp, want);
	if (other) {
		l->l_type = (s16)other->fl_type;
		l->l_whence = K_SEEK_SET;
		l->l_start = other->fl_start;
		l->l_len = other->fl_end == END_OF_FILE ? 0 : other->fl_end - other->fl_start + 1;
		l->l_pid = other->fl_kind == FLOCK_OFD ? -1 : pid_seen(other->fl_pid);
	} else {
		l->l_type = F_UNLCK;
	}
	spin_unlock(&locks_lock);
	return 0;
}

int flock_fcntl(struct file *f, u32 cmd, struct abi_flock64 *l)
{
	bool ofd = cmd == K_F_OFD_GETLK || cmd == K_F_OFD_SETLK || cmd == K_F_OFD_SETLKW;
	struct filelock want = { .fl_kind = ofd ? FLOCK_OFD : FLOCK_POSIX,
				 .fl_type = l->l_type,
				 .fl_pid = curproc()->p_pid };
	int error;

	want.fl_owner = ofd ? (const void *)f : curproc()->p_fdtab;
	if (ofd && l->l_pid != 0)
		return -EINVAL;
	error = to_range(f, l, &want);
	if (error)
		return error;
	if (cmd == F_GETLK64 || cmd == K_F_OFD_GETLK)
		return l->l_type == F_RDLCK || l->l_type == F_WRLCK ? get_lock(f->f_vnode, &want, l) : -EINVAL;
	switch (l->l_type) {
	case F_RDLCK: error = file_readable(f); break;
	case F_WRLCK: error = file_writable(f); break;
	case F_UNLCK: break;
	default: error = -EINVAL;
	}
	if (error)
		return error;
	return set_lock(f->f_vnode, &want, cmd == F_SETLKW64 || cmd == K_F_OFD_SETLKW);
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

static void drop_owner(struct vnode *vp, const void *owner)
{
	struct list freed = LIST_INIT(freed);
	struct filelock *l, *tmp;

	if (list_empty(&vp->v_locks))
		return; /* whoever had locks here set them before it came to close */
	spin_lock(&locks_lock);
	list_for_each_safe(l, tmp, &vp->v_locks, fl_link) {
		if (l->fl_owner == owner)
			remove_lock(l, &freed);
	}
	wakeup(&vp->v_locks);
	spin_unlock(&locks_lock);
	free_all(&freed);
}

void flock_owner_closed(struct vnode *vp, struct fdtab *ft)
{
	drop_owner(vp, ft);
}

void flock_file_closed(struct file *f)
{
	drop_owner(f->f_vnode, f);
}

u32 flock_list(struct vnode *vp, struct flock_info *list, u32 max)
{
	struct filelock *l;
	u32 n = 0;

	spin_lock(&locks_lock);
	list_for_each(l, &vp->v_locks, fl_link) {
		if (n < max)
			list[n] = (struct flock_info){ .fi_kind = l->fl_kind,
						       .fi_write = l->fl_type == F_WRLCK,
						       .fi_owner = l->fl_owner,
						       .fi_start = l->fl_start,
						       .fi_end = l->fl_end,
						       .fi_pid = l->fl_pid };
		n++;
	}
	spin_unlock(&locks_lock);
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
