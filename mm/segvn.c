/* SPDX-License-Identifier: MIT */
/*
 * segvn: the one driver of segs, for anonymous memory and files.
 *
 * What a fault finds, and what it enters (P: private, S: shared, "cache": the
 * page of the page cache, "copy": a new frame):
 *
 *           PTE empty                       PTE read-only
 *   P anon  read: zero_page  write: zeros   write: the frame itself if no
 *                                           other owner has it, else a copy
 *   P file  read: cache      write: copy    the same
 *   S       read: cache      write: cache, after vm_mkwrite
 *
 * Before any of that, a write makes the page table the hat's own (hat_own).
 *
 * a_lock is held for reading, so faults of several lwps on one page race with
 * each other (hat_enter_if settles that: the loser looks again), and with
 * truncate. A translation to a page of a file is entered first, and the page
 * checked afterwards. Truncate changes the size first, and removes translations
 * afterwards. So either the fault sees the new size, or truncate sees the
 * translation.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as_impl.h"

/*
 * pages: an aligned group of a file; a read fault maps those of it that are
 * cached
 */
#define AROUND 16u

static struct hat *seg_hat(const struct seg *s)
{
	return &s->s_as->a_hat;
}

/* --- private memory --- */

/*
 * Enters a new frame at va, writable, that begins as a copy of `from` (NULL or
 * zero_page: zeros).
 * Errors: -EAGAIN (va's PTE is no longer `pte`)
 */
static int enter_copy(struct seg *s, u32 va, u32 pte, struct page *from)
{
	bool zeros = !from || from == zero_page;
	struct page *pg = page_alloc(zeros ? PGA_ZERO : 0);
	int error;

	if (!pg)
		return -ENOMEM;
	if (!zeros)
		page_copy(page_kva(pg), page_kva(from));
	seg_text(s, pg);
	error = hat_enter_if(seg_hat(s), va, pte, pg, HAT_WRITE | HAT_DIRTY);
	if (error)
		page_put(pg);
	return error;
}

/* Handles a write to a private page that is mapped read-only. */
static int copy_on_write(struct seg *s, u32 va, u32 pte)
{
	struct page *old;
	u32 now;
	int error;

	if (hat_grant_write(seg_hat(s), va, pte))
		return 0;
	old = hat_getpage(seg_hat(s), va, &now);
	if (!old)
		return -EAGAIN;
	/*
	 * If the other owner let go of the page, a fault of another lwp may
	 * have made it writable: a copy would lose what that lwp writes. Our
	 * reference keeps later faults from doing so.
	 */
	error = now & PTE_W ? -EAGAIN : enter_copy(s, va, now, old);
	page_put(old);
	if (!error)
		__atomic_add_fetch(&s->s_as->a_ncow, 1, __ATOMIC_RELAXED);
	return error;
}

static int fault_anon(struct seg *s, u32 va, enum fault_access acc)
{
	int error;

	if (acc == FAULT_WRITE)
		return enter_copy(s, va, 0, NULL);
	page_get(zero_page);
	error = hat_enter_if(seg_hat(s), va, 0, zero_page, 0);
	if (error)
		page_put(zero_page);
	return error;
}

/* --- pages of files --- */

