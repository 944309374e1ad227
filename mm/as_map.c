/* SPDX-License-Identifier: MIT */
/*
 * Changes to the list of segs: mapping, unmapping, protection, brk.
 *
 * Each change first makes the ends of its range borders of segs (as_split).
 * This may fail, and changes nothing that a program could see. Then it works on
 * whole segs, which cannot fail. Then it joins adjacent segs that could be one.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as_impl.h"

/* --- cutting and joining --- */

/*
 * Sets the size of s in one step, as walks of the vnode's tree see it. There
 * must be room for it.
 */
static void resize(struct seg *s, u32 size)
{
	struct vsegs *vs = s->s_vp ? vm_ops->vm_segs(s->s_vp) : NULL;

	if (vs)
		mutex_lock(&vs->vs_lock);
	s->s_size = size;
	if (vs) {
		tree_changed(&vs->vs_tree, &s->s_vnode);
		mutex_unlock(&vs->vs_lock);
	}
	as_seg_moved(s->s_as, s);
}

int as_split(struct as *as, u32 addr)
{
	struct seg *s = as_findseg(as, addr), *upper;
	u32 low;

	ASSERT(rw_write_held(&as->a_lock));
	if (!s || s->s_base == addr)
		return 0;
	if (hat_cut(&as->a_hat, addr) != 0)
		return -ENOMEM;
	low = addr - s->s_base;
	upper = seg_create(as, addr, s->s_size - low, s->s_prot, s->s_maxprot, s->s_flags, s->s_vp,
			   s->s_off + low);
	if (!upper)
		return -ENOMEM;
	/*
	 * In the vnode's tree before s shrinks: so a walk of it finds each page
	 * in at least one seg.
	 */
	seg_vlink(upper, true);
	resize(s, low);
	as_enter_seg(as, upper);
	return 0;
}

/* Splits segs at both ends of a range, or at neither. */
static int split_ends(struct as *as, u32 start, u32 end)
{
	int error = as_split(as, start);

	if (error)
		return error;
	error = as_split(as, end);
	if (error)
		as_coalesce(as, start, 0);
	return error;
}

/*
 * split_ends() for a range to unmap: only a cut out of the middle of one seg
 * adds a seg.
 */
static int split_to_clear(struct as *as, u32 start, u32 end)
{
	struct seg *s = as_findseg(as, start);

	if (s && s->s_base < start && end < seg_end(s) && as->a_nseg >= SEG_MAX)
		return -ENOMEM;
	return split_ends(as, start, end);
}

void as_clear(struct as *as, u32 start, u32 end, struct list *dead)
{
	struct seg *s = as_findseg_ge(as, start), *next;

	ASSERT(rw_write_held(&as->a_lock));
	for (; s && s->s_base < end; s = next) {
		next = as_next(as, s);
		ASSERT(s->s_base >= start && seg_end(s) <= end);
		s->s_ops->unmap(s, s->s_base, s->s_size);
		seg_unlink(s);
		list_push_back(dead, &s->s_link);
	}
}

/* Could a and b, its neighbour, be one seg? */
static bool can_join(const struct seg *a, const struct seg *b)
{
	return seg_end(a) == b->s_base && a->s_prot == b->s_prot && a->s_maxprot == b->s_maxprot &&
	       a->s_flags == b->s_flags && a->s_ops == b->s_ops && a->s_vp == b->s_vp &&
	       (!a->s_vp || a->s_off + a->s_size == b->s_off);
}

/* s takes over the range of `next`, which is in no list afterwards. */
static void as_join(struct seg *s, struct seg *next)
{
	struct as *as = s->s_as;

	/*
	 * Out of the as's tree first, because segs must not overlap there. Out
	 * of the vnode's tree last, so that its walks miss no page.
	 */
	as_leave_seg(as, next);
	resize(s, s->s_size + next->s_size);
	seg_vlink(next, false);
	if (as->a_hint == next)
		as->a_hint = s;
}

/* Part [start, end) of s, or of a neighbour, as it will be after the change. */
static struct seg changed(const struct seg *s, u32 start, u32 end, const struct seg_change *c)
{
	struct seg piece = *s;

	piece.s_off += s->s_vp ? start - s->s_base : 0;
	piece.s_base = start;
	piece.s_size = end - start;
	piece.s_flags = (s->s_flags | c->sc_set) & ~c->sc_clear;
	if (c->sc_setprot)
		piece.s_prot = c->sc_prot;
	return piece;
}

