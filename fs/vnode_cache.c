/* SPDX-License-Identifier: MIT */
/*
 * The vnode cache: the existing vnodes, their references, and their end.
 *
 *   vnode_get() --> V_NEW --vnode_ready()--> in use (v_ref > 0) <-- vnode_get()
 *                     |                         | last vn_rele()          |
 *                     | vnode_bad()             v                         |
 *                     +-----> freed <------- V_BUSY (vop_inactive) --> inactive,
 *                               ^                                   on the LRU list
 *                               +------------ vnode_reclaim() ------------+
 *
 * A lookup that finds a V_BUSY vnode waits until it is freed or inactive: so a
 * file never has more than one vnode. The waiters sleep on its address, and do
 * not touch it when they wake up.
 */
#include "fs/namecache.h"
#include "fs/pagecache.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/sched/sleep.h"

#define NHASH 512u
#define RECLAIM_BATCH 16u

struct spinlock vfs_lock = SPINLOCK_INIT("vfs", LR_VFS);

static struct kmem_cache *vnode_cache;
static struct list vnode_hash[NHASH]; /* v_hash */
/* inactive vnodes, the oldest first */
static struct list vnode_lru = LIST_INIT(vnode_lru);
static u32 vnode_total, vnode_inactive, vnode_limit;

static const struct vnodeops no_ops; /* of a vnode that its fs has not filled */

static u32 reclaim_some(u32 want)
{
	return vnode_reclaim(NULL, want);
}

static struct reclaimer vnode_reclaimer = { .rc_name = "vnodes", .rc_fn = reclaim_some };

void vnode_cache_init(void)
{
	for (u32 i = 0; i < NHASH; i++)
		list_init(&vnode_hash[i]);
	vnode_cache = kmem_cache_create("vnode", sizeof(struct vnode), 0);
	/*
	 * About half a KiB each, all included: at most a sixteenth of memory.
	 */
	vnode_limit = MIN(MAX(npages / 8, 256u), 8192u);
	reclaimer_register(&vnode_reclaimer);
}

static struct list *bucket(const struct vfs *vfs, ino_t ino)
{
	u32 h = (u32)ino ^ (u32)((u64)ino >> 32) ^ (u32)((uintptr_t)vfs >> 4);

	return &vnode_hash[(h * 2654435761u) >> 23];
}
_Static_assert(NHASH == 1u << (32 - 23), "bucket() takes the top nine bits");

static struct vnode *vnode_new(struct vfs *vfs, ino_t ino)
{
	struct vnode *vp = kmem_alloc(vnode_cache, KM_ZERO);

	if (!vp)
		return NULL;
	vp->v_ref = 1;
	vp->v_vfs = vfs;
	vp->v_ino = ino;
	vp->v_op = &no_ops;
	mutex_init(&vp->v_lock, "vnode", LR_VNODE);
	list_init(&vp->v_hash);
	list_init(&vp->v_lru);
	list_init(&vp->v_names);
	list_init(&vp->v_namedby);
	spin_init(&vp->v_pclock, "pagecache", LR_PCACHE);
	radix_init(&vp->v_pages);
	list_init(&vp->v_dirtylink);
	vsegs_init(&vp->v_segs);
	return vp;
}

/* vfs_lock held. */
static void account_new(struct vnode *vp)
{
	ASSERT(spin_held(&vfs_lock));
	vnode_total++;
	if (vp->v_vfs)
		vp->v_vfs->vfs_nvnodes++;
}

/* Frees vp, which no lookup finds any more, and which has no pages. */
static void vnode_free(struct vnode *vp)
{
	ASSERT(vp->v_ref == 0 && list_empty(&vp->v_hash) && list_empty(&vp->v_dirtylink));
	/*
	 * The lwp that removed its last page may still have to release the
	 * lock.
	 */
	spin_lock(&vp->v_pclock);
	VERIFY(vp->v_npages == 0 && list_empty(&vp->v_names) && list_empty(&vp->v_namedby));
	spin_unlock(&vp->v_pclock);
	if (vp->v_op->vop_reclaim)
		vp->v_op->vop_reclaim(vp);
	kfree(vp->v_path);
	spin_lock(&vfs_lock);
	vnode_total--;
	if (vp->v_vfs)
		vp->v_vfs->vfs_nvnodes--;
	wakeup(vp);
	spin_unlock(&vfs_lock);
	kmem_free(vnode_cache, vp);
}

