/* SPDX-License-Identifier: MIT */
/*
 * From a file to its mappings: the walks of truncate, reclaim and write-back.
 *
 * The vnode's segs are walked with vs_lock held, a leaf of the sleeping locks.
 * The CPUs to shoot down are collected, and shot down at the end, for all of
 * their user translations.
 */
#include "mm/as_impl.h"
#include "proc/sched/mutex.h"

/* --- the vnode's tree of segs: by first page, with each subtree's last page --- */

static struct seg *vseg_of(const struct tree_node *n)
{
	return tree_entry(n, struct seg, s_vnode);
}

static u32 first_page(const struct seg *s)
{
	return seg_index(s, s->s_base);
}

static u32 last_page(const struct seg *s)
{
	return seg_index(s, seg_end(s) - 1);
}

static bool begins_earlier(const struct tree_node *a, const struct tree_node *b)
{
	return first_page(vseg_of(a)) < first_page(vseg_of(b));
}

/* Does a seg in n's subtree end at page `from` or behind it? */
static bool reaches(const struct tree_node *n, u32 from)
{
	return n && vseg_of(n)->s_vlast >= from;
}

static void update_last(struct tree_node *n)
{
	struct seg *s = vseg_of(n);

	s->s_vlast = last_page(s);
	if (n->t_left)
		s->s_vlast = MAX(s->s_vlast, vseg_of(n->t_left)->s_vlast);
	if (n->t_right)
		s->s_vlast = MAX(s->s_vlast, vseg_of(n->t_right)->s_vlast);
}

void vsegs_init(struct vsegs *vs)
{
	static const struct tree_ops ops = { begins_earlier, update_last };

	mutex_init(&vs->vs_lock, "vnode-segs", LR_VSEG);
	tree_init(&vs->vs_tree, &ops);
}

/* The first seg in n's subtree that maps a page in [from, to]. NULL: none. */
static struct seg *first_hit(const struct tree_node *n, u32 from, u32 to)
{
	while (reaches(n, from)) {
		struct seg *s = vseg_of(n);

		if (reaches(n->t_left, from)) {
			n = n->t_left;
			continue;
		}
		/* All later segs begin behind it. */
		if (first_page(s) > to)
			return NULL;
		if (last_page(s) >= from)
			return s;
		n = n->t_right;
	}
	return NULL;
}

/* The next hit behind s. */
static struct seg *next_hit(const struct seg *s, u32 from, u32 to)
{
	const struct tree_node *n = &s->s_vnode;

	for (;;) {
		if (reaches(n->t_right, from))
			return first_hit(n->t_right, from, to);
		while (n->t_up && n->t_up->t_right == n)
			n = n->t_up;
		n = n->t_up;
		if (!n || first_page(vseg_of(n)) > to)
			return NULL;
		if (last_page(vseg_of(n)) >= from)
			return vseg_of(n);
	}
}

/* The segs of vs that map a page in [from, to]. */
#define for_each_hit(s, vs, from, to)                                          \
	for ((s) = first_hit((vs)->vs_tree.t_root, (from), (to)); (s) != NULL; \
	     (s) = next_hit((s), (from), (to)))

/* --- walks --- */

void seg_vnode_unmap(struct vnode *vp, u32 from_index)
{
	struct vsegs *vs = vm_ops->vm_segs(vp);
	struct seg *s;
	u32 cpus = 0;

	assert_may_sleep("seg_vnode_unmap");
	mutex_lock(&vs->vs_lock);
	for_each_hit(s, vs, from_index, ~0u)
	{
		u32 first = first_page(s), skip = from_index > first ? from_index - first : 0;

		skip <<= PAGE_SHIFT;
		cpus |= hat_drop_file(&s->s_as->a_hat, s->s_base + skip, s->s_size - skip, vp);
	}
	mutex_unlock(&vs->vs_lock);
	hat_shoot(cpus);
}

u32 seg_vnode_age(struct vnode *vp)
{
	struct vsegs *vs = vm_ops->vm_segs(vp);
	u32 cpus = 0, dropped = 0;
	struct seg *s;

	assert_may_sleep("seg_vnode_age");
	mutex_lock(&vs->vs_lock);
	for_each_hit(s, vs, 0, ~0u)
	{
		if (!(s->s_flags & SEG_LOCKED))
			cpus |= hat_age_file(&s->s_as->a_hat, s->s_base, s->s_size, vp, &dropped);
	}
	mutex_unlock(&vs->vs_lock);
	hat_shoot(cpus);
	return dropped;
}

static void harvested(struct page *pg, u32 va, void *arg)
{
	vm_ops->vm_dirty(pg);
}

/*
 * Between the harvest of a page and the shoot-down, another CPU may still write
 * it through its TLB unseen. Write-back must not start in between. So harvests
 * run one at a time, and each ends with its shoot-down.
 */
static struct mutex harvest_lock;

void seg_vnode_init(void)
{
	mutex_init(&harvest_lock, "harvest", LR_MISC_MUTEX);
}

/* The part of s that maps pages [from, to]. */
static u32 harvest_seg(const struct seg *s, u32 from, u32 to)
{
	u32 first = MAX(from, first_page(s)), last = MIN(to, last_page(s));
	u32 va = s->s_base + ((first - first_page(s)) << PAGE_SHIFT);

	return hat_harvest_dirty(&s->s_as->a_hat, va, (last - first + 1) << PAGE_SHIFT, true, harvested, NULL);
}

void seg_vnode_harvest(struct vnode *vp, u32 from, u32 to)
{
	struct vsegs *vs = vm_ops->vm_segs(vp);
	struct seg *s;
	u32 cpus = 0;

	assert_may_sleep("seg_vnode_harvest");
	if (vsegs_none(vs))
		return;
	mutex_lock(&harvest_lock);
	mutex_lock(&vs->vs_lock);
	for_each_hit(s, vs, from, to)
	{
		if (!seg_private(s) && (s->s_maxprot & 2u))
			cpus |= harvest_seg(s, from, to);
	}
	mutex_unlock(&vs->vs_lock);
	hat_shoot(cpus);
	mutex_unlock(&harvest_lock);
}