/*
 * Does the change add a seg for the part [start, end) of s? Not if the part
 * stays unchanged, or joins a neighbour.
 */
static bool stands_alone(struct as *as, const struct seg *s, u32 start, u32 end, const struct seg_change *c)
{
	const struct seg *prev = start == s->s_base ? as_prev(as, s) : NULL;
	const struct seg *next = end == seg_end(s) ? as_next(as, s) : NULL;
	struct seg piece = changed(s, start, end, c);

	if (piece.s_prot == s->s_prot && piece.s_flags == s->s_flags)
		return false;
	return !(prev && can_join(prev, &piece)) && !(next && can_join(&piece, next));
}

int as_split_for(struct as *as, u32 start, u32 end, const struct seg_change *c)
{
	const struct seg *low = as_findseg(as, start), *high = as_findseg(as, end);
	u32 more = 0;

	ASSERT(rw_write_held(&as->a_lock));
	if (low && low->s_base < start)
		more += stands_alone(as, low, start, MIN(end, seg_end(low)), c);
	if (high && high->s_base < end)
		more += stands_alone(as, high, MAX(start, high->s_base), end, c);
	if (more && as->a_nseg + more > SEG_MAX)
		return -ENOMEM;
	return split_ends(as, start, end);
}

void as_coalesce(struct as *as, u32 addr, u32 len)
{
	struct seg *s = as_findseg_ge(as, addr ? addr - 1 : 0), *next;
	struct list dead = LIST_INIT(dead);

	ASSERT(rw_write_held(&as->a_lock));
	while (s && s->s_base < addr + len) {
		next = as_next(as, s);
		if (!next)
			break;
		if (!can_join(s, next)) {
			s = next;
			continue;
		}
		as_join(s, next);
		list_push_back(&dead, &next->s_link);
	}
	/* s still holds each vnode, so no vnode is freed here under a_lock. */
	seg_free_list(&dead);
}

/* --- mapping --- */

/* Finds a place for s, which has its size. Errors: of as_map() */
static int as_map_find_place(struct as *as, struct seg *s, enum as_place place)
{
	u32 addr = s->s_base, len = s->s_size;

	if (as->a_nseg > SEG_MAX)
		return -ENOMEM;
	if (place == AS_NOREPLACE && as_range_size(as, addr, addr + len))
		return -EEXIST;
	if (place != AS_HINT)
		return 0;
	if (!range_ok(addr, len) || addr < USER_MIN || !as_range_free(as, addr, addr + len))
		s->s_base = as_find_gap(as, len);
	return s->s_base ? 0 : -ENOMEM;
}

static int map_at(struct as *as, struct seg *s, bool replace, struct list *dead)
{
	u32 addr = s->s_base, end = addr + s->s_size, old;
	int error;

	old = replace ? as_range_size(as, addr, end) : 0;
	if (!as_limit_ok(as, s->s_size, s->s_prot, s->s_flags) &&
	    !as_limit_ok(as, s->s_size - old, s->s_prot, s->s_flags))
		return -ENOMEM;
	error = replace ? split_to_clear(as, addr, end) : 0;
	if (error)
		return error;
	/* No failure beyond this point. */
	if (replace)
		as_clear(as, addr, end, dead);
	seg_link(s);
	as_coalesce(as, addr, end - addr);
	return 0;
}

int as_map(struct as *as, u32 *addrp, u32 len, u32 prot, u32 maxprot, u32 flags, struct vnode *vp,
	   u64 off, enum as_place place)
{
	struct list dead = LIST_INIT(dead);
	struct seg *s;
	int error;

	if (!len || (len & PAGE_MASK) || len > USER_MAX || (off & PAGE_MASK) ||
	    (off + len) >> PAGE_SHIFT > 0xffffffffu || off + len < off)
		return -EINVAL;
	if (place != AS_HINT && (!range_ok(*addrp, len) || *addrp < USER_MIN))
		return -EINVAL;
	s = seg_create(as, *addrp, len, prot, maxprot, flags, vp, off);
	if (!s)
		return -ENOMEM;
	rw_write_lock(&as->a_lock);
	s->s_flags |= as->a_newflags;
	error = as_map_find_place(as, s, place);
	if (!error) {
		*addrp = s->s_base;
		error = map_at(as, s, place == AS_FIXED, &dead);
	}
	rw_write_unlock(&as->a_lock);
	if (error)
		list_push_back(&dead, &s->s_link);
	seg_free_list(&dead);
	return error;
}