/* Is pg, entered a moment ago, still the page of s's file for va? */
static bool still_current(const struct seg *s, u32 va, const struct page *pg)
{
	/* Truncate must see the translation before this reads the size. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vm_ops->vm_current(s->s_vp, seg_index(s, va), pg);
}

/*
 * Enters pg, the page of s's file for va. The caller keeps its reference.
 * Errors: -EAGAIN (va's PTE is no longer `pte`, or pg left the file)
 */
static int enter_file(struct seg *s, u32 va, u32 pte, struct page *pg, u32 flags)
{
	int error;

	page_get(pg);
	seg_text(s, pg);
	error = hat_enter_if(seg_hat(s), va, pte, pg, flags);
	if (error) {
		page_put(pg);
		return error;
	}
	if (still_current(s, va, pg))
		return 0;
	hat_drop_if(seg_hat(s), va, pg);
	return -EAGAIN;
}

/* Maps the cached pages around va: each saves a fault. */
static void fault_around(struct seg *s, u32 va)
{
	u32 group = AROUND * PAGE_SIZE, start = MAX(va & ~(group - 1), s->s_base);
	u32 n = (MIN((va | (group - 1)) + 1, seg_end(s)) - start) >> PAGE_SHIFT, i, entered;
	struct page *pg[AROUND];

	vm_ops->vm_lookup(s->s_vp, seg_index(s, start), n, pg);
	for (i = 0; i < n; i++) {
		if (pg[i])
			seg_text(s, pg[i]);
	}
	entered = hat_enter_around(seg_hat(s), start, pg, n);
	for (i = 0; i < n; i++) {
		u32 at = start + (i << PAGE_SHIFT);

		if (!pg[i])
			continue;
		if (!(entered & (1u << i)))
			page_put(pg[i]);
		else if (!still_current(s, at, pg[i]))
			hat_drop_if(seg_hat(s), at, pg[i]);
	}
}

static int fault_file_read(struct seg *s, u32 va)
{
	struct page *pg;
	int error = vm_ops->vm_getpage(s->s_vp, seg_index(s, va), &pg);

	if (error)
		return error;
	error = enter_file(s, va, 0, pg, 0);
	page_put(pg);
	if (!error)
		fault_around(s, va);
	return error;
}

static int fault_private_write(struct seg *s, u32 va)
{
	struct page *pg;
	int error = vm_ops->vm_getpage(s->s_vp, seg_index(s, va), &pg);

	if (error)
		return error;
	error = enter_copy(s, va, 0, pg);
	page_put(pg);
	return error;
}

/* pte: 0, or the read-only translation found. */
static int fault_shared_write(struct seg *s, u32 va, u32 pte)
{
	struct page *pg;
	int error = vm_ops->vm_getpage(s->s_vp, seg_index(s, va), &pg);

	if (error)
		return error;
	error = vm_ops->vm_mkwrite(s->s_vp, pg);
	if (!error)
		error = enter_file(s, va, pte, pg, HAT_WRITE | HAT_DIRTY);
	/*
	 * A write-back between these two leaves the page clean and the
	 * translation dirty: so again.
	 */
	if (!error)
		vm_ops->vm_dirty(pg);
	page_put(pg);
	return error;
}

/* --- operations --- */

static int fault_once(struct seg *s, u32 va, enum fault_access acc)
{
	u32 pte;

	if (acc == FAULT_WRITE && hat_shared(seg_hat(s), va) && hat_own(seg_hat(s), va, PAGE_SIZE) != 0)
		return -ENOMEM;
	pte = hat_probe(seg_hat(s), va);
	if (pte & PTE_P) {
		if (acc != FAULT_WRITE || (pte & PTE_W))
			return 0; /* another lwp was first */
		return seg_private(s) ? copy_on_write(s, va, pte) : fault_shared_write(s, va, pte);
	}
	ASSERT(pte == 0);
	if (!s->s_vp)
		return fault_anon(s, va, acc);
	if (acc != FAULT_WRITE)
		return fault_file_read(s, va);
	return seg_private(s) ? fault_private_write(s, va) : fault_shared_write(s, va, 0);
}

static int segvn_fault(struct seg *s, u32 va, enum fault_access acc)
{
	int error;

	ASSERT(rw_any_held(&s->s_as->a_lock) && va >= s->s_base && va < seg_end(s));
	do
		error = fault_once(s, va, acc);
	while (error == -EAGAIN);
	return error;
}

static int segvn_dup(struct seg *s, struct seg *nseg)
{
	enum hat_dup_how private = s->s_vp ? HAT_DUP_COPY : HAT_DUP_ANON;

	return hat_dup(seg_hat(nseg), seg_hat(s), s->s_base, s->s_size, seg_private(s) ? private : HAT_DUP_SHARED);
}

static void segvn_unmap(struct seg *s, u32 va, u32 len)
{
	hat_unmap(seg_hat(s), va, len, seg_private(s) ? NULL : vm_ops->vm_dirty);
}

static void segvn_setprot(struct seg *s, u32 va, u32 len, u32 prot)
{
	u32 flags = prot_allows(prot, FAULT_WRITE) ? HAT_WRITE : 0;

	hat_protect(seg_hat(s), va, len, prot_allows(prot, FAULT_READ) ? flags : HAT_NONE);
	for (u32 at = va; (prot & PROT_EXEC) && at < va + len; at += PAGE_SIZE) {
		/*
		 * With a reference: a page of a file may be removed at any
		 * time.
		 */
		struct page *pg = hat_probe(seg_hat(s), at) ? hat_getpage(seg_hat(s), at, NULL) : NULL;

		if (pg) {
			seg_text(s, pg);
			page_put(pg);
		}
	}
}

const struct seg_ops segvn_ops = {
	.fault = segvn_fault,
	.dup = segvn_dup,
	.unmap = segvn_unmap,
	.setprot = segvn_setprot,
};