struct vnode *vnode_anon(struct vfs *vfs, enum vtype type, const struct vnodeops *op)
{
	struct vnode *vp = vnode_new(vfs, 0);

	if (!vp)
		return NULL;
	vp->v_type = type;
	vp->v_op = op;
	spin_lock(&vfs_lock);
	account_new(vp);
	spin_unlock(&vfs_lock);
	return vp;
}

bool vnode_ref_locked(struct vnode *vp)
{
	ASSERT(spin_held(&vfs_lock));
	if (vp->v_flags & V_BUSY)
		return false;
	if (__atomic_fetch_add(&vp->v_ref, 1, __ATOMIC_ACQ_REL) == 0) {
		list_remove(&vp->v_lru);
		vnode_inactive--;
	}
	return true;
}

static struct vnode *vcache_find(struct vfs *vfs, ino_t ino)
{
	struct list *head = bucket(vfs, ino);
	struct vnode *vp;

	list_for_each(vp, head, v_hash) {
		if (vp->v_ino == ino && vp->v_vfs == vfs)
			return vp;
	}
	return NULL;
}

/*
 * Waits until a vnode found in the hash can be used. False: it was freed; look
 * again. vfs_lock held.
 */
static bool vcache_wait_for(struct vnode *vp)
{
	ASSERT(spin_held(&vfs_lock));
	if (!vnode_ref_locked(vp)) {
		sleep(vp, &vfs_lock, 0, 0);
		return false;
	}
	while (vp->v_flags & V_NEW)
		sleep(vp, &vfs_lock, 0, 0);
	return true;
}

int vnode_get(struct vfs *vfs, ino_t ino, struct vnode **vpp, bool *isnew)
{
	struct vnode *vp, *fresh = NULL;

	assert_may_sleep("vnode_get");
	for (;;) {
		spin_lock(&vfs_lock);
		while ((vp = vcache_find(vfs, ino)) && !vcache_wait_for(vp))
			;
		if (!vp && fresh) {
			vp = fresh;
			fresh = NULL;
			vp->v_flags = V_NEW;
			list_push_front(bucket(vfs, ino), &vp->v_hash);
			account_new(vp);
			*isnew = true;
			spin_unlock(&vfs_lock);
			break;
		}
		spin_unlock(&vfs_lock);
		if (!vp) {
			fresh = vnode_new(vfs, ino);
			if (!fresh)
				return -ENOMEM;
			continue;
		}
		if (!list_empty(&vp->v_hash)) {
			*isnew = false;
			break;
		}
		vn_rele(vp); /* turned out bad during the wait */
	}
	if (fresh)
		kmem_free(vnode_cache, fresh);
	*vpp = vp;
	return 0;
}

void vnode_ready(struct vnode *vp)
{
	spin_lock(&vfs_lock);
	ASSERT(vp->v_flags & V_NEW);
	vp->v_flags &= ~V_NEW;
	wakeup(vp);
	spin_unlock(&vfs_lock);
}

void vnode_bad(struct vnode *vp)
{
	spin_lock(&vfs_lock);
	ASSERT(vp->v_flags & V_NEW);
	vp->v_flags = (vp->v_flags & ~V_NEW) | V_NOCACHE;
	list_remove(&vp->v_hash);
	wakeup(vp);
	spin_unlock(&vfs_lock);
	vn_rele(vp);
}

void vnode_setflags(struct vnode *vp, u32 set, u32 clear)
{
	spin_lock(&vfs_lock);
	vp->v_flags = (vp->v_flags & ~clear) | set;
	spin_unlock(&vfs_lock);
}

void vn_hold(struct vnode *vp)
{
	u32 old = __atomic_fetch_add(&vp->v_ref, 1, __ATOMIC_RELAXED);

	ASSERT(old > 0);
	(void)old;
}