int as_unmap(struct as *as, u32 addr, u32 len)
{
	struct list dead = LIST_INIT(dead);
	int error;

	if (!range_ok(addr, len))
		return -EINVAL;
	rw_write_lock(&as->a_lock);
	error = split_to_clear(as, addr, addr + len);
	if (!error)
		as_clear(as, addr, addr + len, &dead);
	rw_write_unlock(&as->a_lock);
	seg_free_list(&dead);
	return error;
}

/* --- changing segs --- */

/* The segs of a range whose ends are borders. */
#define for_each_seg_in(s, as, start, end) \
	for ((s) = as_findseg_ge(as, start); (s) && (s)->s_base < (end); (s) = as_next(as, s))

/*
 * The end of the range from start, at most `end`, that is mapped and may have
 * protection prot. Sets *error to the reason for ending.
 */
static u32 setprot_reach(struct as *as, u32 start, u32 end, u32 prot, int *error)
{
	u32 at = start;
	struct seg *s;

	*error = 0;
	for_each_seg_in(s, as, start, end)
	{
		if (s->s_base > at)
			break;
		if (prot & ~s->s_maxprot) {
			*error = -EACCES;
			return at;
		}
		at = MIN(seg_end(s), end);
	}
	if (at < end)
		*error = -ENOMEM;
	return at;
}

/* Does RLIMIT_DATA allow the memory that becomes private writable? */
static bool setprot_limit_ok(struct as *as, u32 start, u32 end, u32 prot)
{
	struct seg *s;
	u32 more = 0;

	for_each_seg_in(s, as, start, end)
	{
		if (seg_is_data(prot, s->s_flags) && !seg_is_data(s->s_prot, s->s_flags))
			more += MIN(end, seg_end(s)) - MAX(start, s->s_base);
	}
	return !more || within(as->a_data, more, as->a_data_limit) || !within(as->a_size, more, as->a_as_limit);
}

/* As on Linux, pages before a hole are changed all the same. */
static int setprot_locked(struct as *as, u32 start, u32 end, u32 prot)
{
	const struct seg_change change = { .sc_setprot = true, .sc_prot = prot };
	struct seg *s;
	int error, split;
	u32 reach = setprot_reach(as, start, end, prot, &error);

	if (reach == start)
		return error;
	if (!setprot_limit_ok(as, start, reach, prot))
		return -ENOMEM;
	split = as_split_for(as, start, reach, &change);
	if (split)
		return split;
	for_each_seg_in(s, as, start, reach)
	{
		if (s->s_prot != prot && hat_own(&as->a_hat, s->s_base, s->s_size) != 0) {
			as_coalesce(as, start, reach - start);
			return -ENOMEM;
		}
	}
	for_each_seg_in(s, as, start, reach)
	{
		if (s->s_prot == prot)
			continue;
		as_account(as, s, s->s_size, -1);
		s->s_prot = prot;
		as_account(as, s, s->s_size, 1);
		s->s_ops->setprot(s, s->s_base, s->s_size, prot);
	}
	as_coalesce(as, start, reach - start);
	return error;
}

int as_setprot(struct as *as, u32 addr, u32 len, u32 prot)
{
	int error;

	if (!range_ok(addr, len))
		return (addr & PAGE_MASK) ? -EINVAL : -ENOMEM;
	rw_write_lock(&as->a_lock);
	error = setprot_locked(as, addr, addr + len, prot);
	rw_write_unlock(&as->a_lock);
	return error;
}

int as_change_flags(struct as *as, u32 start, u32 end, u32 set, u32 clear)
{
	const struct seg_change change = { .sc_set = set, .sc_clear = clear };
	struct seg *s;
	int error = as_split_for(as, start, end, &change);

	ASSERT(rw_write_held(&as->a_lock));
	if (error)
		return error;
	for_each_seg_in(s, as, start, end)
	{
		as_account(as, s, s->s_size, -1);
		s->s_flags = (s->s_flags | set) & ~clear;
		as_account(as, s, s->s_size, 1);
	}
	as_coalesce(as, start, end - start);
	return 0;
}

