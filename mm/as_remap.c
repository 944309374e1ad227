/* SPDX-License-Identifier: MIT */
/*
 * mremap(2): a mapping grows, shrinks, or moves with its pages; no byte is
 * copied.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as_impl.h"

struct remap {
	struct as *as;
	u32 old, oldlen, newlen;
	u32 flags, fixed;
	struct list dead;
};

/*
 * Makes the old range exactly one seg.
 * Errors: -EFAULT (not all in one seg), -ENOMEM
 */
static int cut_out(struct remap *rm, u32 len, struct seg **sp)
{
	struct seg *s = as_findseg(rm->as, rm->old);
	int error;

	if (!s || seg_end(s) - rm->old < len)
		return -EFAULT;
	error = as_split(rm->as, rm->old);
	if (!error)
		error = as_split(rm->as, rm->old + len);
	*sp = as_findseg(rm->as, rm->old);
	return error;
}

/* Moves the pages of len bytes from s to ns, which is in the lists already. */
static void move_pages(struct seg *s, struct seg *ns, u32 len)
{
	struct vsegs *vs = s->s_vp ? vm_ops->vm_segs(s->s_vp) : NULL;
	u32 cpus;

	/*
	 * With the vnode's lock held: so a walk of its segs finds each page in
	 * s or in ns.
	 */
	if (vs)
		mutex_lock(&vs->vs_lock);
	cpus = hat_move(&s->s_as->a_hat, s->s_base, ns->s_base, len);
	if (vs)
		mutex_unlock(&vs->vs_lock);
	hat_shoot(cpus);
}

/*
 * Moves the mapping, with its new length, to address `to`, which is free or
 * will be cleared here. a_lock for writing.
 */
static int move_to(struct remap *rm, u32 to, struct seg **sp)
{
	u32 keep = MIN(rm->oldlen, rm->newlen);
	bool leave = rm->flags & MREMAP_DONTUNMAP;
	struct as *as = rm->as;
	struct seg *s, *ns;
	int error;

	error = cut_out(rm, rm->oldlen, &s);
	if (!error)
		error = hat_own(&as->a_hat, rm->old, keep);
	if (!error && (rm->flags & MREMAP_FIXED)) {
		error = as_split(as, to);
		if (!error)
			error = as_split(as, to + rm->newlen);
	}
	if (error)
		return error;
	ns = seg_create(as, to, rm->newlen, s->s_prot, s->s_maxprot,
			s->s_flags & ~(SEG_BRK | SEG_STACK), s->s_vp, s->s_off);
	if (!ns)
		return -ENOMEM;
	/*
	 * Not earlier, because this frees page tables. So a failure here has
	 * lost the old mappings at `to`, as in mmap.
	 */
	if (rm->flags & MREMAP_FIXED)
		as_clear(as, to, to + rm->newlen, &rm->dead);
	error = hat_reserve(&as->a_hat, to, rm->newlen);
	if (error) {
		list_push_back(&rm->dead, &ns->s_link);
		return error;
	}
	/* No failure beyond this point. */
	seg_link(ns);
	move_pages(s, ns, keep);
	if (!leave)
		as_clear(as, rm->old, rm->old + rm->oldlen, &rm->dead);
	else if (s->s_flags & SEG_LOCKED)
		(void)!as_change_flags(as, rm->old, rm->old + rm->oldlen, 0, SEG_LOCKS);
	*sp = ns;
	return 0;
}

/*
 * May the mapping of s at rm->old get that length, under limits and file
 * offsets?
 * Errors: -EFAULT, -EINVAL, -EAGAIN, -ENOMEM, in Linux's order
 */
static int may_resize(const struct remap *rm, const struct seg *s)
{
	u32 more = rm->flags & MREMAP_DONTUNMAP ? rm->newlen : rm->newlen - rm->oldlen;

	if (!rm->oldlen && seg_private(s))
		return -EINVAL;
	if (seg_end(s) - rm->old < rm->oldlen)
		return -EFAULT;
	if (rm->newlen == rm->oldlen && !(rm->flags & MREMAP_DONTUNMAP))
		return 0;
	if (s->s_vp && (s->s_off + (rm->old - s->s_base) + rm->newlen) >> PAGE_SHIFT > 0xffffffffu)
		return -EINVAL;
	if ((s->s_flags & SEG_LOCKED) && !as_lock_ok(rm->as, rm->newlen - rm->oldlen))
		return -EAGAIN;
	if (seg_is_data(s->s_prot, s->s_flags) && as_too_much(rm->newlen - rm->oldlen))
		return -ENOMEM;
	return as_limit_ok(rm->as, more, s->s_prot, s->s_flags) ? 0 : -ENOMEM;
}

/* Grows the mapping at its address, if there is room. */
static int grow_in_place(struct remap *rm, struct seg *s)
{
	struct as *as = rm->as;
	u32 end = rm->old + rm->oldlen, grow = rm->newlen - rm->oldlen;
	struct seg *ns;

	if (seg_end(s) != end || USER_MAX - end < grow || !as_range_free(as, end, end + grow))
		return -ENOMEM;
	ns = seg_create(as, end, grow, s->s_prot, s->s_maxprot, s->s_flags, s->s_vp, s->s_off + s->s_size);
	if (!ns)
		return -ENOMEM;
	seg_link(ns);
	return 0;
}

