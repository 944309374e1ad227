/* SPDX-License-Identifier: MIT */
/*
 * From a file to its mappings: what truncate, reclaim and write-back ask for.
 *
 * The vnode's list is walked with v_seglock, a spinlock, held, so the CPUs to be shot down are collected and shot
 * down at the end, for all of their user translations.
 */
#include "mm/as_impl.h"
#include "proc/mutex.h"

void seg_vnode_unmap(struct vnode *vp, u32 from_index)
{
	struct spinlock *lock;
	struct list *segs = vm_ops->vm_segs(vp, &lock);
	struct seg *s;
	u32 cpus = 0;

	spin_lock(lock);
	list_for_each(s, segs, s_vlink) {
		u32 first = seg_index(s, s->s_base), skip;

		skip = from_index > first ? from_index - first : 0;
		if (skip >= s->s_size >> PAGE_SHIFT)
			continue;
		skip <<= PAGE_SHIFT;
		cpus |= hat_drop_file(&s->s_as->a_hat, s->s_base + skip, s->s_size - skip, vp);
	}
	spin_unlock(lock);
	hat_shoot(cpus);
}

u32 seg_vnode_age(struct vnode *vp)
{
	u32 cpus = 0, dropped = 0;
	struct spinlock *lock;
	struct list *segs = vm_ops->vm_segs(vp, &lock);
	struct seg *s;

	spin_lock(lock);
	list_for_each(s, segs, s_vlink)
		cpus |= hat_age_file(&s->s_as->a_hat, s->s_base, s->s_size, vp, &dropped);
	spin_unlock(lock);
	hat_shoot(cpus);
	return dropped;
}

static void harvested(struct page *pg, u32 va, void *arg)
{
	vm_ops->vm_dirty(pg);
}

/*
 * Between the harvest of a page and the shoot-down another CPU may still write it through its TLB, and nothing would tell.
 * Whoever writes the page back must not overtake that: hence one harvest at a time, and each ends with its shoot-down.
 */
static struct mutex harvest_lock;

void seg_vnode_init(void)
{
	mutex_init(&harvest_lock, "harvest", LR_MISC_MUTEX);
}

void seg_vnode_harvest(struct vnode *vp)
{
	struct spinlock *lock;
	struct list *segs = vm_ops->vm_segs(vp, &lock);
	struct seg *s;
	u32 cpus = 0;

	if (list_empty(segs))
		return;
	mutex_lock(&harvest_lock);
	spin_lock(lock);
	list_for_each(s, segs, s_vlink)
		if (!seg_private(s) && (s->s_maxprot & 2u))
			cpus |= hat_harvest_dirty(&s->s_as->a_hat, s->s_base, s->s_size, true, harvested, NULL);
	spin_unlock(lock);
	hat_shoot(cpus);
	mutex_unlock(&harvest_lock);
}
