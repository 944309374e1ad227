/* SPDX-License-Identifier: MIT */
/*
 * Changes to the list of segs: mapping, unmapping, protection, brk.
 *
 * Each of them first makes the ends of its range borders of segs (as_split), which may fail and changes nothing that a
 * program could see; then does its work on whole segs, which cannot fail; then joins what can be one seg again.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as_impl.h"

/* --- cutting and joining --- */

/* Gives s the size `size`, in one step for those who walk the vnode's tree. Its neighbours leave room for that. */
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
	/* In the vnode's tree before s shrinks: a walk of it finds each page in at least one of them. */
	seg_vlink(upper, true);
	resize(s, low);
	as_enter_seg(as, upper);
	return 0;
}

/* Both ends of a range, or neither. */
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

	/* Out of the as's tree first, where segs must not overlap; out of the vnode's last: no walk of it misses a page. */
	as_leave_seg(as, next);
	resize(s, s->s_size + next->s_size);
	seg_vlink(next, false);
	if (as->a_hint == next)
		as->a_hint = s;
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
	/* s still holds each vnode, so this frees none: a_lock does not matter. */
	seg_free_list(&dead);
}

/* --- mapping --- */

static int map_at(struct as *as, u32 addr, struct seg *s, bool fixed, struct list *dead)
{
	u32 end = addr + s->s_size, old;
	int error;

	old = fixed ? as_range_size(as, addr, end) : 0;
	if (s->s_size > old && !as_limit_ok(as, s->s_size - old))
		return -ENOMEM;
	error = fixed ? split_ends(as, addr, end) : 0;
	if (error)
		return error;
	/* No failure beyond this point. */
	if (fixed)
		as_clear(as, addr, end, dead);
	s->s_base = addr;
	seg_link(s);
	as_coalesce(as, addr, end - addr);
	return 0;
}

int as_map(struct as *as, u32 *addrp, u32 len, u32 prot, u32 maxprot, u32 flags, struct vnode *vp,
	   u64 off, bool fixed)
{
	struct list dead = LIST_INIT(dead);
	u32 addr = *addrp;
	struct seg *s;
	int error;

	if (!len || (len & PAGE_MASK) || len > USER_MAX || (off & PAGE_MASK) ||
	    (off + len) >> PAGE_SHIFT > 0xffffffffu || off + len < off)
		return -EINVAL;
	if (fixed && (!range_ok(addr, len) || addr < USER_MIN))
		return -EINVAL;
	s = seg_create(as, addr, len, prot, maxprot, flags, vp, off);
	if (!s)
		return -ENOMEM;
	rw_write_lock(&as->a_lock);
	if (!fixed && (!range_ok(addr, len) || addr < USER_MIN || !as_range_free(as, addr, addr + len)))
		addr = as_find_gap(as, len);
	error = addr ? map_at(as, addr, s, fixed, &dead) : -ENOMEM;
	rw_write_unlock(&as->a_lock);
	if (error)
		list_push_back(&dead, &s->s_link);
	else
		*addrp = addr;
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
	error = split_ends(as, addr, addr + len);
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

/* How far from start on, at most to end, all is mapped and may have protection prot; *error says what ends it. */
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

/* As on Linux, what lies before a hole is changed all the same. */
static int setprot_locked(struct as *as, u32 start, u32 end, u32 prot)
{
	struct seg *s;
	int error, split;
	u32 reach = setprot_reach(as, start, end, prot, &error);

	if (reach == start)
		return error;
	split = split_ends(as, start, reach);
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
		s->s_prot = prot;
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

int as_setflags(struct as *as, u32 addr, u32 len, u32 set, u32 clear)
{
	struct seg *s;
	int error;

	if (!range_ok(addr, len))
		return -EINVAL;
	rw_write_lock(&as->a_lock);
	error = as_range_mapped(as, addr, addr + len) ? split_ends(as, addr, addr + len) : -ENOMEM;
	if (!error)
		for_each_seg_in(s, as, addr, addr + len) s->s_flags = (s->s_flags | set) & ~clear;
	as_coalesce(as, addr, len);
	rw_write_unlock(&as->a_lock);
	return error;
}

int as_discard(struct as *as, u32 addr, u32 len, bool free)
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

		if (free && s->s_vp) {
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
	if (!as_limit_ok(as, to - from) || !as_range_free(as, from, to))
		return -ENOMEM;
	s->s_base = from;
	s->s_size = to - from;
	seg_link(s);
	as_coalesce(as, from, to - from);
	return 0;
}

static int shrink_brk(struct as *as, u32 from, u32 to, struct list *dead)
{
	int error = split_ends(as, from, to);

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
	u32 old, end;
	int error = 0;

	if (newbrk > MMAP_TOP)
		return -ENOMEM;
	s = seg_create(as, 0, 0, rw, rw | PROT_EXEC, SEG_BRK, NULL, 0);
	if (!s)
		return -ENOMEM;
	rw_write_lock(&as->a_lock);
	old = PAGE_UP(as->a_brk);
	end = PAGE_UP(newbrk);
	if (newbrk < as->a_brk_start || (newbrk > as->a_brk && !data_limit_ok(as, newbrk)))
		error = -ENOMEM;
	else if (end > old)
		error = grow_brk(as, old, end, s);
	else if (end < old)
		error = shrink_brk(as, end, old, &dead);
	if (!error)
		as->a_brk = newbrk;
	rw_write_unlock(&as->a_lock);
	/* A seg that was used may have become part of its neighbour already. */
	if (error || end <= old)
		list_push_back(&dead, &s->s_link);
	seg_free_list(&dead);
	return error;
}
