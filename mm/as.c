/* SPDX-License-Identifier: MIT */
/* Address spaces: making, copying and ending them; their list of segs. */
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as_impl.h"
#include "mm/kmalloc.h"

struct page *zero_page;
const struct vnode_mm_ops *vm_ops;
int (*shm_vnode_create)(u64 len, struct vnode **vpp);

/* From here on a struct as is plain data, the same in a copy. */
#define AS_COPY_FROM a_brk_start

static struct kmem_cache *as_cache, *seg_cache;

void as_init(void)
{
	as_cache = kmem_cache_create("as", sizeof(struct as), 0);
	seg_cache = kmem_cache_create("seg", sizeof(struct seg), 0);
	zero_page = page_alloc(PGA_ZERO);
	VERIFY(zero_page);
	seg_vnode_init();
}

void vnode_mm_register(const struct vnode_mm_ops *ops)
{
	vm_ops = ops;
}

/* --- segs --- */

struct seg *seg_create(struct as *as, u32 base, u32 size, u32 prot, u32 maxprot, u32 flags,
		       struct vnode *vp, u64 off)
{
	struct seg *s = kmem_alloc(seg_cache, KM_ZERO);

	assert_may_sleep("seg_create");
	if (!s)
		return NULL;
	s->s_as = as;
	s->s_base = base;
	s->s_size = size;
	s->s_prot = prot;
	s->s_maxprot = maxprot;
	s->s_flags = flags;
	s->s_ops = &segvn_ops;
	s->s_vp = vp;
	s->s_off = vp ? off : 0;
	list_init(&s->s_link);
	if (vp)
		vm_ops->vm_hold(vp);
	return s;
}

/* Keeps v_nwritemap equal to the writable mappings in the vnode's tree. */
void seg_vlink(struct seg *s, bool in)
{
	bool writes = (s->s_flags & SEG_SHARED) && (s->s_maxprot & PROT_WRITE);
	struct vsegs *vs;

	if (!s->s_vp)
		return;
	vs = vm_ops->vm_segs(s->s_vp);
	mutex_lock(&vs->vs_lock);
	if (in)
		tree_insert(&vs->vs_tree, &s->s_vnode);
	else
		tree_remove(&vs->vs_tree, &s->s_vnode);
	if (writes)
		vm_ops->vm_writemap(s->s_vp, in ? 1 : -1);
	mutex_unlock(&vs->vs_lock);
}

void seg_link(struct seg *s)
{
	struct as *as = s->s_as;

	ASSERT(rw_write_held(&as->a_lock) || as_is_new(as));
	as_enter_seg(as, s);
	as->a_hint = s;
	as_account(as, s, s->s_size, 1);
	seg_vlink(s, true);
}

void seg_unlink(struct seg *s)
{
	struct as *as = s->s_as;

	ASSERT(rw_write_held(&as->a_lock));
	seg_vlink(s, false);
	as_leave_seg(as, s);
	as_account(as, s, s->s_size, -1);
	if (as->a_hint == s)
		as->a_hint = NULL;
}

void seg_free_list(struct list *dead)
{
	struct seg *s, *tmp;

	assert_may_sleep("seg_free_list");
	list_for_each_safe(s, tmp, dead, s_link) {
		if (s->s_vp)
			vm_ops->vm_rele(s->s_vp);
		kmem_free(seg_cache, s);
	}
}

/* --- life --- */

struct as *as_create(void)
{
	struct as *as = kmem_alloc(as_cache, KM_ZERO);

	if (!as)
		return NULL;
	if (hat_create(&as->a_hat) != 0) {
		kmem_free(as_cache, as);
		return NULL;
	}
	as->a_ref = 1;
	rw_init(&as->a_lock, "as", LR_AS);
	list_init(&as->a_segs);
	tree_init(&as->a_tree, &as_tree_ops);
	as->a_mmap_top = MMAP_TOP;
	as->a_as_limit = as->a_data_limit = as->a_lock_limit = ~0u;
	return as;
}

void as_hold(struct as *as)
{
	u32 was = __atomic_fetch_add(&as->a_ref, 1, __ATOMIC_RELAXED);

	ASSERT(was != 0);
	(void)was;
}

void as_rele(struct as *as)
{
	struct list dead = LIST_INIT(dead);

	if (__atomic_sub_fetch(&as->a_ref, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	/*
	 * Unloads it from every CPU first: then no later step needs an
	 * invalidation.
	 */
	hat_leave(&as->a_hat);
	rw_write_lock(&as->a_lock);
	as_clear(as, 0, USER_MAX, &dead);
	rw_write_unlock(&as->a_lock);
	hat_destroy(&as->a_hat);
	seg_free_list(&dead);
	kmem_free(as_cache, as);
}

static bool dup_segs(struct as *from, struct as *to)
{
	struct seg *s, *ns;

	as_for_each_seg(s, from) {
		if (s->s_flags & SEG_DONTFORK)
			continue;
		/* Locks (mlock) are not inherited. */
		ns = seg_create(to, s->s_base, s->s_size, s->s_prot, s->s_maxprot,
				s->s_flags & ~SEG_LOCKS, s->s_vp, s->s_off);
		if (!ns)
			return false;
		/*
		 * Placed behind s in the vnode's tree, since both begin at one
		 * page: a walk that removes pages finds those copied now.
		 */
		seg_link(ns);
		if (s->s_flags & SEG_WIPEONFORK)
			continue;
		if (s->s_ops->dup(s, ns) != 0)
			return false;
	}
	return true;
}

/*
 * Copies the private pages of `from` into one seg: mappings of files need not
 * be made, nor found by their vnodes.
 */
static bool dup_pages(struct as *from, struct as *to)
{
	struct seg *all = seg_create(to, 0, USER_MAX, 0, 0, 0, NULL, 0), *s;

	if (!all)
		return false;
	seg_link(all);
	as_for_each_seg(s, from) {
		enum hat_dup_how how = s->s_vp ? HAT_DUP_OWN : HAT_DUP_ANON;

		if (!(s->s_flags & SEG_SHARED) &&
		    hat_dup(&to->a_hat, &from->a_hat, s->s_base, s->s_size, how) != 0)
			return false;
	}
	return true;
}

static struct as *dup(struct as *as, bool (*fill)(struct as *from, struct as *to), bool still)
{
	struct as *copy = as_create();
	bool ok;

	if (!copy)
		return NULL;
	/*
	 * No lwp may write-fault before hat_dup_done(): through its old TLB, an
	 * lwp on another CPU could still write a page that the fault had
	 * replaced.
	 */
	rw_write_lock(&as->a_lock);
	memcpy(&copy->AS_COPY_FROM, &as->AS_COPY_FROM, sizeof(*as) - offsetof(struct as, AS_COPY_FROM));
	as->a_hat.h_still = still;
	ok = fill(as, copy);
	as->a_hat.h_still = false;
	hat_dup_done(&as->a_hat);
	rw_write_unlock(&as->a_lock);
	if (!ok) {
		as_rele(copy);
		return NULL;
	}
	return copy;
}

struct as *as_dup(struct as *as, bool still)
{
	assert_may_sleep("as_dup");
	return dup(as, dup_segs, still);
}

struct as *as_dup_pages(struct as *as)
{
	return dup(as, dup_pages, true);
}