/* Where the first seg that may not have the flags begins; else `end`. */
static u32 flags_reach(struct as *as, u32 start, u32 end, u32 set)
{
	struct seg *s;

	for_each_seg_in(s, as, start, end)
	{
		if ((set & SEG_WIPEONFORK) && (s->s_vp || !seg_private(s)))
			return MAX(start, s->s_base);
	}
	return end;
}

int as_setflags(struct as *as, u32 addr, u32 len, u32 set, u32 clear)
{
	u32 end = addr + len, reach;
	int error = 0;

	if (!range_ok(addr, len))
		return -EINVAL;
	rw_write_lock(&as->a_lock);
	reach = flags_reach(as, addr, end, set);
	if (reach > addr)
		error = as_change_flags(as, addr, reach, set, clear) ? -EAGAIN : 0;
	if (!error)
		error = reach < end ? -EINVAL : as_range_mapped(as, addr, end) ? 0 : -ENOMEM;
	rw_write_unlock(&as->a_lock);
	return error;
}

int as_discard(struct as *as, u32 addr, u32 len, bool free, bool locked)
{
	struct seg *s;
	int error;

	if (!range_ok(addr, len))
		return -EINVAL;
	rw_write_lock(&as->a_lock);
	error = as_range_mapped(as, addr, addr + len) ? 0 : -ENOMEM;
	if (hat_cut(&as->a_hat, addr) != 0 || hat_cut(&as->a_hat, addr + len) != 0) {
		rw_write_unlock(&as->a_lock);
		return -EAGAIN;
	}
	for_each_seg_in(s, as, addr, addr + len)
	{
		u32 from = MAX(addr, s->s_base);

		if ((free && s->s_vp) || ((s->s_flags & SEG_LOCKED) && !locked)) {
			error = -EINVAL;
			break;
		}
		s->s_ops->unmap(s, from, MIN(addr + len, seg_end(s)) - from);
	}
	rw_write_unlock(&as->a_lock);
	return error;
}

/* --- brk --- */

static int grow_brk(struct as *as, u32 from, u32 to, struct seg *s)
{
	/* The page behind the heap stays free, as on Linux. */
	if (!as_range_free(as, from, to + PAGE_SIZE) ||
	    !as_limit_ok(as, to - from, s->s_prot, s->s_flags) || as->a_nseg > SEG_MAX)
		return -ENOMEM;
	if (as->a_newflags && !as_lock_ok(as, to - from))
		return -EAGAIN;
	s->s_base = from;
	s->s_size = to - from;
	s->s_flags |= as->a_newflags;
	seg_link(s);
	as_coalesce(as, from, to - from);
	return 0;
}

static int shrink_brk(struct as *as, u32 from, u32 to, struct list *dead)
{
	int error = split_to_clear(as, from, to);

	if (!error)
		as_clear(as, from, to, dead);
	return error;
}

static bool data_limit_ok(const struct as *as, u32 newbrk)
{
	u64 data = (u64)(newbrk - as->a_brk_start) + (as->a_data_end - as->a_data_start);

	return as->a_data_limit == ~0u || data <= as->a_data_limit;
}

int as_brk(struct as *as, u32 newbrk)
{
	const u32 rw = PROT_READ | PROT_WRITE;
	struct list dead = LIST_INIT(dead);
	struct seg *s;
	u32 old, end, lock;
	int error = 0;

	if (newbrk > MMAP_TOP)
		return -ENOMEM;
	s = seg_create(as, 0, 0, rw, rw | PROT_EXEC, SEG_BRK, NULL, 0);
	if (!s)
		return -ENOMEM;
	rw_write_lock(&as->a_lock);
	old = PAGE_UP(as->a_brk);
	end = PAGE_UP(newbrk);
	if (newbrk < as->a_brk_start || !data_limit_ok(as, newbrk))
		error = -ENOMEM;
	else if (end > old)
		error = grow_brk(as, old, end, s);
	else if (end < old)
		error = shrink_brk(as, end, old, &dead);
	if (!error)
		as->a_brk = newbrk;
	lock = as->a_newflags;
	rw_write_unlock(&as->a_lock);
	if (!error && end > old && lock == SEG_LOCKED)
		(void)!as_populate(as, old, end - old);
	/* A used seg may have been joined to its neighbour already. */
	if (error || end <= old)
		list_push_back(&dead, &s->s_link);
	seg_free_list(&dead);
	return error;
}