/* mremap with old length 0, of shared memory: maps it a second time. */
static int map_again(struct remap *rm, const struct seg *s, u32 to)
{
	struct as *as = rm->as;
	struct seg *ns;
	int error = 0;

	if (rm->flags & MREMAP_FIXED) {
		error = as_split(as, to);
		if (!error)
			error = as_split(as, to + rm->newlen);
		if (error)
			return error;
		s = as_findseg(as, rm->old);
	}
	ns = seg_create(as, to, rm->newlen, s->s_prot, s->s_maxprot, s->s_flags, s->s_vp,
			s->s_off + (rm->old - s->s_base));
	if (!ns)
		return -ENOMEM;
	if (rm->flags & MREMAP_FIXED)
		as_clear(as, to, to + rm->newlen, &rm->dead);
	seg_link(ns);
	return 0;
}

static int shrink_in_place(struct remap *rm)
{
	u32 from = rm->old + rm->newlen, to = rm->old + rm->oldlen;
	int error;

	if (to > USER_MAX || to < from)
		return -EINVAL;
	error = as_split(rm->as, from);

	if (!error)
		error = as_split(rm->as, to);
	if (!error)
		as_clear(rm->as, from, to, &rm->dead);
	return error;
}

/* Checks the address of MREMAP_FIXED or MREMAP_DONTUNMAP. */
static int check_fixed(const struct remap *rm)
{
	u32 to = rm->fixed;

	if (!(rm->flags & MREMAP_FIXED))
		return 0;
	if ((to & PAGE_MASK) || rm->newlen > USER_MAX || to > USER_MAX - rm->newlen)
		return -EINVAL;
	if (to < rm->old + rm->oldlen && rm->old < to + rm->newlen)
		return -EINVAL;
	return to < USER_MIN ? -EPERM : 0;
}

/* Moves the mapping to the fixed address, or to free room. */
static int as_remap_move(struct remap *rm, u32 *out)
{
	u32 to = rm->flags & MREMAP_FIXED ? rm->fixed : as_find_gap(rm->as, rm->newlen);
	struct seg *s = as_findseg(rm->as, rm->old);

	/* Linux keeps as many segs in reserve for the splits of a move. */
	if (rm->as->a_nseg >= SEG_MAX - 3 || !to)
		return -ENOMEM;
	*out = to;
	return rm->oldlen ? move_to(rm, to, &s) : map_again(rm, s, to);
}

/* MREMAP_FIXED, MREMAP_DONTUNMAP. */
static int remap_to(struct remap *rm, u32 *out)
{
	int error = 0;

	if (rm->as->a_nseg + 2 >= SEG_MAX - 3)
		return -ENOMEM;
	if (rm->newlen < rm->oldlen) {
		error = shrink_in_place(rm);
		rm->oldlen = rm->newlen;
	}
	if (!error)
		error = may_resize(rm, as_findseg(rm->as, rm->old));
	return error ? error : as_remap_move(rm, out);
}

static int remap_locked(struct remap *rm, u32 *out)
{
	struct seg *s = as_findseg(rm->as, rm->old);
	int error;

	if (!s)
		return -EFAULT;
	error = check_fixed(rm);
	if (error)
		return error;
	if (rm->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(rm, out);
	*out = rm->old;
	/* The part cut off may span several segs, as in munmap. */
	if (rm->newlen <= rm->oldlen)
		return rm->newlen < rm->oldlen ? shrink_in_place(rm) : 0;
	error = may_resize(rm, s);
	if (error)
		return error;
	error = grow_in_place(rm, s);
	return error && (rm->flags & MREMAP_MAYMOVE) ? as_remap_move(rm, out) : error;
}

static int check_args(const struct remap *rm)
{
	const u32 all = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

	if ((rm->flags & ~all) ||
	    ((rm->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(rm->flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	/* Linux compares the lengths in bytes; programs see no difference. */
	if ((rm->flags & MREMAP_DONTUNMAP) && rm->oldlen != rm->newlen)
		return -EINVAL;
	return (rm->old & PAGE_MASK) || !rm->newlen ? -EINVAL : 0;
}

int as_remap(struct as *as, u32 old, u32 oldlen, u32 newlen, u32 flags, u32 fixed, u32 *out)
{
	struct remap rm = { as,	   old,	  PAGE_UP(oldlen),   PAGE_UP(newlen),
			    flags, fixed, LIST_INIT(rm.dead) };
	int error = check_args(&rm);
	struct seg *s;
	bool bring_in;

	if (error)
		return error;
	rw_write_lock(&as->a_lock);
	error = remap_locked(&rm, out);
	as_coalesce(as, old, rm.oldlen);
	if (!error || (flags & MREMAP_FIXED))
		as_coalesce(as, error ? fixed : *out, rm.newlen);
	s = error ? NULL : as_findseg(as, *out);
	bring_in = s && (s->s_flags & SEG_LOCKS) == SEG_LOCKED && rm.newlen > rm.oldlen;
	rw_write_unlock(&as->a_lock);
	seg_free_list(&rm.dead);
	if (bring_in)
		(void)!as_populate(as, *out + rm.oldlen, rm.newlen - rm.oldlen);
	return error;
}
