/* SPDX-License-Identifier: MIT */
/*
 * Locked memory: mlock, mlockall. A lock is a flag of a seg. Its pages are
 * faulted in once, and reclaim passes over the seg (mm/seg_vnode.c). Only
 * reclaim takes pages out of an address space unasked.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as_impl.h"

bool as_lock_ok(const struct as *as, u32 more)
{
	return within(as->a_locked, more, as->a_lock_limit) || as_lock_unlimited();
}

/* Bytes of locked segs in [start, end). a_lock held. */
static u32 locked_in(struct as *as, u32 start, u32 end)
{
	struct seg *s = as_findseg_ge(as, start);
	u32 n = 0;

	ASSERT(rw_any_held(&as->a_lock));
	for (; s && s->s_base < end; s = as_next(as, s)) {
		if (s->s_flags & SEG_LOCKED)
			n += MIN(end, seg_end(s)) - MAX(start, s->s_base);
	}
	return n;
}

bool as_any_locked(struct as *as, u32 addr, u32 len)
{
	bool any;

	rw_read_lock(&as->a_lock);
	any = locked_in(as, addr, addr + len) != 0;
	rw_read_unlock(&as->a_lock);
	return any;
}

/* Sets the locks of the segs in a range. a_lock for writing. */
static int mark(struct as *as, u32 start, u32 end, u32 locks)
{
	u32 reach = as_mapped_reach(as, start, end);
	int error = 0;

	/* Memory that is locked already counts once. */
	if (locks && !as_lock_ok(as, end - start - locked_in(as, start, end)))
		return -ENOMEM;
	if (reach > start)
		error = as_change_flags(as, start, reach, locks, SEG_LOCKS & ~locks);
	return error ? error : reach < end ? -ENOMEM : 0;
}

int as_lock(struct as *as, u32 addr, u32 len, u32 locks)
{
	int error;

	if (!range_ok(addr, len))
		return -ENOMEM;
	rw_write_lock(&as->a_lock);
	error = mark(as, addr, addr + len, locks);
	rw_write_unlock(&as->a_lock);
	if (error || locks != SEG_LOCKED)
		return error;
	error = as_populate(as, addr, len);
	return error == -ENOMEM ? -EAGAIN : error ? -ENOMEM : 0;
}

/* Faults in all locked memory. Pages that cannot be had stay out. */
static void bring_in_all(struct as *as)
{
	u32 addr = 0, base, size;
	struct seg *s;

	for (;; addr = base + size) {
		rw_read_lock(&as->a_lock);
		s = as_findseg_ge(as, addr);
		while (s && (s->s_flags & SEG_LOCKS) != SEG_LOCKED)
			s = as_next(as, s);
		base = s ? MAX(addr, s->s_base) : 0;
		size = s ? seg_end(s) - base : 0;
		rw_read_unlock(&as->a_lock);
		if (!size)
			return;
		(void)!as_populate(as, base, size);
	}
}

int as_lock_all(struct as *as, bool all, u32 now, u32 later)
{
	int error = 0;

	rw_write_lock(&as->a_lock);
	if (all && now && as->a_size > as->a_lock_limit && !as_lock_unlimited())
		error = -ENOMEM;
	if (!error)
		as->a_newflags = later;
	/* No border of segs is added, so this cannot fail. */
	if (!error && all)
		error = as_change_flags(as, 0, USER_MAX, now, SEG_LOCKS & ~now);
	rw_write_unlock(&as->a_lock);
	if (!error && all && now == SEG_LOCKED)
		bring_in_all(as);
	return error;
}