bool vn_tryhold(struct vnode *vp)
{
	u32 ref = __atomic_load_n(&vp->v_ref, __ATOMIC_RELAXED);

	while (ref > 0) {
		if (__atomic_compare_exchange_n(&vp->v_ref, &ref, ref + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* Drops a reference that is not the last one; false: it may be. */
static bool rele_fast(struct vnode *vp)
{
	u32 ref = __atomic_load_n(&vp->v_ref, __ATOMIC_RELAXED);

	while (ref > 1) {
		if (__atomic_compare_exchange_n(&vp->v_ref, &ref, ref - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	}
	ASSERT(ref == 1);
	return false;
}

/*
 * The V_BUSY vnode has no users; its contents are on disk too, or not needed.
 */
static void forget(struct vnode *vp)
{
	spin_lock(&vfs_lock);
	/* V_BUSY: no name of it is entered or found */
	list_remove(&vp->v_hash);
	spin_unlock(&vfs_lock);
	namecache_purge(vp);
	if (vp->v_ndirty > 0 && !(vp->v_flags & (V_UNLINKED | V_MEMORY)))
		pc_flush(vp, 0, PC_END, true);
	pc_truncate(vp, 0);
	vnode_free(vp);
}

void vn_rele(struct vnode *vp)
{
	bool gone, full;

	if (rele_fast(vp))
		return;
	spin_lock(&vfs_lock);
	if (__atomic_sub_fetch(&vp->v_ref, 1, __ATOMIC_ACQ_REL) > 0) {
		spin_unlock(&vfs_lock);
		return;
	}
	vp->v_flags |= V_BUSY;
	spin_unlock(&vfs_lock);

	gone = vp->v_op->vop_inactive && vp->v_op->vop_inactive(vp);
	if (gone || list_empty(&vp->v_hash) || (vp->v_flags & V_NOCACHE)) {
		forget(vp);
		return;
	}
	spin_lock(&vfs_lock);
	vp->v_flags &= ~V_BUSY;
	list_push_back(&vnode_lru, &vp->v_lru);
	vnode_inactive++;
	full = vnode_inactive > vnode_limit;
	wakeup(vp);
	spin_unlock(&vfs_lock);
	if (full)
		vnode_reclaim(NULL, RECLAIM_BATCH);
}

/*
 * The oldest inactive vnode that needs no writing, made V_BUSY. Looks at no
 * more than *scan. vfs_lock held.
 */
static struct vnode *pick_victim(struct vfs *vfs, u32 *scan)
{
	struct vnode *vp, *tmp;

	ASSERT(spin_held(&vfs_lock));
	list_for_each_safe(vp, tmp, &vnode_lru, v_lru) {
		if (*scan == 0)
			return NULL;
		(*scan)--;
		if (vfs && vp->v_vfs != vfs)
			continue;
		if (vp->v_ndirty > 0) {
			list_remove(&vp->v_lru);
			list_push_back(&vnode_lru, &vp->v_lru);
			continue;
		}
		list_remove(&vp->v_lru);
		vnode_inactive--;
		vp->v_flags |= V_BUSY;
		return vp;
	}
	return NULL;
}

u32 vnode_reclaim(struct vfs *vfs, u32 want)
{
	u32 done = 0, scan;

	spin_lock(&vfs_lock);
	scan = vnode_inactive;
	while (done < want) {
		struct vnode *vp = pick_victim(vfs, &scan);

		if (!vp)
			break;
		spin_unlock(&vfs_lock);
		if (pc_drop_clean(vp)) {
			spin_lock(&vfs_lock);
			list_remove(&vp->v_hash);
			spin_unlock(&vfs_lock);
			namecache_purge(vp);
			vnode_free(vp);
			done++;
			spin_lock(&vfs_lock);
			continue;
		}
		/* A page of it is being read or written: later. */
		spin_lock(&vfs_lock);
		vp->v_flags &= ~V_BUSY;
		list_push_back(&vnode_lru, &vp->v_lru);
		vnode_inactive++;
		wakeup(vp);
	}
	spin_unlock(&vfs_lock);
	return done;
}

void vnode_counts(struct vnode_counts *vc)
{
	struct pc_counts pc;

	pc_get_counts(&pc);
	spin_lock(&vfs_lock);
	*vc = (struct vnode_counts){
		.vc_total = vnode_total,
		.vc_active = vnode_total - vnode_inactive,
		.vc_inactive = vnode_inactive,
		.vc_pages = pc.pc_pages,
		.vc_dirty = pc.pc_ndirty,
	};
	spin_unlock(&vfs_lock);
}
